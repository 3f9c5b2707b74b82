// Where the fields of a record batch lie, and accessors that read them straight from (buffer, position of the batch).
// Magic 2 is the format that is written; of magic 0 and 1 only what the log needs is answered, the way Kafka's
// AbstractLegacyRecordBatch answers it. The caller has made sure that the header is there (see `batchSizeAt`).
// Base offset, length, leader epoch and magic lie outside the checksum: an append patches the first and third in place.

import { crc32c, DecodeError, readInt32, readInt64, writeInt32, writeInt64 } from "@ottla/base";
import { crc32 } from "./crc32.ts";

export const BASE_OFFSET_AT = 0;
export const LENGTH_AT = 8;
export const LEADER_EPOCH_AT = 12;
export const MAGIC_AT = 16;
export const CRC_AT = 17;
export const ATTRIBUTES_AT = 21;
export const LAST_OFFSET_DELTA_AT = 23;
export const BASE_TIMESTAMP_AT = 27;
export const MAX_TIMESTAMP_AT = 35;
export const PRODUCER_ID_AT = 43;
export const PRODUCER_EPOCH_AT = 51;
export const BASE_SEQUENCE_AT = 53;
export const RECORD_COUNT_AT = 57;
/** Size of a magic 2 header, and so of an empty batch. */
export const HEADER_BYTES = 61;
/** Where the records of a magic 2 batch begin. */
export const RECORDS_AT = HEADER_BYTES;

/** Base offset and length, in front of what the length counts. */
export const LOG_OVERHEAD = 12;
/** What must be there to know a batch's size and format. */
export const HEADER_UP_TO_MAGIC = 17;
/** The smallest length field: a magic 0 record without key and value. */
export const SMALLEST_LENGTH = 14;

export const LEGACY_CRC_AT = 12;
export const LEGACY_ATTRIBUTES_AT = 17;
export const LEGACY_TIMESTAMP_AT = 18;

export const COMPRESSION_MASK = 0x07;
export const TIMESTAMP_TYPE_FLAG = 0x08;
export const TRANSACTIONAL_FLAG = 0x10;
export const CONTROL_FLAG = 0x20;
export const DELETE_HORIZON_FLAG = 0x40;

export const NO_TIMESTAMP = -1;
export const NO_PRODUCER_ID = -1;
export const NO_PRODUCER_EPOCH = -1;
export const NO_SEQUENCE = -1;
export const NO_LEADER_EPOCH = -1;
const INT32_MAX = 0x7fff_ffff;

/** `batchSizeAt` found fewer bytes than the batch has. */
export const BATCH_INCOMPLETE = 0;
/** `batchSizeAt` found a length or magic that no batch has. */
export const BATCH_CORRUPT = -1;

/** Size of the batch at `position` in bytes, BATCH_INCOMPLETE or BATCH_CORRUPT (Kafka's ByteBufferLogInputStream). */
export function batchSizeAt(buffer: Buffer, position: number, end = buffer.length): number {
  const left = end - position;
  if (left < LOG_OVERHEAD) return BATCH_INCOMPLETE;
  const length = readInt32(buffer, position + LENGTH_AT);
  if (length < SMALLEST_LENGTH || length > INT32_MAX - LOG_OVERHEAD) return BATCH_CORRUPT;
  if (left < HEADER_UP_TO_MAGIC) return BATCH_INCOMPLETE;
  if (buffer[position + MAGIC_AT]! > 2) return BATCH_CORRUPT;
  return left < length + LOG_OVERHEAD ? BATCH_INCOMPLETE : length + LOG_OVERHEAD;
}

/** For magic 0 and 1 this is the offset of the last record, as the field means there. */
export function baseOffset(buffer: Buffer, position: number): number {
  return readInt64(buffer, position + BASE_OFFSET_AT);
}

/** What the length field holds: the bytes after it. */
export function batchLength(buffer: Buffer, position: number): number {
  return readInt32(buffer, position + LENGTH_AT);
}

export function sizeInBytes(buffer: Buffer, position: number): number {
  return LOG_OVERHEAD + readInt32(buffer, position + LENGTH_AT);
}

export function magic(buffer: Buffer, position: number): number {
  return buffer[position + MAGIC_AT]!;
}

export function partitionLeaderEpoch(buffer: Buffer, position: number): number {
  return magic(buffer, position) < 2 ? NO_LEADER_EPOCH : readInt32(buffer, position + LEADER_EPOCH_AT);
}

/** The stored checksum, unsigned: CRC-32C for magic 2, CRC-32 before. */
export function crc(buffer: Buffer, position: number): number {
  return readInt32(buffer, position + (magic(buffer, position) < 2 ? LEGACY_CRC_AT : CRC_AT)) >>> 0;
}

/** Kafka uses the lower byte only. */
export function attributes(buffer: Buffer, position: number): number {
  return buffer[position + (magic(buffer, position) < 2 ? LEGACY_ATTRIBUTES_AT : ATTRIBUTES_AT + 1)]!;
}

/** The codec's id; 5 to 7 name nothing. */
export function compressionType(buffer: Buffer, position: number): number {
  return attributes(buffer, position) & COMPRESSION_MASK;
}

export function timestampType(buffer: Buffer, position: number): "CreateTime" | "LogAppendTime" {
  return (attributes(buffer, position) & TIMESTAMP_TYPE_FLAG) === 0 ? "CreateTime" : "LogAppendTime";
}

export function isTransactional(buffer: Buffer, position: number): boolean {
  return magic(buffer, position) >= 2 && (attributes(buffer, position) & TRANSACTIONAL_FLAG) !== 0;
}

export function isControl(buffer: Buffer, position: number): boolean {
  return magic(buffer, position) >= 2 && (attributes(buffer, position) & CONTROL_FLAG) !== 0;
}

export function lastOffsetDelta(buffer: Buffer, position: number): number {
  return magic(buffer, position) < 2 ? 0 : readInt32(buffer, position + LAST_OFFSET_DELTA_AT);
}

export function lastOffset(buffer: Buffer, position: number): number {
  return baseOffset(buffer, position) + lastOffsetDelta(buffer, position);
}

/** With DELETE_HORIZON_FLAG set this field is the compaction's delete horizon, and deltas still count from it. */
export function baseTimestamp(buffer: Buffer, position: number): number {
  return readInt64(buffer, position + BASE_TIMESTAMP_AT);
}

export function maxTimestamp(buffer: Buffer, position: number): number {
  const format = magic(buffer, position);
  if (format === 0) return NO_TIMESTAMP;
  return readInt64(buffer, position + (format === 1 ? LEGACY_TIMESTAMP_AT : MAX_TIMESTAMP_AT));
}

export function producerId(buffer: Buffer, position: number): number {
  return magic(buffer, position) < 2 ? NO_PRODUCER_ID : readInt64(buffer, position + PRODUCER_ID_AT);
}

export function producerEpoch(buffer: Buffer, position: number): number {
  return magic(buffer, position) < 2 ? NO_PRODUCER_EPOCH : buffer.readInt16BE(position + PRODUCER_EPOCH_AT);
}

export function baseSequence(buffer: Buffer, position: number): number {
  return magic(buffer, position) < 2 ? NO_SEQUENCE : readInt32(buffer, position + BASE_SEQUENCE_AT);
}

export function lastSequence(buffer: Buffer, position: number): number {
  const first = baseSequence(buffer, position);
  return first === NO_SEQUENCE ? NO_SEQUENCE : incrementSequence(first, lastOffsetDelta(buffer, position));
}

/** As the header states it; -1 for magic 0 and 1, whose headers do not. */
export function recordCount(buffer: Buffer, position: number): number {
  return magic(buffer, position) < 2 ? -1 : readInt32(buffer, position + RECORD_COUNT_AT);
}

export function setBaseOffset(buffer: Buffer, position: number, offset: number): void {
  writeInt64(buffer, position + BASE_OFFSET_AT, offset);
}

export function setPartitionLeaderEpoch(buffer: Buffer, position: number, epoch: number): void {
  writeInt32(buffer, position + LEADER_EPOCH_AT, epoch);
}

/** Whether the batch at `position` matches its checksum; too short a batch does not. */
export function verifyCrc(buffer: Buffer, position: number): boolean {
  const end = position + sizeInBytes(buffer, position);
  if (magic(buffer, position) < 2) {
    return crc(buffer, position) === crc32(buffer.subarray(position + LEGACY_CRC_AT + 4, end));
  }
  if (end - position < HEADER_BYTES) return false;
  return crc(buffer, position) === crc32c(buffer.subarray(position + ATTRIBUTES_AT, end));
}

/** Computes and stores the checksum of the magic 2 batch at `position`. */
export function writeCrc(buffer: Buffer, position: number): void {
  const end = position + sizeInBytes(buffer, position);
  writeInt32(buffer, position + CRC_AT, crc32c(buffer.subarray(position + ATTRIBUTES_AT, end)) | 0);
}

/** Sequence numbers run to 2^31 - 1 and go on at 0 (Kafka's DefaultRecordBatch). */
export function incrementSequence(sequence: number, increment: number): number {
  const sum = sequence + increment;
  return sum > INT32_MAX ? sum - INT32_MAX - 1 : sum;
}

/** The inverse of incrementSequence. */
export function decrementSequence(sequence: number, decrement: number): number {
  return sequence < decrement ? INT32_MAX - (decrement - sequence) + 1 : sequence - decrement;
}

/** Calls `visit` for each whole batch in turn, until it returns false; returns where the batches end. A corrupt one throws DecodeError. */
export function forEachBatch(
  buffer: Buffer,
  visit: (position: number, sizeInBytes: number) => boolean | void,
  start = 0,
  end = buffer.length,
): number {
  let position = start;
  for (;;) {
    const size = batchSizeAt(buffer, position, end);
    if (size === BATCH_CORRUPT)
      throw new DecodeError(`no record batch at ${position}: its length or magic is not valid`);
    if (size === BATCH_INCOMPLETE || visit(position, size) === false) return position;
    position += size;
  }
}
