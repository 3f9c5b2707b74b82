// Reads magic 0 and 1: one record a batch, or a compressed wrapper record whose value holds the inner records.
// In a magic 1 wrapper the inner offsets are relative and the wrapper carries the offset of the last (KIP-31); in a magic 0
// wrapper they are absolute. Kafka's AbstractLegacyRecordBatch is the model. Nothing here writes these formats.

import { DecodeError, readInt32, readInt64 } from "@ottla/base";
import { compressionName, decompress } from "../compression/index.ts";
import * as batchFormat from "./batch-format.ts";
import type { BatchRecord, RecordHeader } from "./record.ts";

/** Bytes of a batch with one record without key and value, by magic. */
const SMALLEST_BATCH = [26, 34] as const;
const NO_HEADERS: RecordHeader[] = [];

interface LegacyRecord {
  offset: number;
  magic: number;
  compressionId: number;
  appendTime: boolean;
  timestamp: number;
  key: Buffer | null;
  value: Buffer | null;
}

/**
 * The records of the batch at `position`, in order; `limitBytes` bounds the decompressed size.
 * @throws DecodeError
 */
export function* readLegacyRecords(
  buffer: Buffer,
  position: number,
  limitBytes: number,
): Generator<BatchRecord, void, undefined> {
  const outer = readOne(buffer, position, position + batchFormat.sizeInBytes(buffer, position));
  if (outer.compressionId === 0) {
    yield toBatchRecord(outer, outer.offset, outer.timestamp);
    return;
  }
  const inner = readWrapped(outer, limitBytes);
  const base = outer.magic === 1 ? relativeBase(outer.offset, inner.at(-1)!.offset) : 0;
  for (const record of inner) {
    if (record.compressionId !== 0) throw new DecodeError("a record inside a compressed record is compressed itself");
    const timestamp = record.magic === 1 && outer.appendTime ? outer.timestamp : record.timestamp;
    yield toBatchRecord(record, base + record.offset, timestamp);
  }
}

function readWrapped(outer: LegacyRecord, limitBytes: number): LegacyRecord[] {
  const name = compressionName(outer.compressionId);
  if (name === null || name === "zstd")
    throw new DecodeError(`compression ${outer.compressionId} does not exist in magic ${outer.magic}`);
  if (outer.value === null) throw new DecodeError("a compressed record without a value");
  const bytes = decompress(name, outer.value, limitBytes, outer.magic);
  const inner: LegacyRecord[] = [];
  const end = batchFormat.forEachBatch(bytes, (position, size) => {
    inner.push(readOne(bytes, position, position + size));
  });
  if (inner.length === 0) throw new DecodeError(`a compressed record with no record inside its ${end} bytes`);
  return inner;
}

// Some versions of librdkafka produced wrappers with offset 0, which then says nothing.
function relativeBase(wrapperOffset: number, lastInnerOffset: number): number {
  if (wrapperOffset === 0) return 0;
  if (wrapperOffset < lastInnerOffset)
    throw new DecodeError(`wrapper offset ${wrapperOffset} is below its last inner offset ${lastInnerOffset}`);
  return wrapperOffset - lastInnerOffset;
}

function readOne(buffer: Buffer, position: number, end: number): LegacyRecord {
  const magic = batchFormat.magic(buffer, position);
  if (magic > 1) throw new DecodeError(`magic ${magic} inside a record of an older format`);
  if (end - position < SMALLEST_BATCH[magic]!)
    throw new DecodeError(`a magic ${magic} record of ${end - position} bytes`);
  const attributes = batchFormat.attributes(buffer, position);
  const keyAt = position + batchFormat.LEGACY_TIMESTAMP_AT + (magic === 1 ? 8 : 0);
  const key = nullableAt(buffer, keyAt, end);
  const valueAt = keyAt + 4 + (key?.length ?? 0);
  const value = nullableAt(buffer, valueAt, end);
  if (valueAt + 4 + (value?.length ?? 0) !== end) throw new DecodeError("a record's key and value do not fill it");
  return {
    offset: readInt64(buffer, position),
    magic,
    compressionId: attributes & batchFormat.COMPRESSION_MASK,
    appendTime: (attributes & batchFormat.TIMESTAMP_TYPE_FLAG) !== 0,
    timestamp: batchFormat.maxTimestamp(buffer, position),
    key,
    value,
  };
}

function nullableAt(buffer: Buffer, at: number, end: number): Buffer | null {
  if (end - at < 4) throw new DecodeError("a record is cut before a length");
  const length = readInt32(buffer, at);
  if (length < 0) return null;
  if (length > end - at - 4) throw new DecodeError(`${length} bytes of key or value, ${end - at - 4} left`);
  return buffer.subarray(at + 4, at + 4 + length);
}

function toBatchRecord(record: LegacyRecord, offset: number, timestamp: number): BatchRecord {
  return {
    offset,
    timestamp,
    key: record.key,
    value: record.value,
    headers: NO_HEADERS,
    sequence: batchFormat.NO_SEQUENCE,
  };
}
