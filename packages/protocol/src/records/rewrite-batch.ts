// The changes that a broker makes to a producer's batch: the timestamps of its header, and its compression when the topic wants another.
// In-place changes touch the header only and renew the checksum when something under it changed.

import { readInt32, writeInt32, writeInt64 } from "@ottla/base";
import type { CompressionName } from "../compression/index.ts";
import { compressionId } from "../compression/index.ts";
import * as batchFormat from "./batch-format.ts";
import { compressRecords } from "./record-batch-builder.ts";

/** Flags that survive a rewrite; bit 7 and the upper byte are unused and cleared, as Kafka clears them. */
const KEPT_FLAGS =
  batchFormat.COMPRESSION_MASK |
  batchFormat.TRANSACTIONAL_FLAG |
  batchFormat.CONTROL_FLAG |
  batchFormat.DELETE_HORIZON_FLAG;

export interface HeaderTimestamps {
  appendTime: boolean;
  maxTimestamp: number;
}

/** Sets timestamp type and maximum in place, and the checksum when that changes anything (DefaultRecordBatch.setMaxTimestamp). */
export function setTimestamps(buffer: Buffer, position: number, timestamps: HeaderTimestamps): void {
  const attributes = batchFormat.attributes(buffer, position);
  const isAppendTime = (attributes & batchFormat.TIMESTAMP_TYPE_FLAG) !== 0;
  if (isAppendTime === timestamps.appendTime && hasMaxTimestamp(buffer, position, timestamps.maxTimestamp)) return;
  writeTimestamps(buffer, position, timestamps);
  batchFormat.writeCrc(buffer, position);
}

/**
 * A new batch with the same header and the plain `records`, compressed as `target`.
 * @param records the decompressed records, whose offset deltas are in order.
 */
export function recompressed(
  batch: Buffer,
  records: Buffer,
  target: CompressionName,
  level: number | null,
  timestamps: HeaderTimestamps,
): Buffer {
  const plain = Buffer.allocUnsafe(batchFormat.HEADER_BYTES + records.length);
  records.copy(plain, batchFormat.HEADER_BYTES);
  const result = compressRecords(plain, target, level);
  batch.copy(result, 0, 0, batchFormat.HEADER_BYTES);
  writeInt32(result, batchFormat.LENGTH_AT, result.length - batchFormat.LOG_OVERHEAD);
  writeTimestamps(result, 0, timestamps);
  result[batchFormat.ATTRIBUTES_AT + 1] =
    (result[batchFormat.ATTRIBUTES_AT + 1]! & ~batchFormat.COMPRESSION_MASK) | compressionId(target);
  batchFormat.writeCrc(result, 0);
  return result;
}

function hasMaxTimestamp(buffer: Buffer, position: number, maxTimestamp: number): boolean {
  const at = position + batchFormat.MAX_TIMESTAMP_AT;
  const high = Math.floor(maxTimestamp / 0x1_0000_0000);
  return readInt32(buffer, at) === high && readInt32(buffer, at + 4) >>> 0 === maxTimestamp - high * 0x1_0000_0000;
}

function writeTimestamps(buffer: Buffer, position: number, timestamps: HeaderTimestamps): void {
  const flags = batchFormat.attributes(buffer, position) & KEPT_FLAGS;
  buffer[position + batchFormat.ATTRIBUTES_AT] = 0;
  buffer[position + batchFormat.ATTRIBUTES_AT + 1] =
    flags | (timestamps.appendTime ? batchFormat.TIMESTAMP_TYPE_FLAG : 0);
  writeInt64(buffer, position + batchFormat.MAX_TIMESTAMP_AT, timestamps.maxTimestamp);
}
