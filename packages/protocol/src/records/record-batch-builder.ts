// Builds one magic 2 record batch. For records that the broker itself writes (coordinators, metadata, markers), for compaction and for
// batches that have to be written anew; what producers send is appended as it came. The result belongs to the caller of `build`.

import { assert, ByteWriter, writeInt32, writeInt64 } from "@ottla/base";
import type { CompressionName } from "../compression/index.ts";
import { compress, compressionId } from "../compression/index.ts";
import * as batchFormat from "./batch-format.ts";
import type { RecordHeader } from "./record.ts";

export interface BatchOptions {
  /** Offset of the first record; appends to a log patch it afterwards. Default 0. */
  baseOffset?: number;
  /** Default -1. */
  partitionLeaderEpoch?: number;
  /** Default none. */
  compression?: CompressionName;
  /** null, the default, means Kafka's default of the codec. */
  compressionLevel?: number | null;
  /** When given, the batch has LogAppendTime with this time; otherwise CreateTime. */
  logAppendTimeMs?: number;
  producerId?: number;
  producerEpoch?: number;
  baseSequence?: number;
  isTransactional?: boolean;
  isControl?: boolean;
}

export interface RecordToAppend {
  /** Milliseconds since 1970, or -1 for none. */
  timestamp: number;
  key?: Buffer | null;
  value?: Buffer | null;
  headers?: readonly RecordHeader[];
  /** Default: one more than the record before. Only ever larger than that (compacted logs have gaps). */
  offset?: number;
}

export class RecordBatchBuilder {
  private readonly options: BatchOptions;
  private readonly writer = new ByteWriter(1024);
  private readonly base: number;
  private nextOffset: number;
  private count = 0;
  private baseTimestamp = batchFormat.NO_TIMESTAMP;
  private maxTimestamp = batchFormat.NO_TIMESTAMP;

  constructor(options: BatchOptions = {}) {
    assert(
      options.isTransactional !== true || (options.producerId ?? -1) >= 0,
      "a transactional batch has a producer id",
    );
    this.options = options;
    this.base = options.baseOffset ?? 0;
    this.nextOffset = this.base;
    this.writer.reserve(batchFormat.HEADER_BYTES);
  }

  get recordCount(): number {
    return this.count;
  }

  /** Bytes so far, before compression. */
  sizeInBytes(): number {
    return this.writer.size();
  }

  append(record: RecordToAppend): void {
    const offset = record.offset ?? this.nextOffset;
    assert(
      offset >= this.nextOffset && offset - this.base <= 0x7fff_ffff,
      "offsets in a batch rise and stay within its range",
    );
    if (this.count === 0) this.baseTimestamp = record.timestamp;
    if (record.timestamp > this.maxTimestamp) this.maxTimestamp = record.timestamp;
    writeRecord(this.writer, record, offset - this.base, record.timestamp - this.baseTimestamp);
    this.nextOffset = offset + 1;
    this.count++;
  }

  /** The finished batch; the builder must not be used afterwards. */
  build(): Buffer {
    assert(this.count > 0, "a batch has at least one record");
    const plain = this.writer.toBuffer();
    const batch = compressRecords(plain, this.options.compression ?? "none", this.options.compressionLevel ?? null);
    const { logAppendTimeMs } = this.options;
    writeBatchHeader(batch, {
      ...this.options,
      baseOffset: this.base,
      lastOffsetDelta: this.nextOffset - 1 - this.base,
      baseTimestamp: this.baseTimestamp,
      maxTimestamp: logAppendTimeMs ?? this.maxTimestamp,
      recordCount: this.count,
    });
    return batch;
  }
}

export interface HeaderFields extends BatchOptions {
  baseOffset: number;
  lastOffsetDelta: number;
  baseTimestamp: number;
  maxTimestamp: number;
  recordCount: number;
}

/** Writes all header fields at the front of `batch`, the length from its size, and the checksum. */
export function writeBatchHeader(batch: Buffer, fields: HeaderFields): void {
  writeInt64(batch, batchFormat.BASE_OFFSET_AT, fields.baseOffset);
  writeInt32(batch, batchFormat.LENGTH_AT, batch.length - batchFormat.LOG_OVERHEAD);
  writeInt32(batch, batchFormat.LEADER_EPOCH_AT, fields.partitionLeaderEpoch ?? batchFormat.NO_LEADER_EPOCH);
  batch[batchFormat.MAGIC_AT] = 2;
  batch[batchFormat.ATTRIBUTES_AT] = 0;
  batch[batchFormat.ATTRIBUTES_AT + 1] = attributesOf(fields);
  writeInt32(batch, batchFormat.LAST_OFFSET_DELTA_AT, fields.lastOffsetDelta);
  writeInt64(batch, batchFormat.BASE_TIMESTAMP_AT, fields.baseTimestamp);
  writeInt64(batch, batchFormat.MAX_TIMESTAMP_AT, fields.maxTimestamp);
  writeInt64(batch, batchFormat.PRODUCER_ID_AT, fields.producerId ?? batchFormat.NO_PRODUCER_ID);
  batch.writeInt16BE(fields.producerEpoch ?? batchFormat.NO_PRODUCER_EPOCH, batchFormat.PRODUCER_EPOCH_AT);
  writeInt32(batch, batchFormat.BASE_SEQUENCE_AT, fields.baseSequence ?? batchFormat.NO_SEQUENCE);
  writeInt32(batch, batchFormat.RECORD_COUNT_AT, fields.recordCount);
  batchFormat.writeCrc(batch, 0);
}

/** A batch buffer whose records are compressed, its header yet to be written; `plain` itself for none. */
export function compressRecords(plain: Buffer, name: CompressionName, level: number | null): Buffer {
  if (name === "none") return plain;
  const records = compress(name, level, plain.subarray(batchFormat.HEADER_BYTES));
  const batch = Buffer.allocUnsafe(batchFormat.HEADER_BYTES + records.length);
  records.copy(batch, batchFormat.HEADER_BYTES);
  return batch;
}

function attributesOf(fields: BatchOptions): number {
  return (
    compressionId(fields.compression ?? "none") |
    (fields.logAppendTimeMs === undefined ? 0 : batchFormat.TIMESTAMP_TYPE_FLAG) |
    (fields.isTransactional === true ? batchFormat.TRANSACTIONAL_FLAG : 0) |
    (fields.isControl === true ? batchFormat.CONTROL_FLAG : 0)
  );
}

function writeRecord(writer: ByteWriter, record: RecordToAppend, offsetDelta: number, timestampDelta: number): void {
  const headers = record.headers ?? [];
  writer.varint(bodySize(record, headers, offsetDelta, timestampDelta));
  writer.int8(0);
  writer.varlong(timestampDelta);
  writer.varint(offsetDelta);
  writeNullable(writer, record.key ?? null);
  writeNullable(writer, record.value ?? null);
  writer.varint(headers.length);
  for (const header of headers) {
    const keyLength = Buffer.byteLength(header.key);
    writer.varint(keyLength);
    writer.utf8(header.key, keyLength);
    writeNullable(writer, header.value);
  }
}

function writeNullable(writer: ByteWriter, bytes: Buffer | null): void {
  if (bytes === null) {
    writer.varint(-1);
    return;
  }
  writer.varint(bytes.length);
  writer.bytes(bytes);
}

function bodySize(
  record: RecordToAppend,
  headers: readonly RecordHeader[],
  offsetDelta: number,
  timestampDelta: number,
): number {
  let size = 1 + varlongSize(timestampDelta) + varlongSize(offsetDelta) + varlongSize(headers.length);
  size += nullableSize(record.key ?? null) + nullableSize(record.value ?? null);
  for (const header of headers) {
    const keyLength = Buffer.byteLength(header.key);
    size += varlongSize(keyLength) + keyLength + nullableSize(header.value);
  }
  return size;
}

function nullableSize(bytes: Buffer | null): number {
  return bytes === null ? 1 : varlongSize(bytes.length) + bytes.length;
}

/** Bytes of the zigzag varint or varlong of this number. */
function varlongSize(value: number): number {
  let rest = value < 0 ? -(value + 1) : value;
  let size = 1;
  for (rest = Math.floor(rest / 64); rest > 0; rest = Math.floor(rest / 128)) size++;
  return size;
}
