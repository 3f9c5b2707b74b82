// The broker's log configs: defaults for topics that do not override them, and the pace of the log's background work.
// Names, types, defaults and bounds are those of Kafka's ServerLogConfigs and LogConfig; the words are ours.

import { atLeast, between, define, distinctList } from "./definition.ts";
import {
  cleanupPolicies,
  compressionTypes,
  gzipLevels,
  refuseCompaction,
  SEGMENT_BYTES_MINIMUM,
  timestampTypes,
} from "./log-bounds.ts";

export const brokerLogConfigs = {
  "log.dir": define("list", "./data", {
    documentation:
      "The folder that holds the logs when log.dirs is not set. Exactly one. Kafka's default is /tmp/kafka-logs; Ottla's is a folder that a reboot does not empty.",
    importance: "high",
    bound: distinctList(false),
    notYet: refuseSeveralFolders,
  }),
  "log.dirs": define("list", null, {
    documentation:
      "The folder that holds the logs; goes before log.dir. Exactly one: several folders in one broker are not there yet.",
    importance: "high",
    bound: distinctList(false),
    notYet: refuseSeveralFolders,
  }),
  "log.segment.bytes": define("int", "1073741824", {
    documentation: "A segment file that has reached this size is closed and the next one begun.",
    importance: "high",
    update: "cluster-wide",
    bound: atLeast(SEGMENT_BYTES_MINIMUM),
  }),
  "log.roll.ms": define("long", null, {
    documentation:
      "The age at which a segment is closed though it is not full, in milliseconds. When not set, log.roll.hours counts.",
    importance: "high",
    update: "cluster-wide",
    bound: atLeast(1),
  }),
  "log.roll.hours": define("int", "168", {
    documentation: "The age at which a segment is closed though it is not full, in hours, when log.roll.ms is not set.",
    importance: "high",
    bound: atLeast(1),
  }),
  "log.roll.jitter.ms": define("long", null, {
    documentation:
      "Up to this much is taken off the roll age at random, so that partitions do not all roll together. When not set, log.roll.jitter.hours counts.",
    importance: "high",
    update: "cluster-wide",
    bound: atLeast(0),
  }),
  "log.roll.jitter.hours": define("int", "0", {
    documentation: "Up to this many hours are taken off the roll age at random, when log.roll.jitter.ms is not set.",
    importance: "high",
    bound: atLeast(0),
  }),
  "log.retention.ms": define("long", null, {
    documentation:
      "How long records are kept at least, in milliseconds; -1 keeps them for ever. When not set, log.retention.minutes counts.",
    importance: "high",
    update: "cluster-wide",
    bound: { describe: "[1,...] or -1", refuse: refuseRetention },
  }),
  "log.retention.minutes": define("int", null, {
    documentation:
      "How long records are kept at least, in minutes, when log.retention.ms is not set. When not set either, log.retention.hours counts.",
    importance: "high",
    bound: { describe: "[1,...] or negative", refuse: refuseZeroRetention },
  }),
  "log.retention.hours": define("int", "168", {
    documentation:
      "How long records are kept at least, in hours, when neither log.retention.ms nor log.retention.minutes is set. A negative number keeps them for ever.",
    importance: "high",
    bound: { describe: "[1,...] or negative", refuse: refuseZeroRetention },
  }),
  "log.retention.bytes": define("long", "-1", {
    documentation:
      "The size a partition may reach before its oldest segments are deleted; -1 sets no limit. It counts for each partition, not for a topic.",
    importance: "high",
    update: "cluster-wide",
  }),
  "log.retention.check.interval.ms": define("long", "300000", {
    documentation: "How often the broker looks for segments that retention allows to delete.",
    importance: "medium",
    bound: atLeast(1),
  }),
  "log.cleanup.policy": define("list", "delete", {
    documentation:
      "What happens to old segments: delete removes them by time and size; an empty list keeps everything. Kafka's compact is refused until compaction is there.",
    importance: "medium",
    update: "cluster-wide",
    bound: cleanupPolicies,
    notYet: refuseCompaction,
  }),
  "log.index.size.max.bytes": define("int", "10485760", {
    documentation: "The size at which an offset or time index is full, which closes its segment.",
    importance: "medium",
    update: "cluster-wide",
    bound: atLeast(4),
  }),
  "log.index.interval.bytes": define("int", "4096", {
    documentation:
      "About how many bytes of records lie between two entries of the offset index. Fewer make reads land closer and indexes larger.",
    importance: "medium",
    update: "cluster-wide",
    bound: atLeast(0),
  }),
  "log.flush.interval.messages": define("long", "9223372036854775807", {
    documentation:
      "A partition is flushed to the disk once this many records have gathered, before they are acknowledged. The default leaves flushing to the operating system.",
    importance: "high",
    update: "cluster-wide",
    bound: atLeast(1),
  }),
  "log.flush.interval.ms": define("long", null, {
    documentation:
      "The longest time that records of a partition wait to be flushed to the disk. When not set, log.flush.scheduler.interval.ms counts.",
    importance: "high",
    update: "cluster-wide",
    bound: atLeast(0),
  }),
  "log.flush.scheduler.interval.ms": define("long", "9223372036854775807", {
    documentation:
      "How often the broker looks for partitions whose flush time has come. The default never looks, so log.flush.interval.ms and flush.ms need this one too.",
    importance: "high",
    bound: atLeast(1),
  }),
  "log.flush.offset.checkpoint.interval.ms": define("int", "60000", {
    documentation:
      "How often the offsets up to which the logs are on the disk are written down; recovery after a crash begins there.",
    importance: "high",
    bound: atLeast(0),
  }),
  "log.flush.start.offset.checkpoint.interval.ms": define("int", "60000", {
    documentation: "How often the offsets at which the logs begin are written down.",
    importance: "high",
    bound: atLeast(0),
  }),
  "replica.high.watermark.checkpoint.interval.ms": define("long", "5000", {
    documentation: "How often the high watermarks, up to which consumers may read, are written down.",
    importance: "high",
    bound: atLeast(1),
  }),
  "log.segment.delete.delay.ms": define("long", "60000", {
    documentation:
      "How long the files of a deleted segment or topic stay before they are removed, for reads under way.",
    importance: "high",
    update: "cluster-wide",
    bound: atLeast(0),
  }),
  "log.message.timestamp.type": define("string", "CreateTime", {
    documentation:
      "Whether a record keeps the timestamp that its producer gave it (CreateTime) or gets the broker's (LogAppendTime).",
    importance: "medium",
    update: "cluster-wide",
    bound: timestampTypes,
  }),
  "log.message.timestamp.before.max.ms": define("long", "9223372036854775807", {
    documentation: "A record whose CreateTime lies further than this behind the broker's clock is refused.",
    importance: "medium",
    update: "cluster-wide",
    bound: atLeast(0),
  }),
  "log.message.timestamp.after.max.ms": define("long", "3600000", {
    documentation: "A record whose CreateTime lies further than this ahead of the broker's clock is refused.",
    importance: "medium",
    update: "cluster-wide",
    bound: atLeast(0),
  }),
  "message.max.bytes": define("int", "1048588", {
    documentation: "The largest record batch that is taken, after compression.",
    importance: "high",
    update: "cluster-wide",
    bound: atLeast(0),
  }),
  "compression.type": define("string", "producer", {
    documentation:
      "How batches are compressed on disk: producer keeps what came; another value recompresses batches that differ.",
    importance: "high",
    update: "cluster-wide",
    bound: compressionTypes,
  }),
  "compression.gzip.level": define("int", "-1", {
    documentation: "The level when the broker itself compresses with gzip.",
    importance: "medium",
    update: "cluster-wide",
    bound: gzipLevels,
  }),
  "compression.lz4.level": define("int", "9", {
    documentation: "The level when the broker itself compresses with lz4.",
    importance: "medium",
    update: "cluster-wide",
    bound: between(1, 17),
  }),
  "compression.zstd.level": define("int", "3", {
    documentation: "The level when the broker itself compresses with zstd.",
    importance: "medium",
    update: "cluster-wide",
    bound: between(-131072, 22),
  }),
  "min.insync.replicas": define("int", "1", {
    documentation: "A produce with acks=all is refused while fewer replicas than this are in sync.",
    importance: "high",
    update: "cluster-wide",
    bound: atLeast(1),
  }),
  "producer.id.expiration.ms": define("int", "86400000", {
    documentation: "How long a partition remembers an idempotent producer that sends nothing.",
    importance: "low",
    bound: atLeast(1),
  }),
};

function refuseSeveralFolders(folders: readonly string[]): string | null {
  return folders.length > 1 ? "one folder only; several in one broker are not there yet" : null;
}

function refuseRetention(value: number): string | null {
  return value === -1 || value >= 1 ? null : "it must be at least 1, or -1 for no limit";
}

function refuseZeroRetention(value: number): string | null {
  return value === 0 ? "it must be at least 1, or negative for no limit" : null;
}
