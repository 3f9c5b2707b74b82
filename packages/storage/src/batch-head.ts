// The head of a record batch as it lies in a segment: just what finding, indexing and recovery need, in all three formats.
// Reads from a buffer, decodes no record. In the old formats (magic 0 and 1) an entry is a single record or a compressed
// wrapper; its offset field is its last offset, and its checksum is CRC-32 over what follows.

import type { crc32 as Crc32 } from "node:zlib";
import { crc32c, DecodeError, readInt32, readInt64 } from "@ottla/base";

/** Offset and size: in front of every batch, not counted in its length field. */
export const LOG_OVERHEAD_BYTES = 12;
/** What must be read to know a batch: the head of magic 2. */
export const BATCH_HEAD_BYTES = 61;

const LEADER_EPOCH_AT = 12;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const LAST_OFFSET_DELTA_AT = 23;
const MAX_TIMESTAMP_AT = 35;
const PRODUCER_ID_AT = 43;
const CONTROL_FLAG = 0x20;
const LEGACY_CRC_AT = 12;
const LEGACY_TIMESTAMP_AT = 18;
const LEGACY_MIN_BYTES = 26;

export class BatchHead {
  /** Where in the file the batch begins. */
  position = 0;
  sizeInBytes = 0;
  magic = 2;
  /** For magic 0 and 1 the same as lastOffset: the first is known only after decompression. */
  baseOffset = 0;
  lastOffset = 0;
  /** -1 for magic 0 and 1. */
  leaderEpoch = -1;
  /** -1 for magic 0. */
  maxTimestamp = -1;
  /** Whether an idempotent or transactional producer wrote it. */
  hasProducerId = false;
  isControl = false;

  /** Reads the head at `at`; `available` bytes lie there. False when they are too few or cannot be a batch. */
  read(buffer: Buffer, at: number, available: number): boolean {
    if (available < MAGIC_AT + 1) return false;
    this.sizeInBytes = readInt32(buffer, at + 8) + LOG_OVERHEAD_BYTES;
    this.magic = buffer[at + MAGIC_AT]!;
    try {
      return this.magic === 2
        ? this.readCurrent(buffer, at, available)
        : this.magic < 2 && this.readLegacy(buffer, at, available);
    } catch (error) {
      // A field that is no safe number: no batch that was ever appended has one.
      if (error instanceof DecodeError) return false;
      throw error;
    }
  }

  private readCurrent(buffer: Buffer, at: number, available: number): boolean {
    if (available < BATCH_HEAD_BYTES || this.sizeInBytes < BATCH_HEAD_BYTES) return false;
    this.baseOffset = readInt64(buffer, at);
    const lastOffsetDelta = readInt32(buffer, at + LAST_OFFSET_DELTA_AT);
    this.lastOffset = this.baseOffset + lastOffsetDelta;
    this.leaderEpoch = readInt32(buffer, at + LEADER_EPOCH_AT);
    this.maxTimestamp = readInt64(buffer, at + MAX_TIMESTAMP_AT);
    this.hasProducerId = buffer[at + PRODUCER_ID_AT]! < 0x80;
    this.isControl = (buffer[at + ATTRIBUTES_AT + 1]! & CONTROL_FLAG) !== 0;
    return this.baseOffset >= 0 && lastOffsetDelta >= 0;
  }

  private readLegacy(buffer: Buffer, at: number, available: number): boolean {
    if (available < LEGACY_MIN_BYTES || this.sizeInBytes < LEGACY_MIN_BYTES) return false;
    this.baseOffset = readInt64(buffer, at);
    this.lastOffset = this.baseOffset;
    this.leaderEpoch = -1;
    this.hasProducerId = false;
    this.isControl = false;
    this.maxTimestamp = this.magic === 1 ? readInt64(buffer, at + LEGACY_TIMESTAMP_AT) : -1;
    return this.baseOffset >= 0;
  }
}

/** Checks a batch's bytes piece by piece, so that a batch larger than the read buffer needs no memory of its own size. */
export class BatchChecksum {
  private expected = 0;
  private sum = 0;
  private legacy = false;

  /** `piece` is the beginning of the batch, at least BATCH_HEAD_BYTES or the whole. */
  begin(piece: Buffer, magic: number): void {
    this.legacy = magic < 2;
    const crcAt = this.legacy ? LEGACY_CRC_AT : CRC_AT;
    this.expected = readInt32(piece, crcAt) >>> 0;
    this.sum = 0;
    this.add(piece.subarray(this.legacy ? MAGIC_AT : ATTRIBUTES_AT));
  }

  add(piece: Buffer): void {
    this.sum = this.legacy ? crc32Of(piece, this.sum) : crc32c(piece, this.sum);
  }

  matches(): boolean {
    return this.sum === this.expected;
  }
}

// Loaded here, because logs of the current format do not need zlib.
function crc32Of(piece: Buffer, seed: number): number {
  const zlib = process.getBuiltinModule("node:zlib") as { crc32: typeof Crc32 };
  return zlib.crc32(piece, seed);
}
