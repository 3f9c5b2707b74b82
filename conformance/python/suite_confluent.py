"""confluent-kafka (librdkafka from its wheel) against one broker.

python suite_confluent.py HOST:PORT PREFIX. Topics begin with PREFIX. The lines printed are described in checks.py.
"""

import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from checks import COMPRESSIONS, PARTITIONS, RECORDS, START_MS, check, eventually, expect, expect_all
from checks import headers_of, key_of, timestamp_of, value_of

BOOTSTRAP, PREFIX = sys.argv[1], sys.argv[2]
ADMIN = AdminClient({"bootstrap.servers": BOOTSTRAP, "log_level": 0})


def main():
    check("describes the cluster", describes_cluster)
    check("creates a topic with configs and describes it", creates_topic)
    check("is refused a topic that exists", refuses_existing_topic)
    for compression in COMPRESSIONS:
        check(f"produces and consumes {compression}", lambda compression=compression: produces_and_consumes(compression))
    check("finds offsets by timestamp", finds_offsets_by_timestamp)
    check("keeps order and count with an idempotent producer", idempotent)
    check("produces without asking for an answer", without_answer)
    check("changes configs one by one", changes_configs)
    check("adds partitions and never removes any", adds_partitions)
    check("deletes records before an offset", deletes_records)
    check("is told when an offset is out of range", out_of_range)
    check("is refused a record above max.message.bytes", too_large)
    check("creates a topic by producing to it", auto_creates)
    check("deletes a topic", deletes_topic)
    for protocol in ("classic", "consumer"):
        name = f"shares partitions in a group and goes on where it committed, {protocol}"
        check(name, lambda protocol=protocol: shares_partitions(protocol))
    check("commits records and offsets together, or neither", transacts)


def only(futures):
    """The result of an admin call on one thing."""
    return next(iter(futures.values())).result(timeout=20)


def expect_refusal(futures, code):
    try:
        only(futures)
    except KafkaException as error:
        expect(error.args[0].name(), code, "the error")
        return
    raise AssertionError(f"accepted, expected {code}")


def create(name, partitions=1, config=None):
    topic = PREFIX + name
    only(ADMIN.create_topics([NewTopic(topic, partitions, 1, config=config or {})]))
    return topic


def producer(**config):
    names = {name.replace("_", "."): value for name, value in config.items()}
    return Producer({"bootstrap.servers": BOOTSTRAP, "linger.ms": 5, "log_level": 0, "message.timeout.ms": 20000, **names})


def send(sender, topic, records):
    """Sends (partition, key, value, timestamp, headers) and returns the offsets answered, by the order of the sends."""
    answers = {}
    for number, (partition, key, value, timestamp, headers) in enumerate(records):
        def keep(error, message, number=number):
            answers[number] = error or message.offset()

        sender.produce(topic, value, key, partition, on_delivery=keep, timestamp=timestamp, headers=headers)
        if number % 1000 == 0:
            sender.poll(0)
    expect(sender.flush(20), 0, "the records not answered")
    refused = [answer for answer in answers.values() if isinstance(answer, KafkaError)]
    expect(refused, [], "the records refused")
    return [answers[number] for number in sorted(answers)]


def simple(values):
    return [(0, None, value, 0, None) for value in values]


def consumer(**config):
    names = {name.replace("_", "."): value for name, value in config.items()}
    base = {"bootstrap.servers": BOOTSTRAP, "group.id": "unused", "enable.auto.commit": False, "log_level": 0}
    return Consumer({**base, "auto.offset.reset": "error", "fetch.wait.max.ms": 50, "check.crcs": True, **names})


def read_all(topic, partitions, wanted):
    reader = consumer()
    reader.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in range(partitions)])
    seen = []
    deadline = time.monotonic() + 20
    while len(seen) < wanted and time.monotonic() < deadline:
        for message in reader.consume(1000, 0.2):
            if message.error():
                raise KafkaException(message.error())
            seen.append(message)
    seen += reader.consume(10, 0.1)  # Nothing more may come.
    reader.close()
    return seen


def describes_cluster():
    cluster = ADMIN.describe_cluster().result(timeout=20)
    expect(len(cluster.nodes), 1, "the number of brokers")
    expect(f"{cluster.nodes[0].host}:{cluster.nodes[0].port}", BOOTSTRAP, "the advertised address")
    expect(len(cluster.cluster_id), 22, "the cluster id's length")


def creates_topic():
    topic = create("created", 4, {"retention.ms": "7200000"})
    description = only(ADMIN.describe_topics(TopicCollection([topic])))
    expect(len(description.partitions), 4, "the partitions described")
    expect(all(len(partition.isr) == 1 for partition in description.partitions), True, "every partition having a leader")
    expect(config_of(topic)["retention.ms"].value, "7200000", "the config described")
    expect(topic in ADMIN.list_topics(timeout=20).topics, True, "the topic being listed")


def refuses_existing_topic():
    expect_refusal(ADMIN.create_topics([NewTopic(PREFIX + "created", 1, 1)]), "TOPIC_ALREADY_EXISTS")


def produces_and_consumes(compression):
    topic = create(f"compression-{compression}", PARTITIONS)
    records = [(i % PARTITIONS, key_of(i), value_of(i), timestamp_of(i), headers_of(i)) for i in range(RECORDS)]
    send(producer(compression_type=compression), topic, records)
    seen = read_all(topic, PARTITIONS, RECORDS)
    expect_all([(m.partition(), m.offset(), m.timestamp()[1], m.key(), m.value(), m.headers()) for m in seen], RECORDS)


def finds_offsets_by_timestamp():
    topic = create("timestamps")
    sender = producer()
    for batch in range(5):
        send(sender, topic, [(0, None, b"at", START_MS + i * 100, None) for i in range(batch * 10, batch * 10 + 10)])
    reader = consumer()
    for timestamp, offset in ((START_MS, 0), (START_MS + 1950, 20), (START_MS + 999_999, -1)):
        found = reader.offsets_for_times([TopicPartition(topic, 0, timestamp)], timeout=20)[0].offset
        expect(found, offset, f"the offset at {timestamp - START_MS} ms")
    expect(reader.get_watermark_offsets(TopicPartition(topic, 0), timeout=20), (0, 50), "beginning and end")
    reader.close()
    partition = TopicPartition(topic, 0)
    expect(only(ADMIN.list_offsets({partition: OffsetSpec.max_timestamp()})).offset, 49, "the record of the highest timestamp")
    expect(only(ADMIN.list_offsets({partition: OffsetSpec.latest()})).offset, 50, "the latest offset")


def idempotent():
    topic = create("idempotent")
    values = [str(number).encode() for number in range(3000)]
    sender = producer(enable_idempotence=True, batch_num_messages=50, linger_ms=0)
    expect(send(sender, topic, simple(values)), list(range(3000)), "the offsets answered")
    expect([message.value() for message in read_all(topic, 1, 3000)], values, "the sequence of values")


def without_answer():
    topic = create("without-answer")
    sender = producer(acks=0)
    for number in range(100):
        sender.produce(topic, str(number), partition=0)
    expect(sender.flush(20), 0, "the records not sent")
    expect(len(read_all(topic, 1, 100)), 100, "the records read")


def config_of(topic):
    return only(ADMIN.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]))


def change(topic, name, value, operation):
    entry = ConfigEntry(name, value, incremental_operation=operation)
    return ADMIN.incremental_alter_configs([ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])])


def changes_configs():
    topic = create("configs")
    only(change(topic, "retention.ms", "1234567", AlterConfigOpType.SET))
    eventually(lambda: config_of(topic)["retention.ms"].value, "1234567", "the value set")
    source = ConfigSource(config_of(topic)["retention.ms"].source)
    expect(source, ConfigSource.DYNAMIC_TOPIC_CONFIG, "the source of the value set")
    only(change(topic, "retention.ms", None, AlterConfigOpType.DELETE))
    eventually(lambda: config_of(topic)["retention.ms"].value, "604800000", "the value after its deletion")
    expect_refusal(change(topic, "retention.ms", "soon", AlterConfigOpType.SET), "INVALID_CONFIG")


def partition_count(topic):
    return len(only(ADMIN.describe_topics(TopicCollection([topic]))).partitions)


def adds_partitions():
    topic = create("partitions", 2)
    only(ADMIN.create_partitions([NewPartitions(topic, 5)]))
    eventually(lambda: partition_count(topic), 5, "the partitions after the change")
    expect_refusal(ADMIN.create_partitions([NewPartitions(topic, 3)]), "INVALID_PARTITIONS")
    expect(send(producer(), topic, [(4, None, b"new", 0, None)]), [0], "the first offset of an added partition")


def topic_with_ten(name):
    topic = create(name)
    send(producer(), topic, simple(str(number).encode() for number in range(10)))
    return topic


def deletes_records():
    topic = topic_with_ten("records-deleted")
    deleted = only(ADMIN.delete_records([TopicPartition(topic, 0, 4)]))
    expect(deleted.low_watermark, 4, "the low watermark")
    left = read_all(topic, 1, 6)
    expect((len(left), left[0].offset()), (6, 4), "the number and the first offset of the records left")
    expect_refusal(ADMIN.delete_records([TopicPartition(topic, 0, 11)]), "OFFSET_OUT_OF_RANGE")


def out_of_range():
    topic = topic_with_ten("out-of-range")
    reader = consumer()
    reader.assign([TopicPartition(topic, 0, 99)])
    message = reader.poll(20)
    reader.close()
    # auto.offset.reset=error: librdkafka wraps the broker's OFFSET_OUT_OF_RANGE in an error of its own.
    expect(message is not None and message.error().name(), "_AUTO_OFFSET_RESET", "the error for offset 99 of 10")


def too_large():
    topic = create("too-large", 1, {"max.message.bytes": "2000"})
    try:
        send(producer(), topic, simple([b"x" * 5000]))
    except AssertionError as error:
        expect("MSG_SIZE_TOO_LARGE" in str(error), True, f"MSG_SIZE_TOO_LARGE being in {error}")
    else:
        raise AssertionError("a record of 5,000 bytes was accepted")
    expect(send(producer(), topic, simple([b"small"])), [0], "the offset of the record after the refused one")


def auto_creates():
    topic = PREFIX + "auto-created"
    expect(send(producer(), topic, [(-1, None, b"first", 0, None)]), [0], "the offset in a topic that did not exist")
    expect(topic in ADMIN.list_topics(timeout=20).topics, True, "the topic being listed")


def deletes_topic():
    topic = topic_with_ten("deleted")
    only(ADMIN.delete_topics([topic]))
    eventually(lambda: topic in ADMIN.list_topics(timeout=20).topics, False, "the topic being listed")
    expect_refusal(ADMIN.delete_topics([topic]), "UNKNOWN_TOPIC_OR_PART")
    topic_with_ten("deleted")
    expect(len(read_all(topic, 1, 10)), 10, "the records of a topic created anew under the same name")


def member(group, topic, protocol):
    classic = {"session_timeout_ms": 1500, "heartbeat_interval_ms": 100}
    joined = consumer(group_id=group, group_protocol=protocol, auto_offset_reset="earliest", **(classic if protocol == "classic" else {}))
    joined.subscribe([topic])
    return joined


def poll_until(members, seen, done):
    """Polls the members in turn, commits what each got, and puts the values into the list."""
    deadline = time.monotonic() + 20
    while not done():
        if time.monotonic() > deadline:
            raise AssertionError(f"{len(seen)} records came, owned: {[len(one.assignment()) for one in members]}")
        for one in members:
            messages = one.consume(100, 0.05)
            seen += [message.value() for message in messages]
            if messages:
                one.commit(asynchronous=False)


def shares_partitions(protocol):
    topic, group, seen = create(f"shared-{protocol}", 4), f"{PREFIX}shared-{protocol}", []
    one, two = member(group, topic, protocol), member(group, topic, protocol)
    owned = lambda *members: [len(each.assignment()) for each in members]
    poll_until([one, two], seen, lambda: owned(one, two) == [2, 2])
    send(producer(), topic, [(number % 4, None, b"%d" % number, 0, None) for number in range(40)])
    poll_until([one, two], seen, lambda: len(seen) == 40)
    two.close()
    poll_until([one], seen, lambda: owned(one) == [4])
    send(producer(), topic, [(number % 4, None, b"%d" % number, 0, None) for number in range(40, 80)])
    poll_until([one], seen, lambda: len(seen) == 80)
    one.close()
    expect(sorted(map(int, seen)), list(range(80)), "what both got")
    expect(committed(group, topic, 4), [20] * 4, "what is committed")


def committed(group, topic, partitions):
    reader = consumer(group_id=group)
    found = reader.committed([TopicPartition(topic, partition) for partition in range(partitions)], 20)
    reader.close()
    return [partition.offset for partition in found]


def transacts():
    source, target, group = topic_with_ten("source"), create("target"), f"{PREFIX}transacts"
    reader = member(group, source, "consumer")
    seen = []
    while len(seen) < 10:
        seen += reader.consume(10, 0.2)
    sender = producer(transactional_id=f"{PREFIX}transacts")
    sender.init_transactions(20)
    for offset, finish in ((3, sender.abort_transaction), (5, sender.commit_transaction)):
        sender.begin_transaction()
        for message in seen[:offset]:
            sender.produce(target, message.value(), partition=0)
        sender.send_offsets_to_transaction([TopicPartition(source, 0, offset)], reader.consumer_group_metadata(), 20)
        finish(20)
    reader.close()
    values = [message.value() for message in read_all(target, 1, 5)]
    expect(values, [message.value() for message in seen[:5]], "what is committed")
    expect(committed(group, source, 1), [5], "the offset committed")


main()
