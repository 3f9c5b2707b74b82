// Reads the records of one batch of any magic, decompressing when needed. For consumers inside the broker (coordinators loading,
// compaction, tools), not for the produce path, which walks records without making objects (validate-records.ts).

import { ByteReader, DecodeError } from "@ottla/base";
import { compressionName, decompress } from "../compression/index.ts";
import * as batchFormat from "./batch-format.ts";
import { readLegacyRecords } from "./read-legacy-records.ts";
import type { BatchRecord, RecordHeader } from "./record.ts";

/** What one batch may decompress to when the caller names no limit. */
export const DEFAULT_DECOMPRESSED_BYTES_LIMIT = 128 * 1024 * 1024;

const NO_HEADERS: RecordHeader[] = [];

/**
 * The records of the whole batch at `position`, in order.
 * @throws DecodeError when the batch does not hold what its header says. The checksum is not looked at.
 */
export function* readRecords(
  buffer: Buffer,
  position = 0,
  limitBytes = DEFAULT_DECOMPRESSED_BYTES_LIMIT,
): Generator<BatchRecord, void, undefined> {
  if (batchFormat.batchSizeAt(buffer, position) <= 0) throw new DecodeError(`no whole record batch at ${position}`);
  if (batchFormat.magic(buffer, position) < 2) {
    yield* readLegacyRecords(buffer, position, limitBytes);
    return;
  }
  const count = batchFormat.recordCount(buffer, position);
  if (count < 0) throw new DecodeError(`a batch of ${count} records`);
  const reader = new ByteReader(recordsOf(buffer, position, limitBytes));
  const facts = batchFacts(buffer, position);
  for (let index = 0; index < count; index++) yield readRecord(reader, facts);
  if (reader.remaining() !== 0) throw new DecodeError(`${reader.remaining()} bytes after the batch's last record`);
}

/**
 * The bytes of a magic 2 batch's records, decompressed when they are not plain (then a copy).
 * @throws DecodeError
 */
export function recordsOf(buffer: Buffer, position: number, limitBytes: number): Buffer {
  const size = batchFormat.sizeInBytes(buffer, position);
  if (size < batchFormat.HEADER_BYTES) throw new DecodeError(`a batch of ${size} bytes is shorter than its header`);
  const name = compressionName(batchFormat.compressionType(buffer, position));
  if (name === null) throw new DecodeError("the batch's compression type is unknown");
  return decompress(name, buffer.subarray(position + batchFormat.HEADER_BYTES, position + size), limitBytes);
}

interface BatchFacts {
  baseOffset: number;
  baseTimestamp: number;
  /** The timestamp of every record when the log's append time rules, else null. */
  logAppendTime: number | null;
  baseSequence: number;
}

function batchFacts(buffer: Buffer, position: number): BatchFacts {
  const appendTime = batchFormat.timestampType(buffer, position) === "LogAppendTime";
  return {
    baseOffset: batchFormat.baseOffset(buffer, position),
    baseTimestamp: batchFormat.baseTimestamp(buffer, position),
    logAppendTime: appendTime ? batchFormat.maxTimestamp(buffer, position) : null,
    baseSequence: batchFormat.baseSequence(buffer, position),
  };
}

function readRecord(reader: ByteReader, batch: BatchFacts): BatchRecord {
  const length = reader.varint();
  const end = reader.offset + length;
  if (length < 0 || length > reader.remaining())
    throw new DecodeError(`a record of ${length} bytes, ${reader.remaining()} left`);
  reader.skip(1);
  const timestampDelta = reader.varlong();
  const offsetDelta = reader.varint();
  const record = {
    offset: batch.baseOffset + offsetDelta,
    timestamp: batch.logAppendTime ?? batch.baseTimestamp + timestampDelta,
    key: readNullable(reader),
    value: readNullable(reader),
    headers: readHeaders(reader),
    sequence: batch.baseSequence < 0 ? -1 : batchFormat.incrementSequence(batch.baseSequence, offsetDelta),
  };
  if (reader.offset !== end) throw new DecodeError(`a record of ${length} bytes ends ${reader.offset - end} bytes off`);
  return record;
}

function readNullable(reader: ByteReader): Buffer | null {
  const length = reader.varint();
  return length < 0 ? null : reader.bytes(length);
}

function readHeaders(reader: ByteReader): RecordHeader[] {
  const count = reader.varint();
  if (count === 0) return NO_HEADERS;
  if (count < 0 || count > reader.remaining()) throw new DecodeError(`${count} headers in ${reader.remaining()} bytes`);
  const headers: RecordHeader[] = [];
  for (let index = 0; index < count; index++) {
    const keyLength = reader.varint();
    if (keyLength < 0) throw new DecodeError("a header without a key");
    headers.push({ key: reader.utf8(keyLength), value: readNullable(reader) });
  }
  return headers;
}
