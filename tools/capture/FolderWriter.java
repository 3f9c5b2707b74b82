// Fills a running Apache Kafka with topics of every kind that a log folder can show, and prints what a consumer reads back as JSON:
// {"topic-partition": {"start": n, "end": n, "stable": n, "records": [{offset, timestamp, key, value, headers}]}}.
// Run as one source file: java -cp JARS FolderWriter.java HOST:PORT (clean | killed). "killed" leaves a transaction open at the end.

import java.time.Duration;
import java.util.*;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.acl.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.quota.*;
import org.apache.kafka.common.serialization.*;

public class FolderWriter {
  /** Fixed, so that two recordings differ as little as possible. */
  static final long START_MS = 1_750_000_000_000L;

  static String bootstrap;
  static volatile Exception failed;

  public static void main(String[] words) throws Exception {
    bootstrap = words[0];
    boolean leaveOpen = words[1].equals("killed");
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      createTopics(admin);
      plainRecords();
      compressedRecords();
      manySegments();
      transactions();
      commitOffsets();
      otherMetadata(admin);
      admin.deleteRecords(Map.of(new TopicPartition("shortened", 0), RecordsToDelete.beforeOffset(5))).all().get(30, TimeUnit.SECONDS);
      admin.deleteTopics(List.of("deleted")).all().get(30, TimeUnit.SECONDS);
      if (leaveOpen) openTransaction();
      System.out.println(everything(admin));
    }
    System.out.flush();
    Runtime.getRuntime().halt(0); // The open transaction stays open: its producer is not closed.
  }

  static void createTopics(Admin admin) throws Exception {
    List<NewTopic> topics = List.of(
      topic("plain", 3, Map.of()),
      topic("compressed", 1, Map.of()),
      topic("recompressed", 1, Map.of("compression.type", "zstd")),
      topic("many-segments", 1, Map.of("segment.ms", "1000", "index.interval.bytes", "64")),
      topic("idempotent", 1, Map.of()),
      topic("transactions", 1, Map.of("index.interval.bytes", "64")),
      topic("append-time", 1, Map.of("message.timestamp.type", "LogAppendTime")),
      topic("shortened", 1, Map.of("retention.ms", "-1")),
      topic("compacted", 1, Map.of("cleanup.policy", "compact", "min.insync.replicas", "1")),
      topic("with.dots_and-dashes", 1, Map.of()),
      topic("empty", 2, Map.of()),
      topic("deleted", 1, Map.of()));
    admin.createTopics(topics).all().get(30, TimeUnit.SECONDS);
    admin.createPartitions(Map.of("empty", NewPartitions.increaseTo(3))).all().get(30, TimeUnit.SECONDS);
  }

  static NewTopic topic(String name, int partitions, Map<String, String> configs) {
    return new NewTopic(name, partitions, (short) 1).configs(configs);
  }

  static Producer<String, String> producer(Map<String, Object> more) {
    Map<String, Object> all = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "linger.ms", 5));
    all.putAll(more);
    return new KafkaProducer<>(all, new StringSerializer(), new StringSerializer());
  }

  static void send(Producer<String, String> producer, String topic, int partition, int from, int count, long stepMs) {
    for (int index = from; index < from + count; index++) {
      String value = index % 7 == 6 ? null : "value " + index + " of " + topic;
      ProducerRecord<String, String> record = new ProducerRecord<>(topic, partition, START_MS + index * stepMs, index % 5 == 4 && !topic.equals("compacted") ? null : "key-" + index % 3, value);
      if (index % 2 == 0) record.headers().add("index", Integer.toString(index).getBytes()).add("nothing", null);
      producer.send(record, (metadata, error) -> failed = error == null ? failed : error);
    }
    producer.flush();
    if (failed != null) throw new IllegalStateException(failed);
  }

  static void plainRecords() {
    try (Producer<String, String> producer = producer(Map.of("enable.idempotence", false))) {
      for (int partition = 0; partition < 3; partition++) send(producer, "plain", partition, 0, 10 + partition, 10);
      send(producer, "append-time", 0, 0, 5, 10);
      send(producer, "shortened", 0, 0, 10, 10);
      send(producer, "with.dots_and-dashes", 0, 0, 3, 10);
      send(producer, "compacted", 0, 0, 12, 10);
      send(producer, "deleted", 0, 0, 3, 10);
    }
    try (Producer<String, String> producer = producer(Map.of())) {
      for (int batch = 0; batch < 7; batch++) send(producer, "idempotent", 0, batch * 3, 3, 10);
    }
  }

  static void compressedRecords() {
    int from = 0;
    for (String compression : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
      try (Producer<String, String> producer = producer(Map.of("compression.type", compression, "linger.ms", 50))) {
        send(producer, "compressed", 0, from, 8, 10);
        send(producer, "recompressed", 0, from, 8, 10);
      }
      from += 8;
    }
  }

  /** Each batch is a second and a half younger than the one before: with segment.ms of 1000 each begins a segment. */
  static void manySegments() {
    try (Producer<String, String> producer = producer(Map.of())) {
      for (int batch = 0; batch < 4; batch++) {
        send(producer, "many-segments", 0, batch * 100, 2, 15);
        send(producer, "many-segments", 0, batch * 100 + 2, 3, 15);
      }
    }
  }

  static void transactions() {
    try (Producer<String, String> producer = producer(Map.of("transactional.id", "finished"))) {
      producer.initTransactions();
      for (int round = 0; round < 3; round++) {
        producer.beginTransaction();
        send(producer, "transactions", 0, round * 4, 4, 10);
        if (round == 1) producer.abortTransaction();
        else producer.commitTransaction();
      }
    }
  }

  static void openTransaction() {
    Producer<String, String> producer = producer(Map.of("transactional.id", "left-open"));
    producer.initTransactions();
    producer.beginTransaction();
    send(producer, "transactions", 0, 20, 4, 10);
  }

  static void commitOffsets() {
    try (Consumer<String, String> consumer = consumer(Map.of("group.id", "readers"))) {
      TopicPartition partition = new TopicPartition("plain", 0);
      consumer.assign(List.of(partition));
      consumer.commitSync(Map.of(partition, new OffsetAndMetadata(4, Optional.of(0), "a note")));
    }
  }

  /** Records in the metadata log that are not topics. */
  static void otherMetadata(Admin admin) throws Exception {
    ConfigResource cluster = new ConfigResource(ConfigResource.Type.BROKER, "");
    AlterConfigOp set = new AlterConfigOp(new ConfigEntry("log.retention.ms", "86400000"), AlterConfigOp.OpType.SET);
    ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "plain");
    AlterConfigOp longer = new AlterConfigOp(new ConfigEntry("retention.ms", "172800000"), AlterConfigOp.OpType.SET);
    admin.incrementalAlterConfigs(Map.of(cluster, List.of(set), topic, List.of(longer))).all().get(30, TimeUnit.SECONDS);
    ClientQuotaEntity entity = new ClientQuotaEntity(Map.of(ClientQuotaEntity.CLIENT_ID, "someone"));
    ClientQuotaAlteration.Op limit = new ClientQuotaAlteration.Op("producer_byte_rate", 1_000_000.0);
    admin.alterClientQuotas(List.of(new ClientQuotaAlteration(entity, List.of(limit)))).all().get(30, TimeUnit.SECONDS);
    ScramCredentialInfo scram = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096);
    admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion("someone", scram, "not a secret"))).all().get(30, TimeUnit.SECONDS);
  }

  static Consumer<String, String> consumer(Map<String, Object> more) {
    Map<String, Object> all = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "enable.auto.commit", false, "auto.offset.reset", "earliest"));
    all.putAll(more);
    return new KafkaConsumer<>(all, new StringDeserializer(), new StringDeserializer());
  }

  static String everything(Admin admin) throws Exception {
    List<TopicPartition> partitions = new ArrayList<>();
    for (TopicDescription topic : admin.describeTopics(admin.listTopics().names().get()).allTopicNames().get().values()) {
      topic.partitions().forEach(partition -> partitions.add(new TopicPartition(topic.name(), partition.partition())));
    }
    partitions.sort(Comparator.comparing(TopicPartition::toString));
    List<String> parts = new ArrayList<>();
    try (Consumer<String, String> all = consumer(Map.of()); Consumer<String, String> stable = consumer(Map.of("isolation.level", "read_committed"))) {
      Map<TopicPartition, Long> starts = all.beginningOffsets(partitions);
      Map<TopicPartition, Long> ends = all.endOffsets(partitions);
      Map<TopicPartition, Long> stables = stable.endOffsets(partitions);
      for (TopicPartition partition : partitions) {
        List<String> records = records(all, partition, ends.get(partition));
        parts.add("%s: {\"start\": %d, \"end\": %d, \"stable\": %d, \"records\": [%s]}".formatted(
          quote(partition.toString()), starts.get(partition), ends.get(partition), stables.get(partition), String.join(", ", records)));
      }
    }
    return "{" + String.join(",\n", parts) + "}";
  }

  static List<String> records(Consumer<String, String> consumer, TopicPartition partition, long end) {
    List<String> lines = new ArrayList<>();
    consumer.assign(List.of(partition));
    consumer.seekToBeginning(List.of(partition));
    while (consumer.position(partition) < end) {
      for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) lines.add(recordLine(record));
    }
    return lines;
  }

  static String recordLine(ConsumerRecord<String, String> record) {
    List<String> headers = new ArrayList<>();
    for (Header header : record.headers()) {
      headers.add("[%s, %s]".formatted(quote(header.key()), header.value() == null ? "null" : quote(new String(header.value()))));
    }
    return "{\"offset\": %d, \"timestamp\": %d, \"key\": %s, \"value\": %s, \"headers\": [%s]}".formatted(
      record.offset(), record.timestamp(), quote(record.key()), quote(record.value()), String.join(", ", headers));
  }

  static String quote(String text) {
    return text == null ? "null" : '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
