// The settings of one log, as plain values: Kafka's topic configs with camel case names and units last.
// Where they come from (topic, broker, defaults) is the business of the metadata package's config table.

export interface LogConfig {
  /** segment.bytes: a segment that would grow beyond this is rolled. */
  segmentBytes: number;
  /** segment.ms: a segment whose first batch is older than this, by record time, is rolled by the next append. */
  segmentMs: number;
  /** segment.jitter.ms: each segment rolls earlier by a random part of this. */
  segmentJitterMs: number;
  /** segment.index.bytes: the most an index file may take; a full index rolls the segment. */
  segmentIndexBytes: number;
  /** index.interval.bytes: an index entry is added when more than this was appended since the last. */
  indexIntervalBytes: number;
  /** flush.messages: the answer to an append waits for the disk when this many records are unflushed. */
  flushMessages: number;
  /** flush.ms: unflushed records are flushed after this time. */
  flushMs: number;
  /** retention.ms; -1 keeps everything. */
  retentionMs: number;
  /** retention.bytes; -1 keeps everything. */
  retentionBytes: number;
  /** file.delete.delay.ms: how long renamed files stay for readers that still have them open. */
  fileDeleteDelayMs: number;
  /** max.message.bytes: the largest batch. */
  maxMessageBytes: number;
  compressionType: "producer" | "none" | "gzip" | "snappy" | "lz4" | "zstd";
  /** compression.gzip.level, compression.lz4.level, compression.zstd.level. */
  compressionLevels: { gzip: number; lz4: number; zstd: number };
  timestampType: "CreateTime" | "LogAppendTime";
  timestampBeforeMaxMs: number;
  timestampAfterMaxMs: number;
  /** cleanup.policy contains compact. */
  compacted: boolean;
  /** cleanup.policy contains delete. */
  deleted: boolean;
}
