// What Apache Kafka's own Java clients say to a broker: as many APIs of the admin client as a plain broker answers, producers with each
// compression, transactions, classic, KIP-848 and share groups. Run as one source file: java -cp JARS JavaClients.java HOST:PORT
// Errors that a broker answers are part of the recording, so a failing call is reported on standard error and the run goes on.

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.acl.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.quota.*;
import org.apache.kafka.common.resource.*;
import org.apache.kafka.common.serialization.*;

public class JavaClients {
  static final String TOPIC = "captured-by-java";
  static final TopicPartition FIRST = new TopicPartition(TOPIC, 0);

  interface Call {
    Object run() throws Exception;
  }

  public static void main(String[] words) throws Exception {
    String bootstrap = words[0];
    Map<String, Object> base = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "client.id", "java"));
    try (Admin admin = Admin.create(base)) {
      createAndDescribe(admin);
      produce(base);
      consume(base);
      groups(admin);
      security(admin);
      cluster(admin);
      admin.deleteTopics(List.of(TOPIC)).all().get(30, TimeUnit.SECONDS);
    }
  }

  static void attempt(String what, Call call) {
    try {
      call.run();
    } catch (Exception error) {
      System.err.println(what + ": " + (error.getCause() == null ? error : error.getCause()));
    }
  }

  static void createAndDescribe(Admin admin) throws Exception {
    NewTopic topic = new NewTopic(TOPIC, 2, (short) 1).configs(Map.of("retention.ms", "3600000", "compression.type", "producer"));
    admin.createTopics(List.of(topic)).all().get(30, TimeUnit.SECONDS);
    attempt("create again", () -> admin.createTopics(List.of(topic)).all().get());
    attempt("create partitions", () -> admin.createPartitions(Map.of(TOPIC, NewPartitions.increaseTo(3))).all().get());
    attempt("fewer partitions", () -> admin.createPartitions(Map.of(TOPIC, NewPartitions.increaseTo(1))).all().get());
    attempt("list topics", () -> admin.listTopics(new ListTopicsOptions().listInternal(true)).names().get());
    attempt("describe topics", () -> admin.describeTopics(List.of(TOPIC)).allTopicNames().get());
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, TOPIC);
    DescribeConfigsOptions all = new DescribeConfigsOptions().includeSynonyms(true);
    AlterConfigOp set = new AlterConfigOp(new ConfigEntry("segment.bytes", "1048576"), AlterConfigOp.OpType.SET);
    attempt("alter configs", () -> admin.incrementalAlterConfigs(Map.of(resource, List.of(set))).all().get());
    attempt("describe configs", () -> admin.describeConfigs(List.of(resource), all).all().get());
    attempt("list config resources", () -> admin.listConfigResources(Set.of(ConfigResource.Type.TOPIC), new ListConfigResourcesOptions()).all().get());
    attempt("log folders", () -> admin.describeLogDirs(List.of(1)).allDescriptions().get());
  }

  static void produce(Map<String, Object> base) throws Exception {
    for (String compression : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
      try (Producer<String, String> producer = producer(base, Map.of("compression.type", compression, "linger.ms", 20))) {
        send(producer, 12);
      }
    }
    try (Producer<String, String> producer = producer(base, Map.of("acks", "0", "enable.idempotence", false))) {
      send(producer, 2);
    }
    try (Producer<String, String> producer = producer(base, Map.of("transactional.id", "java-transaction"))) {
      producer.initTransactions();
      producer.beginTransaction();
      send(producer, 6);
      Map<TopicPartition, OffsetAndMetadata> offsets = Map.of(FIRST, new OffsetAndMetadata(1, Optional.of(0), "from a transaction"));
      attempt("offsets in a transaction", () -> {
        producer.sendOffsetsToTransaction(offsets, new ConsumerGroupMetadata("java-other-group"));
        return null;
      });
      producer.commitTransaction();
      producer.beginTransaction();
      send(producer, 6);
      producer.abortTransaction();
    }
  }

  static Producer<String, String> producer(Map<String, Object> base, Map<String, Object> more) {
    Map<String, Object> all = new HashMap<>(base);
    all.putAll(more);
    return new KafkaProducer<>(all, new StringSerializer(), new StringSerializer());
  }

  static void send(Producer<String, String> producer, int count) {
    for (int index = 0; index < count; index++) {
      ProducerRecord<String, String> record = new ProducerRecord<>(TOPIC, "key-" + index, index % 4 == 3 ? null : "the value of record " + index);
      record.headers().add("origin", "java".getBytes()).add("empty", null);
      producer.send(record);
    }
    producer.flush();
  }

  static void consume(Map<String, Object> base) throws Exception {
    for (String protocol : List.of("classic", "consumer")) {
      Map<String, Object> all = new HashMap<>(base);
      all.putAll(Map.of("group.id", "java-" + protocol + "-group", "group.protocol", protocol, "auto.offset.reset", "earliest", "isolation.level", "read_committed"));
      try (Consumer<String, String> consumer = new KafkaConsumer<>(all, new StringDeserializer(), new StringDeserializer())) {
        consumer.subscribe(List.of(TOPIC));
        pollUntil(() -> consumer.poll(Duration.ofMillis(200)).count(), 30);
        consumer.commitSync();
        attempt("times", () -> consumer.offsetsForTimes(Map.of(FIRST, 1_700_000_000_000L)));
        attempt("ends", () -> consumer.endOffsets(Set.of(FIRST)));
        attempt("committed", () -> consumer.committed(Set.of(FIRST)));
        consumer.poll(Duration.ofMillis(3500));
      }
    }
    attempt("share group", () -> {
      shareGroup(base);
      return null;
    });
  }

  static void shareGroup(Map<String, Object> base) throws Exception {
    Map<String, Object> all = new HashMap<>(base);
    all.putAll(Map.of("group.id", "java-share-group", "share.acknowledgement.mode", "implicit"));
    ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, "java-share-group");
    AlterConfigOp earliest = new AlterConfigOp(new ConfigEntry("share.auto.offset.reset", "earliest"), AlterConfigOp.OpType.SET);
    try (Admin admin = Admin.create(base); ShareConsumer<String, String> consumer = new KafkaShareConsumer<>(all, new StringDeserializer(), new StringDeserializer())) {
      admin.incrementalAlterConfigs(Map.of(group, List.of(earliest))).all().get();
      consumer.subscribe(List.of(TOPIC));
      pollUntil(() -> consumer.poll(Duration.ofMillis(500)).count(), 30);
      consumer.commitSync();
    }
  }

  static void pollUntil(Call poll, int wanted) throws Exception {
    int seen = 0;
    for (int round = 0; round < 60 && seen < wanted; round++) {
      seen += (Integer) poll.run();
    }
  }

  static void groups(Admin admin) {
    Map<TopicPartition, OffsetSpec> specs = Map.of(FIRST, OffsetSpec.maxTimestamp());
    attempt("list offsets", () -> admin.listOffsets(specs).all().get());
    attempt("list earliest local", () -> admin.listOffsets(Map.of(FIRST, OffsetSpec.earliestLocal())).all().get());
    attempt("list groups", () -> admin.listGroups().all().get());
    attempt("describe classic", () -> admin.describeClassicGroups(List.of("java-classic-group")).all().get());
    attempt("describe consumer", () -> admin.describeConsumerGroups(List.of("java-consumer-group")).all().get());
    attempt("describe share", () -> admin.describeShareGroups(List.of("java-share-group")).all().get());
    attempt("describe streams", () -> admin.describeStreamsGroups(List.of("java-streams-group")).all().get());
    attempt("group offsets", () -> admin.listConsumerGroupOffsets("java-classic-group").partitionsToOffsetAndMetadata().get());
    attempt("alter group offsets", () -> admin.alterConsumerGroupOffsets("java-classic-group", Map.of(FIRST, new OffsetAndMetadata(1))).all().get());
    attempt("delete group offsets", () -> admin.deleteConsumerGroupOffsets("java-classic-group", Set.of(FIRST)).all().get());
    attempt("share offsets", () -> admin.listShareGroupOffsets(Map.of("java-share-group", new ListShareGroupOffsetsSpec())).all().get());
    attempt("alter share offsets", () -> admin.alterShareGroupOffsets("java-share-group", Map.of(FIRST, 1L)).all().get());
    attempt("delete share offsets", () -> admin.deleteShareGroupOffsets("java-share-group", Set.of(TOPIC)).all().get());
    attempt("delete groups", () -> admin.deleteConsumerGroups(List.of("java-classic-group", "java-consumer-group")).all().get());
    attempt("delete share group", () -> admin.deleteShareGroups(List.of("java-share-group")).all().get());
    attempt("delete records", () -> admin.deleteRecords(Map.of(FIRST, RecordsToDelete.beforeOffset(2))).all().get());
    attempt("producers", () -> admin.describeProducers(List.of(FIRST)).all().get());
    attempt("transactions", () -> admin.listTransactions().all().get());
    attempt("describe transactions", () -> admin.describeTransactions(List.of("java-transaction")).all().get());
    attempt("fence", () -> admin.fenceProducers(List.of("java-transaction")).all().get());
  }

  static void security(Admin admin) {
    ResourcePattern pattern = new ResourcePattern(ResourceType.TOPIC, TOPIC, PatternType.LITERAL);
    AclBinding binding = new AclBinding(pattern, new AccessControlEntry("User:someone", "*", AclOperation.READ, AclPermissionType.ALLOW));
    attempt("create acl", () -> admin.createAcls(List.of(binding)).all().get());
    attempt("describe acls", () -> admin.describeAcls(AclBindingFilter.ANY).values().get());
    attempt("delete acl", () -> admin.deleteAcls(List.of(binding.toFilter())).all().get());
    ClientQuotaEntity entity = new ClientQuotaEntity(Map.of(ClientQuotaEntity.CLIENT_ID, "someone"));
    ClientQuotaAlteration.Op limit = new ClientQuotaAlteration.Op("producer_byte_rate", 1_000_000.0);
    attempt("alter quota", () -> admin.alterClientQuotas(List.of(new ClientQuotaAlteration(entity, List.of(limit)))).all().get());
    attempt("describe quotas", () -> admin.describeClientQuotas(ClientQuotaFilter.all()).entities().get());
    ScramCredentialInfo scram = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096);
    UserScramCredentialAlteration upsert = new UserScramCredentialUpsertion("someone", scram, "not a secret");
    attempt("alter scram", () -> admin.alterUserScramCredentials(List.of(upsert)).all().get());
    attempt("describe scram", () -> admin.describeUserScramCredentials(List.of("someone", "nobody")).all().get());
    attempt("create token", () -> admin.createDelegationToken().delegationToken().get());
    attempt("describe tokens", () -> admin.describeDelegationToken().delegationTokens().get());
    attempt("renew token", () -> admin.renewDelegationToken(new byte[] {1, 2}).expiryTimestamp().get());
    attempt("expire token", () -> admin.expireDelegationToken(new byte[] {1, 2}).expiryTimestamp().get());
  }

  static void cluster(Admin admin) {
    attempt("describe cluster", () -> admin.describeCluster(new DescribeClusterOptions().includeAuthorizedOperations(true)).nodes().get());
    attempt("describe features", () -> admin.describeFeatures().featureMetadata().get());
    attempt("update features", () -> admin.updateFeatures(Map.of("share.version", new FeatureUpdate((short) 1, FeatureUpdate.UpgradeType.UPGRADE)), new UpdateFeaturesOptions().validateOnly(true)).all().get());
    attempt("describe quorum", () -> admin.describeMetadataQuorum().quorumInfo().get());
    attempt("elect", () -> admin.electLeaders(ElectionType.PREFERRED, Set.of(FIRST)).all().get());
    attempt("reassign", () -> admin.alterPartitionReassignments(Map.of(FIRST, Optional.of(new NewPartitionReassignment(List.of(1))))).all().get());
    attempt("reassignments", () -> admin.listPartitionReassignments().reassignments().get());
    attempt("move log folders", () -> admin.alterReplicaLogDirs(Map.of(new TopicPartitionReplica(TOPIC, 0, 1), "/nowhere")).all().get());
    attempt("unregister", () -> admin.unregisterBroker(99).all().get());
    attempt("remove voter", () -> admin.removeRaftVoter(99, Uuid.randomUuid()).all().get());
    attempt("add voter", () -> admin.addRaftVoter(99, Uuid.randomUuid(), Set.of(new RaftVoterEndpoint("CONTROLLER", "127.0.0.1", 9))).all().get());
    attempt("abort", () -> admin.abortTransaction(new AbortTransactionSpec(FIRST, 99_999, (short) 0, 0)).all().get());
  }
}
