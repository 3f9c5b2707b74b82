// The configs of the coordinators: groups, committed offsets, transactions.
// Names, types, defaults and bounds are those of Kafka's GroupCoordinatorConfig, TransactionLogConfig and TransactionStateManagerConfig, but where a row says otherwise.

import { atLeast, between, define, distinctList, listOf, oneOf } from "./definition.ts";

export const brokerCoordinatorConfigs = {
  "group.coordinator.rebalance.protocols": define("list", "classic,consumer", {
    documentation: "The group protocols that are served. Kafka's default has streams as well, which is not there yet.",
    importance: "medium",
    bound: listOf(["classic", "consumer", "streams", "share"]),
    notYet: (protocols) => {
      const missing = protocols.find((protocol) => protocol !== "classic" && protocol !== "consumer");
      return missing === undefined ? null : `the ${missing} protocol is not there yet`;
    },
  }),
  "offsets.topic.num.partitions": define("int", "50", {
    documentation:
      "The number of partitions of __consumer_offsets. It counts when the topic is created, at the first use of a group.",
    importance: "high",
    bound: atLeast(1),
  }),
  "offsets.topic.replication.factor": define("int", "1", {
    documentation: "The number of replicas of __consumer_offsets when it is created. Kafka's default is 3.",
    importance: "high",
    bound: between(1, 32_767),
  }),
  "offsets.topic.segment.bytes": define("int", "104857600", {
    documentation: "The size of a segment of __consumer_offsets. Small segments load fast.",
    importance: "high",
    bound: atLeast(1),
  }),
  "offset.metadata.max.bytes": define("int", "4096", {
    documentation:
      "The longest metadata text that a commit may carry; a longer one is answered with OFFSET_METADATA_TOO_LARGE.",
    importance: "high",
  }),
  "offsets.retention.minutes": define("int", "10080", {
    documentation:
      "How long committed offsets are kept: for a group that subscribes, after it became empty, or after it stopped subscribing to the topic; for one that only commits, after the commit (KIP-211).",
    importance: "high",
    bound: atLeast(1),
  }),
  "offsets.retention.check.interval.ms": define("long", "600000", {
    documentation: "How often the coordinator looks for offsets that have expired.",
    importance: "high",
    bound: atLeast(1),
  }),
  "group.min.session.timeout.ms": define("int", "6000", {
    documentation: "The shortest session timeout that a member of a classic group may ask for.",
    importance: "medium",
  }),
  "group.max.session.timeout.ms": define("int", "1800000", {
    documentation: "The longest session timeout that a member of a classic group may ask for.",
    importance: "medium",
  }),
  "group.initial.rebalance.delay.ms": define("int", "0", {
    documentation:
      "How long the first rebalance of an empty classic group waits for more members. Kafka's default is 3000: every group then begins with three seconds of silence.",
    importance: "medium",
  }),
  "group.max.size": define("int", "2147483647", {
    documentation: "The most members of a classic group; a further one is answered with GROUP_MAX_SIZE_REACHED.",
    importance: "medium",
    bound: atLeast(1),
  }),
  "group.consumer.session.timeout.ms": define("int", "45000", {
    documentation:
      "How long the coordinator waits for a heartbeat of a consumer group's member before it is removed (KIP-848).",
    importance: "medium",
    bound: atLeast(1),
  }),
  "group.consumer.min.session.timeout.ms": define("int", "45000", {
    documentation: "The shortest session timeout that a consumer group's own config may set.",
    importance: "medium",
    bound: atLeast(1),
  }),
  "group.consumer.max.session.timeout.ms": define("int", "60000", {
    documentation: "The longest session timeout that a consumer group's own config may set.",
    importance: "medium",
    bound: atLeast(1),
  }),
  "group.consumer.heartbeat.interval.ms": define("int", "5000", {
    documentation: "How often members of consumer groups are told to send a heartbeat.",
    importance: "medium",
    bound: atLeast(1),
  }),
  "group.consumer.min.heartbeat.interval.ms": define("int", "5000", {
    documentation: "The shortest heartbeat interval that a consumer group's own config may set.",
    importance: "medium",
    bound: atLeast(1),
  }),
  "group.consumer.max.heartbeat.interval.ms": define("int", "15000", {
    documentation: "The longest heartbeat interval that a consumer group's own config may set.",
    importance: "medium",
    bound: atLeast(1),
  }),
  "group.consumer.max.size": define("int", "2147483647", {
    documentation: "The most members of a consumer group; a further one is answered with GROUP_MAX_SIZE_REACHED.",
    importance: "medium",
    bound: atLeast(1),
  }),
  "group.consumer.assignors": define("list", "uniform,range", {
    documentation:
      "The server-side assignors, the default one first. Kafka takes class names too; here only its own two by name.",
    importance: "medium",
    bound: { ...listOf(["uniform", "range"]), refuse: (value) => refuseAssignors(value) },
  }),
  "group.consumer.migration.policy": define("string", "bidirectional", {
    documentation:
      "Whether a live classic group becomes a consumer group when the first such member joins (upgrade), and back when the last one leaves (downgrade).",
    importance: "medium",
    bound: oneOf("bidirectional", "upgrade", "downgrade", "disabled"),
  }),
  "group.consumer.assignment.interval.ms": define("int", "1000", {
    documentation: "The shortest time between two target assignments of a consumer group.",
    importance: "medium",
    bound: atLeast(0),
  }),
  "group.consumer.min.assignment.interval.ms": define("int", "0", {
    documentation: "The shortest assignment interval that a consumer group's own config may set.",
    importance: "medium",
    bound: atLeast(0),
  }),
  "group.consumer.max.assignment.interval.ms": define("int", "15000", {
    documentation: "The longest assignment interval that a consumer group's own config may set.",
    importance: "medium",
    bound: atLeast(0),
  }),
  "group.consumer.regex.refresh.interval.ms": define("int", "600000", {
    documentation:
      "How long the topics of a pattern subscription count before they are looked for again; new topics are seen at once.",
    importance: "medium",
    bound: atLeast(10_000),
  }),
  "transaction.state.log.num.partitions": define("int", "50", {
    documentation:
      "The number of partitions of __transaction_state. It counts when the topic is created, at the first use of a transactional id.",
    importance: "high",
    bound: atLeast(1),
  }),
  "transaction.state.log.replication.factor": define("int", "1", {
    documentation: "The number of replicas of __transaction_state when it is created. Kafka's default is 3.",
    importance: "high",
    bound: between(1, 32_767),
  }),
  "transaction.state.log.segment.bytes": define("int", "104857600", {
    documentation: "The size of a segment of __transaction_state.",
    importance: "high",
    bound: atLeast(1),
  }),
  "transaction.state.log.min.isr": define("int", "1", {
    documentation: "min.insync.replicas of __transaction_state when it is created. Kafka's default is 2.",
    importance: "high",
    bound: atLeast(1),
  }),
  "share.coordinator.state.topic.num.partitions": define("int", "50", {
    documentation:
      "The number of partitions of __share_group_state. It counts when the topic is created, when a client first asks for the coordinator of a share partition.",
    importance: "high",
    bound: atLeast(1),
  }),
  "share.coordinator.state.topic.replication.factor": define("int", "1", {
    documentation: "The number of replicas of __share_group_state when it is created. Kafka's default is 3.",
    importance: "high",
    bound: between(1, 32_767),
  }),
  "share.coordinator.state.topic.segment.bytes": define("int", "104857600", {
    documentation: "The size of a segment of __share_group_state.",
    importance: "high",
    bound: atLeast(1),
  }),
  "share.coordinator.state.topic.min.isr": define("int", "1", {
    documentation: "min.insync.replicas of __share_group_state when it is created. Kafka's default is 2.",
    importance: "high",
    bound: atLeast(1),
  }),
  "transaction.max.timeout.ms": define("int", "900000", {
    documentation:
      "The longest transaction timeout that a producer may ask for; a longer one is answered with INVALID_TRANSACTION_TIMEOUT.",
    importance: "high",
    bound: atLeast(1),
  }),
  "transactional.id.expiration.ms": define("int", "604800000", {
    documentation: "How long a transactional id is remembered after its last transaction ended.",
    importance: "high",
    bound: atLeast(1),
  }),
  "transaction.abort.timed.out.transaction.cleanup.interval.ms": define("int", "10000", {
    documentation:
      "How often the coordinator looks for transactions that took longer than their timeout, and aborts them.",
    importance: "low",
    bound: atLeast(1),
  }),
  "transaction.remove.expired.transaction.cleanup.interval.ms": define("int", "3600000", {
    documentation: "How often the coordinator looks for transactional ids that have expired.",
    importance: "low",
    bound: atLeast(1),
  }),
  "transaction.partition.verification.enable": define("boolean", "true", {
    documentation:
      "Whether a partition asks the transaction coordinator before it takes the first records of a producer's transaction (KIP-890).",
    importance: "low",
    update: "cluster-wide",
  }),
};

function refuseAssignors(value: readonly string[]): string | null {
  return listOf(["uniform", "range"]).refuse(value) ?? distinctList(false).refuse(value);
}
