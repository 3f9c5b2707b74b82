// Builds one valid record batch (magic 2, no compression, no producer id) of a wanted size, for the load generator to send over and over.
// Layout: https://kafka.apache.org/documentation/#recordbatch

import { ByteWriter, crc32c, SeededRandom } from "@ottla/base";

export const BATCH_HEADER_BYTES = 61;

const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const LAST_OFFSET_DELTA_AT = 23;

export interface PrebuiltBatch {
  bytes: Buffer;
  recordCount: number;
}

/** As many records with values of `recordBytes` as fit into `batchBytes`, at least one, at most `records`; all stamped `timestampMs`. */
export function buildBatch(options: {
  recordBytes: number;
  batchBytes: number;
  timestampMs: number;
  records?: number;
}): PrebuiltBatch {
  const value = letters(options.recordBytes);
  const limit = options.records ?? Number.POSITIVE_INFINITY;
  const writer = new ByteWriter(Math.max(Number.isFinite(options.batchBytes) ? options.batchBytes : 0, 1024));
  writer.bytes(Buffer.alloc(BATCH_HEADER_BYTES));
  let recordCount = 0;
  for (;;) {
    const record = encodeRecord(value, recordCount);
    if (recordCount > 0 && writer.offset + record.length > options.batchBytes) break;
    if (recordCount === limit) break;
    writer.bytes(record);
    recordCount++;
  }
  const bytes = writer.toBuffer();
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeInt32BE(-1, 12);
  bytes[MAGIC_AT] = 2;
  bytes.writeInt32BE(recordCount - 1, LAST_OFFSET_DELTA_AT);
  bytes.writeBigInt64BE(BigInt(options.timestampMs), 27);
  bytes.writeBigInt64BE(BigInt(options.timestampMs), 35);
  bytes.fill(0xff, 43, 57); // producer id, producer epoch and base sequence: -1, none
  bytes.writeInt32BE(recordCount, 57);
  bytes.writeUInt32BE(crc32c(bytes.subarray(ATTRIBUTES_AT)), CRC_AT);
  return { bytes, recordCount };
}

/** Whole size of the batch whose header begins at `at`. */
export function batchBytesAt(buffer: Buffer, at: number): number {
  return 12 + buffer.readInt32BE(at + 8);
}

/** The offset after the last record of the batch whose header begins at `at`. */
export function nextOffsetAt(buffer: Buffer, at: number): number {
  return (
    buffer.readInt32BE(at) * 2 ** 32 + buffer.readUInt32BE(at + 4) + buffer.readInt32BE(at + LAST_OFFSET_DELTA_AT) + 1
  );
}

/** True when the checksum of the batch that fills `batch` is right. */
export function checksumHolds(batch: Buffer): boolean {
  return crc32c(batch.subarray(ATTRIBUTES_AT)) === batch.readUInt32BE(CRC_AT);
}

function encodeRecord(value: Buffer, offsetDelta: number): Buffer {
  const body = new ByteWriter(value.length + 32);
  body.int8(0);
  body.varint(0);
  body.varint(offsetDelta);
  body.varint(-1);
  body.varint(value.length);
  body.bytes(value);
  body.varint(0);
  const record = new ByteWriter(body.offset + 8);
  record.varint(body.offset);
  record.bytes(body.toBuffer());
  return record.toBuffer();
}

function letters(length: number): Buffer {
  const random = new SeededRandom(1);
  const value = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at++) value[at] = 65 + random.below(26);
  return value;
}
