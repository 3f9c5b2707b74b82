// Fills a running Apache Kafka with groups of every kind that __consumer_offsets can show. What they have is read over the wire afterwards
// (groups.ts), while the members that stay are still there. Run as one source file: java -cp JARS GroupWriter.java HOST:PORT.

import java.time.Duration;
import java.util.*;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.*;

public class GroupWriter {
  static String bootstrap;
  static final List<Object> kept = new ArrayList<>();

  public static void main(String[] words) throws Exception {
    bootstrap = words[0];
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      List<NewTopic> topics = List.of(new NewTopic("orders", 3, (short) 1), new NewTopic("payments", 1, (short) 1), new NewTopic("gone", 1, (short) 1));
      admin.createTopics(topics).all().get(30, TimeUnit.SECONDS);
      records();
      simpleGroups(admin);
      members("classic-left", Map.of("group.protocol", "classic"), true);
      members("classic-static", Map.of("group.protocol", "classic", "group.instance.id", "instance-1", "session.timeout.ms", 60000), false);
      members("modern-left", Map.of("group.protocol", "consumer"), true);
      members("modern-stays", Map.of("group.protocol", "consumer", "client.rack", "rack-1"), false);
      transactions();
      admin.deleteTopics(List.of("gone")).all().get(30, TimeUnit.SECONDS);
    }
    System.out.flush();
    Runtime.getRuntime().halt(0); // Who stays does not say goodbye, and the open transaction stays open.
  }

  static void records() {
    Map<String, Object> configs = Map.of("bootstrap.servers", bootstrap, "key.serializer", StringSerializer.class, "value.serializer", StringSerializer.class);
    try (Producer<String, String> producer = new KafkaProducer<>(configs)) {
      for (int index = 0; index < 30; index++) producer.send(new ProducerRecord<>("orders", index % 3, null, "order " + index));
    }
  }

  static Consumer<String, String> consumer(String group, Map<String, Object> more) {
    Map<String, Object> configs = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "group.id", group, "enable.auto.commit", false, "auto.offset.reset", "earliest"));
    configs.putAll(more);
    return new KafkaConsumer<>(configs, new StringDeserializer(), new StringDeserializer());
  }

  static TopicPartition orders(int partition) {
    return new TopicPartition("orders", partition);
  }

  static void commit(String group, Map<TopicPartition, OffsetAndMetadata> offsets) {
    try (Consumer<String, String> consumer = consumer(group, Map.of())) {
      consumer.assign(offsets.keySet());
      consumer.commitSync(offsets);
    }
  }

  static void simpleGroups(Admin admin) throws Exception {
    commit("simple", Map.of(orders(0), new OffsetAndMetadata(3, Optional.of(0), "first"), orders(1), new OffsetAndMetadata(5)));
    commit("simple", Map.of(orders(0), new OffsetAndMetadata(2, "reset"), new TopicPartition("payments", 0), new OffsetAndMetadata(1, Optional.of(0), "ünïcode ✓")));
    commit("partly-deleted", Map.of(orders(0), new OffsetAndMetadata(3), orders(2), new OffsetAndMetadata(4), new TopicPartition("gone", 0), new OffsetAndMetadata(1)));
    admin.deleteConsumerGroupOffsets("partly-deleted", Set.of(orders(0))).all().get(30, TimeUnit.SECONDS);
    commit("deleted", Map.of(orders(0), new OffsetAndMetadata(3)));
    admin.deleteConsumerGroups(List.of("deleted")).all().get(30, TimeUnit.SECONDS);
  }

  static void members(String group, Map<String, Object> configs, boolean leaves) {
    Consumer<String, String> consumer = consumer(group, configs);
    consumer.subscribe(List.of("orders"));
    int read = 0;
    while (read < 30) read += consumer.poll(Duration.ofMillis(200)).count();
    consumer.commitSync();
    if (leaves) consumer.close();
    else kept.add(consumer);
  }

  static void transactions() {
    Map<String, Object> configs = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "key.serializer", StringSerializer.class, "value.serializer", StringSerializer.class));
    configs.put("transactional.id", "pipeline");
    Producer<String, String> producer = new KafkaProducer<>(configs);
    producer.initTransactions();
    send(producer, Map.of(orders(0), new OffsetAndMetadata(10, "committed")));
    producer.commitTransaction();
    send(producer, Map.of(orders(0), new OffsetAndMetadata(20, "aborted"), orders(1), new OffsetAndMetadata(20, "aborted")));
    producer.abortTransaction();
    send(producer, Map.of(orders(1), new OffsetAndMetadata(8), orders(2), new OffsetAndMetadata(9)));
    commit("transactional", Map.of(orders(2), new OffsetAndMetadata(4, "later than the transaction's")));
    producer.commitTransaction();
    send(producer, Map.of(orders(0), new OffsetAndMetadata(30, "open")));
    kept.add(producer);
  }

  static void send(Producer<String, String> producer, Map<TopicPartition, OffsetAndMetadata> offsets) {
    producer.beginTransaction();
    producer.sendOffsetsToTransaction(offsets, new ConsumerGroupMetadata("transactional"));
    producer.flush();
  }
}
