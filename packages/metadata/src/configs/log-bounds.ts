// Bounds that a broker config and the topic config that overrides it share.

import { listOf, oneOf } from "./definition.ts";
import type { ConfigBound } from "./definition.ts";

/** The smallest segment that Kafka 4 lets a user ask for. */
export const SEGMENT_BYTES_MINIMUM = 1024 * 1024;

export const compressionTypes = oneOf("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer");
export const timestampTypes = oneOf("CreateTime", "LogAppendTime");
export const cleanupPolicies = listOf(["compact", "delete"]);

export const gzipLevels: ConfigBound<number> = {
  describe: "[1,...,9] or -1",
  refuse: (value) =>
    value === -1 || (value >= 1 && value <= 9) ? null : "it must be from 1 to 9, or -1 for the library's default",
};

/** Compaction is a later piece of work: a topic that asks for it would grow for ever without a word. */
export function refuseCompaction(policies: readonly string[]): string | null {
  return policies.includes("compact") ? "log compaction is not there yet; only delete is" : null;
}
