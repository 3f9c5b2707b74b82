// The configs of a topic, each with the broker configs that stand in when the topic does not set it.
// Kafka's LogConfig and ServerTopicConfigSynonyms. The first broker config of a row is the one that can be altered while the broker runs;
// a later one counts only when those before it have no value, after multiplication by its factor (hours and minutes to milliseconds).

import { atLeast, between, define } from "./definition.ts";
import type { ConfigDefinition, ConfigType } from "./definition.ts";
import {
  cleanupPolicies,
  compressionTypes,
  gzipLevels,
  refuseCompaction,
  SEGMENT_BYTES_MINIMUM,
  timestampTypes,
} from "./log-bounds.ts";
import type { BrokerConfigName } from "./tables.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** A broker config that a topic config falls back to. */
export interface BrokerSynonym {
  readonly name: BrokerConfigName;
  readonly factor: number;
}

export interface TopicConfigDefinition<Type extends ConfigType = ConfigType> extends ConfigDefinition<Type, string> {
  readonly synonyms: readonly BrokerSynonym[];
}

export const topicConfigs = {
  "cleanup.policy": topic(
    define("list", "delete", {
      documentation:
        "What happens to old segments: delete removes them by time and size; an empty list keeps everything. Kafka's compact is refused until compaction is there.",
      importance: "medium",
      bound: cleanupPolicies,
      notYet: refuseCompaction,
    }),
    "log.cleanup.policy",
  ),
  "compression.type": topic(
    define("string", "producer", {
      documentation:
        "How batches are compressed on disk: producer keeps what came; another value recompresses batches that differ.",
      importance: "medium",
      bound: compressionTypes,
    }),
    "compression.type",
  ),
  "compression.gzip.level": topic(
    define("int", "-1", {
      documentation: "The level when the broker itself compresses with gzip.",
      importance: "medium",
      bound: gzipLevels,
    }),
    "compression.gzip.level",
  ),
  "compression.lz4.level": topic(
    define("int", "9", {
      documentation: "The level when the broker itself compresses with lz4.",
      importance: "medium",
      bound: between(1, 17),
    }),
    "compression.lz4.level",
  ),
  "compression.zstd.level": topic(
    define("int", "3", {
      documentation: "The level when the broker itself compresses with zstd.",
      importance: "medium",
      bound: between(-131072, 22),
    }),
    "compression.zstd.level",
  ),
  "file.delete.delay.ms": topic(
    define("long", "60000", {
      documentation: "How long the files of a deleted segment stay before they are removed, for reads under way.",
      importance: "medium",
      bound: atLeast(0),
    }),
    "log.segment.delete.delay.ms",
  ),
  "flush.messages": topic(
    define("long", "9223372036854775807", {
      documentation:
        "A partition is flushed to the disk once this many records have gathered, before they are acknowledged: 1 flushes every produce.",
      importance: "medium",
      bound: atLeast(1),
    }),
    "log.flush.interval.messages",
  ),
  "flush.ms": topic(
    define("long", "9223372036854775807", {
      documentation:
        "The longest time that records wait to be flushed to the disk. log.flush.scheduler.interval.ms of the broker sets how often that is looked at.",
      importance: "medium",
      bound: atLeast(0),
    }),
    "log.flush.interval.ms",
    "log.flush.scheduler.interval.ms",
  ),
  "index.interval.bytes": topic(
    define("int", "4096", {
      documentation: "About how many bytes of records lie between two entries of the offset index.",
      importance: "medium",
      bound: atLeast(0),
    }),
    "log.index.interval.bytes",
  ),
  "max.message.bytes": topic(
    define("int", "1048588", {
      documentation: "The largest record batch that is taken, after compression.",
      importance: "medium",
      bound: atLeast(0),
    }),
    "message.max.bytes",
  ),
  "message.timestamp.after.max.ms": topic(
    define("long", "3600000", {
      documentation: "A record whose CreateTime lies further than this ahead of the broker's clock is refused.",
      importance: "medium",
      bound: atLeast(0),
    }),
    "log.message.timestamp.after.max.ms",
  ),
  "message.timestamp.before.max.ms": topic(
    define("long", "9223372036854775807", {
      documentation: "A record whose CreateTime lies further than this behind the broker's clock is refused.",
      importance: "medium",
      bound: atLeast(0),
    }),
    "log.message.timestamp.before.max.ms",
  ),
  "message.timestamp.type": topic(
    define("string", "CreateTime", {
      documentation:
        "Whether a record keeps the timestamp that its producer gave it (CreateTime) or gets the broker's (LogAppendTime).",
      importance: "medium",
      bound: timestampTypes,
    }),
    "log.message.timestamp.type",
  ),
  "min.insync.replicas": topic(
    define("int", "1", {
      documentation: "A produce with acks=all is refused while fewer replicas than this are in sync.",
      importance: "medium",
      bound: atLeast(1),
    }),
    "min.insync.replicas",
  ),
  "retention.bytes": topic(
    define("long", "-1", {
      documentation: "The size a partition may reach before its oldest segments are deleted; -1 sets no limit.",
      importance: "medium",
    }),
    "log.retention.bytes",
  ),
  "retention.ms": topic(
    define("long", "604800000", {
      documentation: "How long records are kept at least; -1 keeps them for ever.",
      importance: "medium",
      bound: atLeast(-1),
    }),
    "log.retention.ms",
    ["log.retention.minutes", MINUTE_MS],
    ["log.retention.hours", HOUR_MS],
  ),
  "segment.bytes": topic(
    define("int", "1073741824", {
      documentation:
        "A segment file that has reached this size is closed and the next one begun. Retention deletes whole segments.",
      importance: "medium",
      bound: atLeast(SEGMENT_BYTES_MINIMUM),
    }),
    "log.segment.bytes",
  ),
  "segment.index.bytes": topic(
    define("int", "10485760", {
      documentation: "The size at which an offset or time index is full, which closes its segment.",
      importance: "medium",
      bound: atLeast(4),
    }),
    "log.index.size.max.bytes",
  ),
  "segment.jitter.ms": topic(
    define("long", "0", {
      documentation: "Up to this much is taken off segment.ms at random, so that partitions do not all roll together.",
      importance: "medium",
      bound: atLeast(0),
    }),
    "log.roll.jitter.ms",
    ["log.roll.jitter.hours", HOUR_MS],
  ),
  "segment.ms": topic(
    define("long", "604800000", {
      documentation: "The age at which a segment is closed though it is not full, so that retention can delete it.",
      importance: "medium",
      bound: atLeast(1),
    }),
    "log.roll.ms",
    ["log.roll.hours", HOUR_MS],
  ),
};

function topic<Type extends ConfigType>(
  definition: ConfigDefinition<Type, string>,
  ...synonyms: readonly (BrokerConfigName | readonly [BrokerConfigName, number])[]
): TopicConfigDefinition<Type> {
  return {
    ...definition,
    update: "cluster-wide",
    synonyms: synonyms.map((synonym) =>
      typeof synonym === "string" ? { name: synonym, factor: 1 } : { name: synonym[0], factor: synonym[1] },
    ),
  };
}
