"""kafka-python (no librdkafka in it) against one broker.

python suite_kafka_python.py HOST:PORT PREFIX. Topics begin with PREFIX. The lines printed are described in checks.py.
"""

import logging
import sys
import time

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewPartitions, NewTopic
from kafka.structs import OffsetAndMetadata
from kafka.errors import (
    InvalidPartitionsError,
    KafkaError,
    MessageSizeTooLargeError,
    OffsetOutOfRangeError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
)

from checks import COMPRESSIONS, PARTITIONS, RECORDS, START_MS, check, eventually, expect, expect_all
from checks import headers_of, key_of, timestamp_of, value_of

BOOTSTRAP, PREFIX = sys.argv[1], sys.argv[2]
logging.disable(logging.CRITICAL)
ADMIN = KafkaAdminClient(bootstrap_servers=BOOTSTRAP)


def main():
    check("describes the cluster", describes_cluster)
    check("creates a topic with configs and describes it", creates_topic)
    check("is refused a topic that exists", refuses_existing_topic)
    for compression in COMPRESSIONS:
        check(f"produces and consumes {compression}", lambda compression=compression: produces_and_consumes(compression))
    check("finds offsets by timestamp", finds_offsets_by_timestamp)
    check("keeps order and count with an idempotent producer", idempotent)
    check("changes configs one by one", changes_configs)
    check("adds partitions and never removes any", adds_partitions)
    check("deletes records before an offset", deletes_records)
    check("is told when an offset is out of range", out_of_range)
    check("is refused a record above max.message.bytes", too_large)
    check("deletes a topic", deletes_topic)
    check("shares partitions in a group and goes on where it committed", shares_partitions)
    check("commits records and offsets together, or neither", transacts)
    ADMIN.close()


def expect_refusal(action, kind):
    try:
        action()
    except kind:
        return
    raise AssertionError(f"accepted, expected {kind.__name__}")


def create(name, partitions=1, config=None):
    topic = PREFIX + name
    ADMIN.create_topics([NewTopic(topic, partitions, 1, topic_configs=config or {})])
    return topic


def send(topic, records, **config):
    """Sends (partition, key, value, timestamp, headers) and returns the offsets answered, by the order of the sends."""
    sender = KafkaProducer(bootstrap_servers=BOOTSTRAP, linger_ms=5, **config)
    futures = [sender.send(topic, value, key, headers, partition, timestamp) for partition, key, value, timestamp, headers in records]
    offsets = [future.get(timeout=20).offset for future in futures]
    sender.close()
    return offsets


def simple(values):
    return [(0, None, value, None, None) for value in values]


def consumer(**config):
    return KafkaConsumer(bootstrap_servers=BOOTSTRAP, auto_offset_reset="none", fetch_max_wait_ms=50, **config)


def read_all(topic, partitions):
    reader = consumer()
    everywhere = [TopicPartition(topic, partition) for partition in range(partitions)]
    reader.assign(everywhere)
    reader.seek_to_beginning(*everywhere)
    ends = reader.end_offsets(everywhere)
    seen = []
    deadline = time.monotonic() + 20
    while any(reader.position(partition) < ends[partition] for partition in everywhere) and time.monotonic() < deadline:
        for records in reader.poll(timeout_ms=200).values():
            seen += records
    reader.close()
    return seen


def describes_cluster():
    cluster = ADMIN.describe_cluster()
    brokers = cluster["brokers"]
    expect(len(brokers), 1, "the number of brokers")
    expect(f"{brokers[0]['host']}:{brokers[0]['port']}", BOOTSTRAP, "the advertised address")


def creates_topic():
    topic = create("created", 4, {"retention.ms": "7200000"})
    eventually(lambda: len(partitions_of(topic)), 4, "the partitions described")
    expect(config_value(topic, "retention.ms"), "7200000", "the config described")


def partitions_of(topic):
    return ADMIN.describe_topics([topic])[0]["partitions"]


def refuses_existing_topic():
    expect_refusal(lambda: create("created"), TopicAlreadyExistsError)


def produces_and_consumes(compression):
    topic = create(f"compression-{compression}", PARTITIONS)
    records = [(i % PARTITIONS, key_of(i), value_of(i), timestamp_of(i), headers_of(i)) for i in range(RECORDS)]
    send(topic, records, compression_type=None if compression == "none" else compression)
    seen = read_all(topic, PARTITIONS)
    expect_all([(r.partition, r.offset, r.timestamp, r.key, r.value, r.headers) for r in seen], RECORDS)


def finds_offsets_by_timestamp():
    topic = create("timestamps")
    for batch in range(5):
        send(topic, [(0, None, b"at", START_MS + i * 100, None) for i in range(batch * 10, batch * 10 + 10)])
    partition = TopicPartition(topic, 0)
    reader = consumer()
    for timestamp, offset in ((START_MS, 0), (START_MS + 1950, 20), (START_MS + 999_999, None)):
        found = reader.offsets_for_times({partition: timestamp})[partition]
        expect(found.offset if found else None, offset, f"the offset at {timestamp - START_MS} ms")
    expect((reader.beginning_offsets([partition])[partition], reader.end_offsets([partition])[partition]), (0, 50), "beginning and end")
    reader.close()


def idempotent():
    topic = create("idempotent")
    values = [str(number).encode() for number in range(2000)]
    offsets = send(topic, simple(values), enable_idempotence=True, acks="all", batch_size=500)
    expect(offsets, list(range(2000)), "the offsets answered")
    expect([record.value for record in read_all(topic, 1)], values, "the sequence of values")


def config_value(topic, name):
    described = ADMIN.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")
    return described["topic"][topic][name]["value"]


def changes_configs():
    topic = create("configs")
    ADMIN.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "1234567"})])
    eventually(lambda: config_value(topic, "retention.ms"), "1234567", "the value set")
    ADMIN.reset_configs([ConfigResource(ConfigResourceType.TOPIC, topic, ["retention.ms"])])
    eventually(lambda: config_value(topic, "retention.ms"), "604800000", "the value after its deletion")


def adds_partitions():
    topic = create("partitions", 2)
    ADMIN.create_partitions({topic: NewPartitions(5)})
    eventually(lambda: len(partitions_of(topic)), 5, "the partitions after the change")
    expect_refusal(lambda: ADMIN.create_partitions({topic: NewPartitions(3)}), InvalidPartitionsError)
    expect(send(topic, [(4, None, b"new", None, None)]), [0], "the first offset of an added partition")


def topic_with_ten(name):
    topic = create(name)
    send(topic, simple(str(number).encode() for number in range(10)))
    return topic


def deletes_records():
    topic = topic_with_ten("records-deleted")
    partition = TopicPartition(topic, 0)
    ADMIN.delete_records({partition: 4})
    left = read_all(topic, 1)
    expect((len(left), left[0].offset), (6, 4), "the number and the first offset of the records left")
    expect_refusal(lambda: ADMIN.delete_records({partition: 11}), OffsetOutOfRangeError)


def out_of_range():
    partition = TopicPartition(topic_with_ten("out-of-range"), 0)
    reader = consumer()
    reader.assign([partition])
    reader.seek(partition, 99)
    expect_refusal(lambda: [reader.poll(timeout_ms=500) for _ in range(20)], OffsetOutOfRangeError)
    reader.close()


def too_large():
    topic = create("too-large", 1, {"max.message.bytes": "2000"})
    expect_refusal(lambda: send(topic, simple([b"x" * 5000])), MessageSizeTooLargeError)
    expect(send(topic, simple([b"small"])), [0], "the offset of the record after the refused one")


def deletes_topic():
    topic = topic_with_ten("deleted")
    ADMIN.delete_topics([topic])
    eventually(lambda: topic in ADMIN.list_topics(), False, "the topic being listed")
    expect_refusal(lambda: ADMIN.delete_topics([topic]), (UnknownTopicOrPartitionError, KafkaError))
    topic_with_ten("deleted")
    expect(len(read_all(topic, 1)), 10, "the records of a topic created anew under the same name")


def member(group, topic):
    timing = {"session_timeout_ms": 1500, "heartbeat_interval_ms": 100}
    joined = KafkaConsumer(bootstrap_servers=BOOTSTRAP, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False, fetch_max_wait_ms=50, **timing)
    joined.subscribe([topic])
    return joined


def poll_until(members, seen, done):
    """Polls the members in turn, commits what each got, and puts the values into the list."""
    deadline = time.monotonic() + 20
    while not done():
        if time.monotonic() > deadline:
            raise AssertionError(f"{len(seen)} records came, owned: {[len(one.assignment()) for one in members]}")
        for one in members:
            records = [record for some in one.poll(timeout_ms=50).values() for record in some]
            seen += [record.value for record in records]
            if records:
                one.commit()


def shares_partitions():
    topic, group, seen = create("shared", 4), f"{PREFIX}shared", []
    one, two = member(group, topic), member(group, topic)
    owned = lambda *members: [len(each.assignment()) for each in members]
    poll_until([one, two], seen, lambda: owned(one, two) == [2, 2])
    send(topic, [(number % 4, None, b"%d" % number, None, None) for number in range(40)])
    poll_until([one, two], seen, lambda: len(seen) == 40)
    two.close()
    poll_until([one], seen, lambda: owned(one) == [4])
    send(topic, [(number % 4, None, b"%d" % number, None, None) for number in range(40, 80)])
    poll_until([one], seen, lambda: len(seen) == 80)
    one.close()
    expect(sorted(map(int, seen)), list(range(80)), "what both got")
    expect(committed(group, topic, 4), [20] * 4, "what is committed")


def committed(group, topic, partitions):
    reader = KafkaConsumer(bootstrap_servers=BOOTSTRAP, group_id=group)
    found = [reader.committed(TopicPartition(topic, partition)) for partition in range(partitions)]
    reader.close()
    return found


def transacts():
    topic, group = create("transacted"), f"{PREFIX}transacts"
    sender = KafkaProducer(bootstrap_servers=BOOTSTRAP, transactional_id=f"{PREFIX}transacts")
    sender.init_transactions()
    for values, offset, finish in (([b"1", b"2"], 2, sender.abort_transaction), ([b"3", b"4", b"5"], 3, sender.commit_transaction)):
        sender.begin_transaction()
        for value in values:
            sender.send(topic, value, partition=0)
        sender.send_offsets_to_transaction({TopicPartition(topic, 0): OffsetAndMetadata(offset, "", -1)}, group)
        finish()
    sender.close()
    reader = consumer(isolation_level="read_committed")
    reader.assign([TopicPartition(topic, 0)])
    reader.seek_to_beginning()
    seen = []
    deadline = time.monotonic() + 20
    while len(seen) < 3 and time.monotonic() < deadline:
        for records in reader.poll(timeout_ms=200).values():
            seen += [record.value for record in records]
    reader.close()
    expect(seen, [b"3", b"4", b"5"], "what is committed")
    expect(committed(group, topic, 1), [3], "the offset committed")


main()
