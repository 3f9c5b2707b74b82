// Names of configs as Kafka 4.3 has them, for usage texts and for what Kafka's commands check before they ask a broker.

/** LogConfig.nonInternalConfigNames */
export const topicConfigNames: readonly string[] = [
  "cleanup.policy",
  "compression.gzip.level",
  "compression.lz4.level",
  "compression.type",
  "compression.zstd.level",
  "delete.retention.ms",
  "file.delete.delay.ms",
  "flush.messages",
  "flush.ms",
  "follower.replication.throttled.replicas",
  "index.interval.bytes",
  "leader.replication.throttled.replicas",
  "local.retention.bytes",
  "local.retention.ms",
  "max.compaction.lag.ms",
  "max.message.bytes",
  "message.timestamp.after.max.ms",
  "message.timestamp.before.max.ms",
  "message.timestamp.type",
  "min.cleanable.dirty.ratio",
  "min.compaction.lag.ms",
  "min.insync.replicas",
  "preallocate",
  "remote.log.copy.disable",
  "remote.log.delete.on.disable",
  "remote.storage.enable",
  "retention.bytes",
  "retention.ms",
  "segment.bytes",
  "segment.index.bytes",
  "segment.jitter.ms",
  "segment.ms",
  "unclean.leader.election.enable",
];

/** QuotaConfig.userAndClientQuotaConfigs */
export const clientQuotaNames: readonly string[] = [
  "consumer_byte_rate",
  "controller_mutation_rate",
  "producer_byte_rate",
  "request_percentage",
];

/** QuotaConfig.ipConfigs */
export const ipQuotaNames: readonly string[] = ["connection_creation_rate"];

export const scramMechanisms: readonly string[] = ["SCRAM-SHA-256", "SCRAM-SHA-512"];
