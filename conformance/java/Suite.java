// Apache Kafka's Java producer, consumer and admin client against one broker, without consumer groups and transactions.
// java -cp JARS Suite.java HOST:PORT PREFIX. Topics begin with PREFIX. One line per check on standard output: "ok NAME" or "failed NAME: reason".

import java.time.Duration;
import java.util.*;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.*;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.*;

public class Suite {
  static final int PARTITIONS = 3;
  static final int RECORDS = 600;
  static final long START_MS = 1_750_000_000_000L;

  static String bootstrap;
  static String prefix;
  static Admin admin;

  interface Check {
    void run() throws Exception;
  }

  public static void main(String[] words) {
    bootstrap = words[0];
    prefix = words[1];
    admin = Admin.create(Map.of("bootstrap.servers", bootstrap, "request.timeout.ms", 15000, "default.api.timeout.ms", 20000));
    check("describes the cluster", Suite::describesCluster);
    check("creates a topic with configs and describes it", Suite::createsTopic);
    check("is refused a topic that exists", Suite::refusesExistingTopic);
    check("is refused a bad topic name, a bad config and no partitions", Suite::refusesBadTopics);
    for (String compression : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
      check("produces and consumes " + compression, () -> producesAndConsumes(compression));
    }
    check("reads what the broker recompressed", Suite::readsRecompressed);
    check("finds offsets by timestamp", Suite::findsOffsetsByTimestamp);
    check("keeps order and count with an idempotent producer", Suite::idempotent);
    check("gets append time from a topic that stamps it", Suite::appendTime);
    check("changes configs one by one", Suite::changesConfigs);
    check("adds partitions and never removes any", Suite::addsPartitions);
    check("deletes records before an offset", Suite::deletesRecords);
    check("is told when an offset is out of range", Suite::outOfRange);
    check("is refused a record above max.message.bytes", Suite::tooLarge);
    check("waits for new records at the end", Suite::waitsAtTheEnd);
    check("describes log folders and producers", Suite::describesLogFolders);
    check("creates a topic by producing to it", Suite::autoCreates);
    check("deletes a topic", Suite::deletesTopic);
    admin.close(Duration.ofSeconds(2));
  }

  static void check(String name, Check check) {
    try {
      check.run();
      System.out.println("ok " + name);
    } catch (Throwable error) {
      StackTraceElement place = Arrays.stream(error.getStackTrace()).filter(frame -> frame.getClassName().equals("Suite")).findFirst().orElse(null);
      Throwable cause = error instanceof ExecutionException ? error.getCause() : error;
      System.out.println("failed " + name + ": " + String.valueOf(cause).replace('\n', ' ') + " at line " + (place == null ? "?" : place.getLineNumber()));
    }
  }

  static void expect(Object actual, Object expected, String what) {
    if (!Objects.equals(actual, expected)) throw new AssertionError(what + " is " + actual + ", expected " + expected);
  }

  interface Reading {
    Object read() throws Exception;
  }

  /** Apache Kafka answers a change before every reader sees it; a reader may be a moment behind. */
  static void eventually(Reading reading, Object expected, String what) throws Exception {
    long deadline = System.nanoTime() + 5_000_000_000L;
    while (!Objects.equals(reading.read(), expected) && System.nanoTime() < deadline) Thread.sleep(20);
    expect(reading.read(), expected, what);
  }

  static void expectRefusal(Future<?> future, Class<? extends Throwable> kind) throws Exception {
    try {
      future.get(20, TimeUnit.SECONDS);
    } catch (ExecutionException error) {
      if (kind.isInstance(error.getCause())) return;
      throw new AssertionError("refused with " + error.getCause() + ", expected " + kind.getSimpleName());
    }
    throw new AssertionError("accepted, expected " + kind.getSimpleName());
  }

  static <T> T get(Future<T> future) throws Exception {
    return future.get(20, TimeUnit.SECONDS);
  }

  static String create(String name, int partitions, Map<String, String> configs) throws Exception {
    String topic = prefix + name;
    get(admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1).configs(configs))).all());
    return topic;
  }

  static Producer<String, String> producer(Map<String, Object> more) {
    Map<String, Object> all = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "linger.ms", 5, "delivery.timeout.ms", 20000, "request.timeout.ms", 10000));
    all.putAll(more);
    return new KafkaProducer<>(all, new StringSerializer(), new StringSerializer());
  }

  static Consumer<String, String> consumer(Map<String, Object> more) {
    Map<String, Object> all = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "auto.offset.reset", "none", "enable.auto.commit", false, "fetch.max.wait.ms", 50, "default.api.timeout.ms", 20000));
    all.putAll(more);
    return new KafkaConsumer<>(all, new StringDeserializer(), new StringDeserializer());
  }

  static ProducerRecord<String, String> record(String topic, int index) {
    String key = index % 7 == 6 ? null : "key-" + index;
    String value = index % 11 == 10 ? null : index % 13 == 12 ? "" : "value " + index + " ".repeat(index % 50) + "é";
    ProducerRecord<String, String> record = new ProducerRecord<>(topic, index % PARTITIONS, START_MS + index * 1000L, key, value);
    record.headers().add("index", Integer.toString(index).getBytes());
    if (index % 3 == 0) record.headers().add("index", "again".getBytes()).add("nothing", null);
    return record;
  }

  static void send(Producer<String, String> producer, List<ProducerRecord<String, String>> records) throws Exception {
    List<Future<RecordMetadata>> sent = records.stream().map(producer::send).toList();
    for (Future<RecordMetadata> future : sent) get(future);
  }

  static List<ProducerRecord<String, String>> records(String topic, int count) {
    return IntStream.range(0, count).mapToObj(index -> record(topic, index)).toList();
  }

  static List<ConsumerRecord<String, String>> readAll(String topic, int partitions) {
    List<TopicPartition> all = IntStream.range(0, partitions).mapToObj(index -> new TopicPartition(topic, index)).toList();
    List<ConsumerRecord<String, String>> seen = new ArrayList<>();
    try (Consumer<String, String> consumer = consumer(Map.of("check.crcs", true))) {
      consumer.assign(all);
      consumer.seekToBeginning(all);
      Map<TopicPartition, Long> ends = consumer.endOffsets(all);
      long deadline = System.nanoTime() + 20_000_000_000L;
      while (all.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
        if (System.nanoTime() > deadline) throw new AssertionError("read only " + seen.size() + " records in 20 s");
        consumer.poll(Duration.ofMillis(200)).forEach(seen::add);
      }
    }
    return seen;
  }

  static void expectAll(String topic, int count) {
    List<ConsumerRecord<String, String>> seen = readAll(topic, PARTITIONS);
    expect(seen.size(), count, "the number of records");
    long[] next = new long[PARTITIONS];
    for (ConsumerRecord<String, String> record : seen) {
      int partition = record.partition();
      int index = (int) next[partition] * PARTITIONS + partition;
      ProducerRecord<String, String> sent = record(topic, index);
      expect(record.offset(), next[partition]++, "the offset");
      expect(record.key(), sent.key(), "the key at " + record.offset());
      expect(record.value(), sent.value(), "the value at " + record.offset());
      expect(record.timestamp(), sent.timestamp(), "the timestamp at " + record.offset());
      expect(headers(record.headers()), headers(sent.headers()), "the headers at " + record.offset());
    }
  }

  static String headers(Iterable<Header> headers) {
    List<String> parts = new ArrayList<>();
    for (Header header : headers) parts.add(header.key() + "=" + (header.value() == null ? null : new String(header.value())));
    return parts.toString();
  }

  static void describesCluster() throws Exception {
    DescribeClusterResult cluster = admin.describeCluster();
    String expected = bootstrap.replace("127.0.0.1", get(cluster.nodes()).iterator().next().host());
    expect(get(cluster.nodes()).size(), 1, "the number of brokers");
    expect(get(cluster.nodes()).iterator().next().host() + ":" + get(cluster.nodes()).iterator().next().port(), expected, "the advertised address");
    expect(get(cluster.controller()) != null, true, "there being a controller");
    expect(get(cluster.clusterId()).length(), 22, "the cluster id's length");
  }

  static void createsTopic() throws Exception {
    NewTopic wanted = new NewTopic(prefix + "created", 4, (short) 1).configs(Map.of("retention.ms", "7200000"));
    CreateTopicsResult result = admin.createTopics(List.of(wanted));
    expect(get(result.numPartitions(wanted.name())), 4, "the partitions answered");
    expect(get(result.config(wanted.name())).get("retention.ms").value(), "7200000", "the config answered");
    TopicDescription description = get(admin.describeTopics(List.of(wanted.name())).allTopicNames()).get(wanted.name());
    expect(description.partitions().size(), 4, "the partitions described");
    expect(description.topicId(), get(result.topicId(wanted.name())), "the topic id");
    expect(description.partitions().stream().allMatch(partition -> partition.leader() != null && partition.isr().size() == 1), true, "every partition having a leader");
    eventually(() -> get(admin.listTopics().names()).contains(wanted.name()), true, "the topic being listed");
    expect(get(admin.describeTopics(TopicCollection.ofTopicIds(List.of(description.topicId()))).allTopicIds()).size(), 1, "the topic found by id");
  }

  static void refusesExistingTopic() throws Exception {
    expectRefusal(admin.createTopics(List.of(new NewTopic(prefix + "created", 1, (short) 1))).all(), TopicExistsException.class);
  }

  static void refusesBadTopics() throws Exception {
    expectRefusal(admin.createTopics(List.of(new NewTopic("no/slashes", 1, (short) 1))).all(), InvalidTopicException.class);
    expectRefusal(admin.createTopics(List.of(new NewTopic(prefix + "none", 0, (short) 1))).all(), InvalidPartitionsException.class);
    expectRefusal(admin.createTopics(List.of(new NewTopic(prefix + "two", 1, (short) 2))).all(), InvalidReplicationFactorException.class);
    expectRefusal(admin.createTopics(List.of(new NewTopic(prefix + "bad", 1, (short) 1).configs(Map.of("retention.ms", "soon")))).all(), InvalidConfigurationException.class);
    expectRefusal(admin.createTopics(List.of(new NewTopic(prefix + "bad", 1, (short) 1).configs(Map.of("no.such.config", "1")))).all(), InvalidConfigurationException.class);
  }

  static void producesAndConsumes(String compression) throws Exception {
    String topic = create("compression-" + compression, PARTITIONS, Map.of());
    try (Producer<String, String> producer = producer(Map.of("compression.type", compression))) {
      send(producer, records(topic, RECORDS));
    }
    expectAll(topic, RECORDS);
  }

  static void readsRecompressed() throws Exception {
    String topic = create("recompressed", PARTITIONS, Map.of("compression.type", "zstd"));
    try (Producer<String, String> producer = producer(Map.of("compression.type", "gzip"))) {
      send(producer, records(topic, RECORDS));
    }
    expectAll(topic, RECORDS);
  }

  static void findsOffsetsByTimestamp() throws Exception {
    String topic = create("timestamps", 1, Map.of());
    TopicPartition partition = new TopicPartition(topic, 0);
    try (Producer<String, String> producer = producer(Map.of())) {
      for (int batch = 0; batch < 5; batch++) {
        List<ProducerRecord<String, String>> records = new ArrayList<>();
        for (int index = batch * 10; index < batch * 10 + 10; index++) records.add(new ProducerRecord<>(topic, 0, START_MS + index * 100L, null, "at " + index));
        send(producer, records);
      }
      send(producer, List.of(new ProducerRecord<>(topic, 0, START_MS + 1, null, "late")));
    }
    try (Consumer<String, String> consumer = consumer(Map.of())) {
      expect(consumer.offsetsForTimes(Map.of(partition, START_MS)).get(partition).offset(), 0L, "the offset of the first timestamp");
      OffsetAndTimestamp between = consumer.offsetsForTimes(Map.of(partition, START_MS + 1950)).get(partition);
      expect(between.offset() + " at " + between.timestamp(), "20 at " + (START_MS + 2000), "the offset between two timestamps");
      expect(consumer.offsetsForTimes(Map.of(partition, START_MS + 999_999)).get(partition), null, "the offset past the last timestamp");
      expect(consumer.beginningOffsets(List.of(partition)).get(partition) + " " + consumer.endOffsets(List.of(partition)).get(partition), "0 51", "beginning and end");
    }
    ListOffsetsResult.ListOffsetsResultInfo latest = get(admin.listOffsets(Map.of(partition, OffsetSpec.maxTimestamp())).all()).get(partition);
    expect(latest.offset() + " at " + latest.timestamp(), "49 at " + (START_MS + 4900), "the record of the highest timestamp");
  }

  static void idempotent() throws Exception {
    String topic = create("idempotent", 1, Map.of());
    Map<String, Object> small = Map.of("enable.idempotence", true, "batch.size", 500, "linger.ms", 0, "max.in.flight.requests.per.connection", 5);
    try (Producer<String, String> producer = producer(small)) {
      send(producer, IntStream.range(0, 2000).mapToObj(index -> new ProducerRecord<String, String>(topic, 0, null, Integer.toString(index))).toList());
    }
    List<String> values = readAll(topic, 1).stream().map(ConsumerRecord::value).toList();
    expect(values, IntStream.range(0, 2000).mapToObj(Integer::toString).toList(), "the sequence of values");
  }

  static void appendTime() throws Exception {
    String topic = create("append-time", 1, Map.of("message.timestamp.type", "LogAppendTime"));
    long before = System.currentTimeMillis();
    try (Producer<String, String> producer = producer(Map.of())) {
      RecordMetadata answer = get(producer.send(new ProducerRecord<>(topic, 0, START_MS, null, "stamped")));
      ConsumerRecord<String, String> record = readAll(topic, 1).get(0);
      expect(record.timestampType().toString(), "LogAppendTime", "the timestamp's type");
      expect(record.timestamp(), answer.timestamp(), "the record's timestamp against the answer's");
      expect(record.timestamp() >= before - 1000, true, "the timestamp being of now");
    }
  }

  static void changesConfigs() throws Exception {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, create("configs", 1, Map.of()));
    expect(config(resource, "retention.ms").source(), ConfigEntry.ConfigSource.DEFAULT_CONFIG, "the source of a default");
    change(resource, "retention.ms", "1234567", AlterConfigOp.OpType.SET);
    eventually(() -> config(resource, "retention.ms").value(), "1234567", "the value set");
    expect(config(resource, "retention.ms").source(), ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG, "the source of the value set");
    change(resource, "retention.ms", "", AlterConfigOp.OpType.DELETE);
    eventually(() -> config(resource, "retention.ms").value(), "604800000", "the value after its deletion");
    AlterConfigOp bad = new AlterConfigOp(new ConfigEntry("retention.ms", "soon"), AlterConfigOp.OpType.SET);
    expectRefusal(admin.incrementalAlterConfigs(Map.of(resource, List.of(bad))).all(), InvalidConfigurationException.class);
    Config broker = get(admin.describeConfigs(List.of(new ConfigResource(ConfigResource.Type.BROKER, brokerId()))).all()).values().iterator().next();
    expect(broker.get("log.retention.hours").value(), "168", "a config of the broker");
  }

  static String brokerId() throws Exception {
    return get(admin.describeCluster().nodes()).iterator().next().idString();
  }

  static void change(ConfigResource resource, String name, String value, AlterConfigOp.OpType operation) throws Exception {
    get(admin.incrementalAlterConfigs(Map.of(resource, List.of(new AlterConfigOp(new ConfigEntry(name, value), operation)))).all());
  }

  static ConfigEntry config(ConfigResource resource, String name) throws Exception {
    return get(admin.describeConfigs(List.of(resource)).all()).get(resource).get(name);
  }

  static void addsPartitions() throws Exception {
    String topic = create("partitions", 2, Map.of());
    get(admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(5))).all());
    eventually(() -> get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic).partitions().size(), 5, "the partitions after the change");
    expectRefusal(admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all(), InvalidPartitionsException.class);
    try (Producer<String, String> producer = producer(Map.of())) {
      expect(get(producer.send(new ProducerRecord<>(topic, 4, null, "new"))).offset(), 0L, "the first offset of an added partition");
    }
  }

  static String topicWithTen(String name) throws Exception {
    String topic = create(name, 1, Map.of());
    try (Producer<String, String> producer = producer(Map.of())) {
      send(producer, IntStream.range(0, 10).mapToObj(index -> new ProducerRecord<String, String>(topic, 0, null, "record " + index)).toList());
    }
    return topic;
  }

  static void deletesRecords() throws Exception {
    String topic = topicWithTen("records-deleted");
    TopicPartition partition = new TopicPartition(topic, 0);
    expect(get(admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(4))).lowWatermarks().get(partition)).lowWatermark(), 4L, "the low watermark");
    List<ConsumerRecord<String, String>> left = readAll(topic, 1);
    expect(left.size() + " from " + left.get(0).offset(), "6 from 4", "the records left");
    expectRefusal(admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(11))).all(), org.apache.kafka.common.errors.OffsetOutOfRangeException.class);
  }

  static void outOfRange() throws Exception {
    TopicPartition partition = new TopicPartition(topicWithTen("out-of-range"), 0);
    try (Consumer<String, String> consumer = consumer(Map.of())) {
      consumer.assign(List.of(partition));
      consumer.seek(partition, 99);
      try {
        for (int round = 0; round < 20; round++) consumer.poll(Duration.ofMillis(500));
      } catch (org.apache.kafka.clients.consumer.OffsetOutOfRangeException expected) {
        return;
      }
    }
    throw new AssertionError("nothing told that offset 99 of 10 is out of range");
  }

  static void tooLarge() throws Exception {
    String topic = create("too-large", 1, Map.of("max.message.bytes", "2000"));
    try (Producer<String, String> producer = producer(Map.of())) {
      expectRefusal(producer.send(new ProducerRecord<>(topic, 0, null, "x".repeat(5000))), RecordTooLargeException.class);
      expect(get(producer.send(new ProducerRecord<>(topic, 0, null, "small"))).offset(), 0L, "the offset of the record after the refused one");
    }
  }

  static void waitsAtTheEnd() throws Exception {
    TopicPartition partition = new TopicPartition(create("tail", 1, Map.of()), 0);
    try (Consumer<String, String> consumer = consumer(Map.of("fetch.max.wait.ms", 3000)); Producer<String, String> producer = producer(Map.of("linger.ms", 0))) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      expect(consumer.poll(Duration.ofMillis(300)).count(), 0, "the records before any is sent");
      long start = System.nanoTime();
      producer.send(new ProducerRecord<>(partition.topic(), 0, null, "fresh"));
      int seen = 0;
      while (seen == 0 && System.nanoTime() - start < 6_000_000_000L) seen = consumer.poll(Duration.ofSeconds(1)).count();
      expect(seen, 1, "the records that came");
      expect(System.nanoTime() - start < 1_500_000_000L, true, "the record coming well before fetch.max.wait.ms");
    }
  }

  static void describesLogFolders() throws Exception {
    String topic = prefix + "idempotent";
    TopicPartition partition = new TopicPartition(topic, 0);
    int broker = Integer.parseInt(brokerId());
    Map<TopicPartition, ReplicaInfo> replicas = get(admin.describeLogDirs(List.of(broker)).allDescriptions()).get(broker).values().iterator().next().replicaInfos();
    expect(replicas.get(partition).size() > 2000, true, "the size of a partition being more than its values");
    List<ProducerState> producers = get(admin.describeProducers(List.of(partition)).partitionResult(partition)).activeProducers();
    expect(producers.stream().map(ProducerState::lastSequence).collect(Collectors.toList()), List.of(1999), "the last sequences of active producers");
  }

  static void autoCreates() throws Exception {
    String topic = prefix + "auto-created";
    try (Producer<String, String> producer = producer(Map.of())) {
      expect(get(producer.send(new ProducerRecord<>(topic, "first"))).offset(), 0L, "the offset in a topic that did not exist");
    }
    eventually(() -> get(admin.listTopics().names()).contains(topic), true, "the topic being listed");
  }

  static void deletesTopic() throws Exception {
    String topic = topicWithTen("deleted");
    get(admin.deleteTopics(List.of(topic)).all());
    eventually(() -> get(admin.listTopics().names()).contains(topic), false, "the topic being listed");
    expectRefusal(admin.describeTopics(List.of(topic)).allTopicNames(), UnknownTopicOrPartitionException.class);
    expectRefusal(admin.deleteTopics(List.of(topic)).all(), UnknownTopicOrPartitionException.class);
    topicWithTen("deleted");
    expect(readAll(topic, 1).size(), 10, "the records of a topic created anew under the same name");
  }
}
