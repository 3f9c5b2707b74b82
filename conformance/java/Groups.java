// Apache Kafka's Java consumer in groups, with both protocols, and its producer in transactions, against one broker.
// java -cp JARS Groups.java HOST:PORT PREFIX. Topics and groups begin with PREFIX. One line per check on standard output.
// `member` in place of PREFIX is what it starts as a process of its own to be killed: HOST:PORT member TOPIC GROUP PROTOCOL.

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.errors.*;
import org.apache.kafka.common.serialization.*;

public class Groups {
  static final int PARTITIONS = 12;
  static final Map<String, Map<String, Object>> PROTOCOLS = new TreeMap<>(Map.of(
      "eager", Map.of("group.protocol", "classic", "partition.assignment.strategy", "org.apache.kafka.clients.consumer.RangeAssignor", "session.timeout.ms", 1500, "heartbeat.interval.ms", 100),
      "cooperative", Map.of("group.protocol", "classic", "partition.assignment.strategy", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor", "session.timeout.ms", 1500, "heartbeat.interval.ms", 100),
      "consumer", Map.of("group.protocol", "consumer")));

  static String bootstrap;
  static String prefix;
  static Admin admin;

  interface Check {
    void run() throws Exception;
  }

  public static void main(String[] words) throws Exception {
    bootstrap = words[0];
    prefix = words[1];
    if (prefix.equals("member")) {
      consumeUntilKilled(words[2], words[3], words[4]);
      return;
    }
    admin = Admin.create(Map.of("bootstrap.servers", bootstrap, "request.timeout.ms", 15000, "default.api.timeout.ms", 20000));
    for (String protocol : PROTOCOLS.keySet()) {
      check("shares 12 partitions among 1 to 8 members that come, go and are killed, " + protocol, () -> livesThrough(protocol));
      check("goes on where the group committed, and where it is reset to, " + protocol, () -> resumes(protocol));
      check("lets a static member come back to what it had, " + protocol, () -> staticMember(protocol));
    }
    check("follows a pattern to topics that are created later, consumer", Groups::followsPattern);
    check("goes over from the classic to the consumer protocol and back, live", Groups::upgrades);
    check("lists, describes and deletes groups and offsets", Groups::administers);
    check("shows a reader of committed records no open and no aborted transaction", Groups::readsCommitted);
    check("fences the older of two producers with one transactional id", Groups::fences);
    check("consumes, transforms and produces exactly once, with workers that vanish", Groups::exactlyOnce);
    check("describes and lists transactions and aborts one", Groups::administersTransactions);
    admin.close(Duration.ofSeconds(2));
    System.exit(0); // Members that were abandoned have threads that go on.
  }

  static void check(String name, Check check) {
    try {
      check.run();
      System.out.println("ok " + name);
    } catch (Throwable error) {
      StackTraceElement place = Arrays.stream(error.getStackTrace()).filter(frame -> frame.getClassName().startsWith("Groups")).findFirst().orElse(null);
      Throwable cause = error instanceof ExecutionException ? error.getCause() : error;
      System.out.println("failed " + name + ": " + String.valueOf(cause).replace('\n', ' ') + " at line " + (place == null ? "?" : place.getLineNumber()));
    }
  }

  static void expect(Object actual, Object expected, String what) {
    if (!Objects.equals(actual, expected)) throw new AssertionError(what + " is " + actual + ", expected " + expected);
  }

  static <T> T get(Future<T> future) throws Exception {
    return future.get(20, TimeUnit.SECONDS);
  }

  static void expectRefusal(Future<?> future, Class<? extends Throwable> kind) throws Exception {
    try {
      get(future);
    } catch (ExecutionException error) {
      if (kind.isInstance(error.getCause())) return;
      throw new AssertionError("refused with " + error.getCause() + ", expected " + kind.getSimpleName());
    }
    throw new AssertionError("accepted, expected " + kind.getSimpleName());
  }

  static void until(String what, BooleanSupplier done, Ledger ledger) throws Exception {
    long deadline = System.nanoTime() + 20_000_000_000L;
    synchronized (ledger) {
      while (!done.getAsBoolean()) {
        long leftMs = (deadline - System.nanoTime()) / 1_000_000;
        if (leftMs <= 0) throw new AssertionError(what + " does not come: " + ledger);
        ledger.wait(leftMs);
      }
    }
  }

  static String create(String name, int partitions) throws Exception {
    String topic = prefix + name;
    get(admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all());
    // Apache Kafka answers before every part of it knows the topic.
    long deadline = System.nanoTime() + 5_000_000_000L;
    while (!get(admin.listTopics().names()).contains(topic) && System.nanoTime() < deadline) Thread.sleep(20);
    return topic;
  }

  static List<String> produce(String topic, int partitions, int first, int count) throws Exception {
    List<String> values = IntStream.range(first, first + count).mapToObj(index -> "value " + index).toList();
    try (Producer<String, String> producer = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap, "linger.ms", 5), new StringSerializer(), new StringSerializer())) {
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      for (int index = 0; index < count; index++) sent.add(producer.send(new ProducerRecord<>(topic, index % partitions, null, values.get(index))));
      for (Future<RecordMetadata> future : sent) get(future);
    }
    return values;
  }

  static KafkaConsumer<String, String> consumer(String group, Map<String, Object> more) {
    Map<String, Object> all = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "group.id", group, "auto.offset.reset", "earliest", "enable.auto.commit", false, "fetch.max.wait.ms", 50, "metadata.max.age.ms", 500));
    all.putAll(more);
    return new KafkaConsumer<>(all, new StringDeserializer(), new StringDeserializer());
  }

  /** Who owns what and what was seen; its monitor is notified of each change. */
  static class Ledger {
    final Map<String, Set<Integer>> owned = new TreeMap<>();
    final Map<String, Integer> seen = new HashMap<>();
    final List<String> violations = new ArrayList<>();
    final Map<String, Integer> revocations = new TreeMap<>();
    final List<String> failures = new ArrayList<>();

    ConsumerRebalanceListener listener(String member) {
      return new ConsumerRebalanceListener() {
        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
          assigned(member, partitions);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
          revoked(member, partitions);
        }
      };
    }

    synchronized void assigned(String member, Collection<TopicPartition> partitions) {
      Set<Integer> mine = owned.computeIfAbsent(member, key -> new TreeSet<>());
      for (TopicPartition partition : partitions) {
        mine.add(partition.partition());
        owned.forEach((other, theirs) -> {
          if (!other.equals(member) && theirs.contains(partition.partition())) violations.add(member + " and " + other + " both own " + partition);
        });
      }
      notifyAll();
    }

    synchronized void revoked(String member, Collection<TopicPartition> partitions) {
      Set<Integer> mine = owned.computeIfAbsent(member, key -> new TreeSet<>());
      partitions.forEach(partition -> mine.remove(partition.partition()));
      revocations.merge(member, partitions.size(), Integer::sum);
      notifyAll();
    }

    synchronized void processed(String value) {
      seen.merge(value, 1, Integer::sum);
      notifyAll();
    }

    synchronized void failed(String sentence) {
      failures.add(sentence);
    }

    synchronized void gone(String member) {
      owned.remove(member);
      notifyAll();
    }

    synchronized boolean rests(int members, int partitions) {
      long owners = owned.values().stream().filter(mine -> !mine.isEmpty()).count();
      return owners == members && owned.values().stream().mapToInt(Set::size).sum() == partitions;
    }

    @Override
    public synchronized String toString() {
      return seen.size() + " records seen, owners " + owned + " " + String.join(", ", failures);
    }
  }

  /** A consumer with its thread. It commits what it processed with each poll. */
  static class Member {
    final KafkaConsumer<String, String> consumer;
    final Thread thread;
    volatile boolean leaving = false;
    volatile Throwable error;
    private boolean refused = false;

    Member(String name, String topic, String group, Map<String, Object> config, Ledger ledger) {
      consumer = consumer(group, config);
      thread = new Thread(() -> {
        try {
          consumer.subscribe(List.of(topic), ledger.listener(name));
          while (!leaving || refused) {
            ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(100));
            for (ConsumerRecord<String, String> record : records) ledger.processed(record.value());
            if (!records.isEmpty() || refused) commit();
          }
          consumer.close();
        } catch (WakeupException woken) {
          consumer.close();
        } catch (Throwable thrown) {
          error = thrown;
          ledger.failed(name + " ended with " + thrown);
        }
      }, name);
      thread.setDaemon(true);
      thread.start();
    }

    /** Refused when a rebalance came in between: tried again with the next poll, unless another owner gets the records again. */
    void commit() {
      refused = false;
      try {
        consumer.commitSync();
      } catch (CommitFailedException | RebalanceInProgressException rebalancing) {
        refused = true;
      }
    }

    void leave() throws Exception {
      leaving = true;
      thread.join(20_000);
      if (error != null) throw new AssertionError("the member ended with " + error);
    }
  }

  /** A member in a process of its own, which can be killed. What it processes is told by its output. */
  static Process fork(String topic, String group, String protocol, Ledger ledger) throws Exception {
    String java = ProcessHandle.current().info().command().orElseThrow();
    Process process = new ProcessBuilder(java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m", "-cp", System.getProperty("java.class.path"), source(), bootstrap, "member", topic, group, protocol).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    Thread reader = new Thread(() -> {
      try (BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream()))) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          if (line.equals("owns")) ledger.assigned("forked", List.of());
          else ledger.processed(line);
        }
      } catch (IOException closed) {
        // The process was killed.
      }
    });
    reader.setDaemon(true);
    reader.start();
    return process;
  }

  /** This file, as the command line names it. */
  static String source() {
    return Arrays.stream(ProcessHandle.current().info().arguments().orElseThrow()).filter(word -> word.endsWith("Groups.java")).findFirst().orElseThrow();
  }

  static void consumeUntilKilled(String topic, String group, String protocol) {
    KafkaConsumer<String, String> consumer = consumer(group, PROTOCOLS.get(protocol));
    consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
      @Override
      public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        if (!partitions.isEmpty()) System.out.println("owns");
      }

      @Override
      public void onPartitionsRevoked(Collection<TopicPartition> partitions) {}
    });
    while (true) {
      for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) System.out.println(record.value());
    }
  }

  static void livesThrough(String protocol) throws Exception {
    String topic = create("life-" + protocol, PARTITIONS);
    String group = prefix + "life-" + protocol;
    Ledger ledger = new Ledger();
    Map<String, Member> members = new LinkedHashMap<>();
    int sent = 0;
    for (String step : List.of("+a", "+b +c +d", "+e +f +g +h", "-b -f", "killed", "-a -c", "+i", "-d -e -g")) {
      if (step.equals("killed")) {
        Process forked = fork(topic, group, protocol, ledger);
        until("the process owning something, " + protocol, () -> ledger.owned.containsKey("forked"), ledger);
        forked.destroyForcibly().waitFor();
        ledger.gone("forked");
      } else {
        for (String change : step.split(" ")) {
          String name = change.substring(1);
          if (change.startsWith("+")) members.put(name, new Member(name, topic, group, PROTOCOLS.get(protocol), ledger));
          else {
            members.remove(name).leave();
            ledger.gone(name);
          }
        }
      }
      sent += produce(topic, PARTITIONS, sent, 120).size();
      int wanted = sent;
      until("the end of " + step, () -> ledger.seen.size() == wanted && ledger.rests(members.size(), PARTITIONS), ledger);
    }
    for (Member member : members.values()) member.leave();
    expect(ledger.violations, List.of(), "the list of partitions with two owners at once");
    Map<TopicPartition, OffsetAndMetadata> committed = get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
    expect(committed.values().stream().mapToLong(OffsetAndMetadata::offset).sum(), (long) sent, "the sum of the offsets committed");
  }

  static List<String> consume(String group, String topic, String protocol, int count) {
    List<String> values = new ArrayList<>();
    Map<String, Object> config = new HashMap<>(PROTOCOLS.get(protocol));
    config.put("max.poll.records", 1);
    try (KafkaConsumer<String, String> consumer = consumer(group, config)) {
      consumer.subscribe(List.of(topic));
      long deadline = System.nanoTime() + 20_000_000_000L;
      while (values.size() < count) {
        if (System.nanoTime() > deadline) throw new AssertionError("only " + values.size() + " of " + count + " records came");
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) values.add(record.value());
      }
      consumer.commitSync();
    }
    return values;
  }

  static void resumes(String protocol) throws Exception {
    String topic = create("resumed-" + protocol, 1);
    String group = prefix + "resumed-" + protocol;
    TopicPartition partition = new TopicPartition(topic, 0);
    List<String> values = produce(topic, 1, 0, 30);
    expect(consume(group, topic, protocol, 12), values.subList(0, 12), "what the first member gets");
    expect(get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()).get(partition).offset(), 12L, "the offset committed");
    expect(consume(group, topic, protocol, 18), values.subList(12, 30), "what the next member gets");
    get(admin.alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(25, "reset by hand"))).all());
    expect(get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()).get(partition).metadata(), "reset by hand", "the metadata kept");
    expect(consume(group, topic, protocol, 5), values.subList(25, 30), "what comes after the reset");
  }

  static void staticMember(String protocol) throws Exception {
    String topic = create("static-" + protocol, PARTITIONS);
    String group = prefix + "static-" + protocol;
    Ledger ledger = new Ledger();
    Map<String, Object> config = new HashMap<>(PROTOCOLS.get(protocol));
    if (config.containsKey("session.timeout.ms")) config.put("session.timeout.ms", 10_000);
    Map<String, Object> first = new HashMap<>(config);
    first.put("group.instance.id", "first");
    Map<String, Object> second = new HashMap<>(config);
    second.put("group.instance.id", "second");
    Member one = new Member("one", topic, group, first, ledger);
    Member two = new Member("two", topic, group, second, ledger);
    until("two owners", () -> ledger.rests(2, PARTITIONS), ledger);
    Set<Integer> before = new TreeSet<>(ledger.owned.get("two"));
    two.leave();
    ledger.gone("two");
    int revoked = ledger.revocations.getOrDefault("one", 0);
    Member again = new Member("again", topic, group, second, ledger);
    until("the second member back", () -> ledger.rests(2, PARTITIONS), ledger);
    expect(ledger.owned.get("again"), before, "what the member has again");
    expect(ledger.revocations.getOrDefault("one", 0), revoked, "the partitions that the other gave up");
    one.leave();
    again.leave();
    get(admin.removeMembersFromConsumerGroup(group, new RemoveMembersFromConsumerGroupOptions(List.of(new MemberToRemove("first"), new MemberToRemove("second")))).all());
    expect(ledger.violations, List.of(), "the list of partitions with two owners at once");
  }

  static void followsPattern() throws Exception {
    String group = prefix + "pattern";
    produce(create("pattern-one", 1), 1, 0, 3);
    try (KafkaConsumer<String, String> consumer = consumer(group, PROTOCOLS.get("consumer"))) {
      consumer.subscribe(new SubscriptionPattern(prefix + "pattern-.*"));
      Set<String> topics = new TreeSet<>();
      pollUntil(consumer, topics, 1);
      produce(create("pattern-two", 1), 1, 0, 3);
      pollUntil(consumer, topics, 2);
      expect(topics, Set.of(prefix + "pattern-one", prefix + "pattern-two"), "the topics seen");
    }
  }

  static void pollUntil(KafkaConsumer<String, String> consumer, Set<String> topics, int count) {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (topics.size() < count) {
      if (System.nanoTime() > deadline) throw new AssertionError("records of " + topics + " alone came");
      for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) topics.add(record.topic());
    }
  }

  static void upgrades() throws Exception {
    String topic = create("upgraded", PARTITIONS);
    String group = prefix + "upgraded";
    Ledger ledger = new Ledger();
    Map<String, Member> members = new LinkedHashMap<>();
    int sent = 0;
    for (String step : List.of("+a:cooperative +b:cooperative", "+c:consumer", "-a +d:consumer", "-b", "+e:cooperative", "-c -d")) {
      for (String change : step.split(" ")) {
        String name = change.substring(1, 2);
        if (change.startsWith("+")) members.put(name, new Member(name, topic, group, PROTOCOLS.get(change.substring(3)), ledger));
        else {
          members.remove(name).leave();
          ledger.gone(name);
        }
      }
      sent += produce(topic, PARTITIONS, sent, 60).size();
      int wanted = sent;
      until("the end of " + step, () -> ledger.seen.size() == wanted && ledger.rests(members.size(), PARTITIONS), ledger);
    }
    expect(get(admin.describeConsumerGroups(List.of(group)).all()).get(group).type(), GroupType.CLASSIC, "the type in the end");
    for (Member member : members.values()) member.leave();
    expect(ledger.violations, List.of(), "the list of partitions with two owners at once");
  }

  static void administers() throws Exception {
    String topic = create("administered", 2);
    String group = prefix + "administered";
    TopicPartition partition = new TopicPartition(topic, 0);
    produce(topic, 2, 0, 10);
    Ledger ledger = new Ledger();
    Member member = new Member("one", topic, group, PROTOCOLS.get("consumer"), ledger);
    until("all records", () -> ledger.seen.size() == 10, ledger);
    ConsumerGroupDescription description = get(admin.describeConsumerGroups(List.of(group)).all()).get(group);
    expect(description.groupState() + " " + description.type() + " " + description.members().size() + " " + description.partitionAssignor(), "Stable Consumer 1 uniform", "the group described");
    expect(description.members().iterator().next().assignment().topicPartitions().size(), 2, "the partitions described");
    expect(get(admin.listGroups(ListGroupsOptions.forConsumerGroups()).all()).stream().anyMatch(listing -> listing.groupId().equals(group)), true, "the group being listed");
    expectRefusal(admin.deleteConsumerGroups(List.of(group)).all(), GroupNotEmptyException.class);
    expectRefusal(admin.alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(1))).all(), UnknownMemberIdException.class);
    expectRefusal(admin.deleteConsumerGroupOffsets(group, Set.of(partition)).all(), GroupSubscribedToTopicException.class);
    member.leave();
    get(admin.deleteConsumerGroupOffsets(group, Set.of(partition)).all());
    expect(get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()).keySet(), Set.of(new TopicPartition(topic, 1)), "the partitions that have offsets left");
    get(admin.deleteConsumerGroups(List.of(group)).all());
    expectRefusal(admin.deleteConsumerGroups(List.of(group)).all(), GroupIdNotFoundException.class);
  }

  static KafkaProducer<String, String> transactional(String id, Map<String, Object> more) {
    Map<String, Object> all = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "transactional.id", prefix + id, "linger.ms", 0, "max.block.ms", 15000));
    all.putAll(more);
    return new KafkaProducer<>(all, new StringSerializer(), new StringSerializer());
  }

  static List<String> readAll(String topic, String isolation, int count) {
    List<String> values = new ArrayList<>();
    Map<String, Object> config = Map.of("isolation.level", isolation, "group.protocol", "consumer");
    try (KafkaConsumer<String, String> consumer = consumer(prefix + "reader", config)) {
      List<TopicPartition> partitions = consumer.partitionsFor(topic).stream().map(info -> new TopicPartition(topic, info.partition())).toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      long deadline = System.nanoTime() + 15_000_000_000L;
      while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition)) && System.nanoTime() < deadline) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) values.add(record.value());
      }
    }
    if (count >= 0) expect(values.size(), count, "the number of records, " + isolation);
    return values;
  }

  static void readsCommitted() throws Exception {
    String topic = create("committed", 1);
    try (KafkaProducer<String, String> one = transactional("one", Map.of()); KafkaProducer<String, String> two = transactional("two", Map.of())) {
      one.initTransactions();
      two.initTransactions();
      one.beginTransaction();
      get(one.send(new ProducerRecord<>(topic, "kept 1")));
      two.beginTransaction();
      get(two.send(new ProducerRecord<>(topic, "dropped")));
      one.commitTransaction();
      expect(readAll(topic, "read_committed", -1), List.of("kept 1"), "what is seen below the open transaction");
      expect(readAll(topic, "read_uncommitted", -1), List.of("kept 1", "dropped"), "what is seen without isolation");
      two.abortTransaction();
      for (int round = 2; round < 6; round++) {
        KafkaProducer<String, String> producer = round % 2 == 0 ? one : two;
        producer.beginTransaction();
        for (int index = 0; index < 20; index++) producer.send(new ProducerRecord<>(topic, (round < 4 ? "dropped " : "kept ") + round + " " + index));
        if (round < 4) producer.abortTransaction();
        else producer.commitTransaction();
      }
    }
    List<String> seen = readAll(topic, "read_committed", 41);
    expect(seen.stream().allMatch(value -> value.startsWith("kept")), true, "every record being of a committed transaction");
  }

  static void fences() throws Exception {
    String topic = create("fenced", 1);
    KafkaProducer<String, String> older = transactional("fenced", Map.of());
    older.initTransactions();
    older.beginTransaction();
    get(older.send(new ProducerRecord<>(topic, "of the older")));
    try (KafkaProducer<String, String> newer = transactional("fenced", Map.of())) {
      newer.initTransactions();
      try {
        older.commitTransaction();
        throw new AssertionError("the older producer could commit");
      } catch (ProducerFencedException | InvalidProducerEpochException expected) {
        older.close(Duration.ZERO);
      }
      newer.beginTransaction();
      get(newer.send(new ProducerRecord<>(topic, "of the newer")));
      newer.commitTransaction();
    }
    expect(readAll(topic, "read_committed", -1), List.of("of the newer"), "what is committed");
  }

  /** One worker of a pipeline: it goes from input to output in transactions until told, and vanishes in the middle of one if it is told so. */
  static class Worker extends Thread {
    final String input;
    final String output;
    final String id;
    final Ledger ledger;
    volatile boolean leaving = false;
    volatile boolean vanishing = false;
    volatile Throwable error;

    Worker(String id, String input, String output, Ledger ledger) {
      this.id = id;
      this.input = input;
      this.output = output;
      this.ledger = ledger;
      setDaemon(true);
    }

    @Override
    public void run() {
      Map<String, Object> config = new HashMap<>(PROTOCOLS.get("consumer"));
      config.put("isolation.level", "read_committed");
      config.put("max.poll.records", 10);
      KafkaConsumer<String, String> consumer = consumer(prefix + "pipeline", config);
      KafkaProducer<String, String> producer = transactional(id, Map.of("transaction.timeout.ms", 5000));
      try {
        producer.initTransactions();
        consumer.subscribe(List.of(input), ledger.listener(id));
        for (int round = 1; !leaving; round++) {
          ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(100));
          if (records.isEmpty()) continue;
          producer.beginTransaction();
          for (ConsumerRecord<String, String> record : records) producer.send(new ProducerRecord<>(output, record.partition(), null, "out " + record.value()));
          if (vanishing) {
            producer.flush();
            ledger.gone(id);
            ledger.processed("vanished");
            consumer.close(CloseOptions.timeout(Duration.ZERO));
            return; // The transaction stays open until somebody takes the id over, or it times out.
          }
          transact(consumer, producer, records, round % 3 == 0);
        }
        consumer.close();
        producer.close();
      } catch (Throwable thrown) {
        error = thrown;
        ledger.failed(id + " ended with " + thrown);
      }
    }

    void transact(KafkaConsumer<String, String> consumer, KafkaProducer<String, String> producer, ConsumerRecords<String, String> records, boolean abort) {
      try {
        if (abort) throw new KafkaException("aborted by design");
        producer.sendOffsetsToTransaction(records.nextOffsets(), consumer.groupMetadata());
        producer.commitTransaction();
        records.forEach(record -> ledger.processed(record.value()));
      } catch (ProducerFencedException fenced) {
        throw fenced;
      } catch (KafkaException refused) {
        producer.abortTransaction();
        Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(consumer.assignment());
        for (TopicPartition partition : consumer.assignment()) {
          OffsetAndMetadata offset = committed.get(partition);
          consumer.seek(partition, offset == null ? 0 : offset.offset());
        }
      }
    }
  }

  static void exactlyOnce() throws Exception {
    String input = create("input", 4);
    String output = create("output", 4);
    Ledger ledger = new Ledger();
    Set<String> expected = new TreeSet<>();
    Worker one = new Worker("worker-1", input, output, ledger);
    Worker two = new Worker("worker-2", input, output, ledger);
    one.start();
    two.start();
    int sent = 0;
    for (int stage = 0; stage < 3; stage++) {
      if (stage == 1) {
        // Else the first may be done with everything before the second owns a partition.
        until("both workers owning partitions", () -> ledger.rests(2, 4), ledger);
        two.vanishing = true;
      }
      for (String value : produce(input, 4, sent, 200)) expected.add("out " + value);
      sent += 200;
      if (stage == 1) {
        until("the second worker vanishing", () -> ledger.seen.containsKey("vanished"), ledger);
        two = new Worker("worker-2", input, output, ledger);
        two.start();
      }
      int wanted = sent + (stage > 0 ? 1 : 0);
      until("stage " + stage, () -> ledger.seen.size() == wanted, ledger);
    }
    one.leaving = true;
    two.leaving = true;
    one.join(20_000);
    two.join(20_000);
    expect(one.error + " " + two.error, "null null", "how the workers ended");
    expect(ledger.violations, List.of(), "the list of partitions with two owners at once");
    List<String> seen = readAll(output, "read_committed", sent);
    expect(new TreeSet<>(seen), expected, "what came out");
  }

  static void administersTransactions() throws Exception {
    String topic = create("administered-transactions", 1);
    TopicPartition partition = new TopicPartition(topic, 0);
    KafkaProducer<String, String> producer = transactional("administered", Map.of());
    producer.initTransactions();
    producer.beginTransaction();
    get(producer.send(new ProducerRecord<>(topic, 0, null, "one")));
    TransactionDescription description = get(admin.describeTransactions(List.of(prefix + "administered")).all()).get(prefix + "administered");
    expect(description.state() + " " + description.topicPartitions(), "Ongoing " + Set.of(partition), "the transaction described");
    expect(get(admin.listTransactions(new ListTransactionsOptions().filterStates(Set.of(TransactionState.ONGOING))).all()).stream().anyMatch(listing -> listing.transactionalId().equals(prefix + "administered")), true, "the transaction being listed");
    ProducerState state = get(admin.describeProducers(List.of(partition)).partitionResult(partition)).activeProducers().get(0);
    expect(state.currentTransactionStartOffset().getAsLong(), 0L, "where the transaction starts");
    get(admin.fenceProducers(List.of(prefix + "administered")).all());
    try {
      producer.commitTransaction();
      throw new AssertionError("a fenced producer could commit");
    } catch (ProducerFencedException | InvalidProducerEpochException expectedRefusal) {
      producer.close(Duration.ZERO);
    }
    expect(readAll(topic, "read_committed", -1), List.of(), "what is committed");
  }
}
