// The tight loop of reading: turns the uncompressed records of a magic 2 batch into FetchedRecords, some at a time. Every record must fill its length exactly and lie within the batch, so
// that what is read lazily later (key, value, headers) cannot go wrong. Kafka's DefaultRecord.readFrom is the model.

import { DecodeError } from "@ottla/base";
import type { BatchOrigin } from "./fetched-record.ts";
import { FetchedRecord } from "./fetched-record.ts";

/** Beyond every buffer: makes the bounds check after a varint that is too long fail. */
const OUTSIDE = 0x7fff_ffff;

/** Where the last varint ended. */
let cursor = 0;

/** Reads a batch's records from front to back, in slices. */
export class RecordDecoder {
  private readonly origin: BatchOrigin;
  private readonly end: number;
  private readonly count: number;
  /** With the log's append time all records have the batch's. */
  private readonly ignoreTimestamps: boolean;
  private at: number;
  private index = 0;

  constructor(origin: BatchOrigin, options: { start: number; end: number; count: number; ignoreTimestamps: boolean }) {
    this.origin = origin;
    this.at = options.start;
    this.end = options.end;
    this.count = options.count;
    this.ignoreTimestamps = options.ignoreTimestamps;
  }

  get done(): boolean {
    return this.index === this.count;
  }

  /**
   * Adds at most `most` records to `records`, leaving out those below `fromOffset`; returns the bytes they take.
   * @throws DecodeError at a record that is not well formed; those before it have been added, and it will be met again.
   */
  read(records: FetchedRecord[], most: number, fromOffset: number): number {
    const { origin, end, count, ignoreTimestamps } = this;
    const bytes = origin.bytes;
    const fromDelta = fromOffset - origin.baseOffset;
    const limit = records.length + most;
    const started = this.at;
    let at = started;
    let index = this.index;
    while (index < count && records.length < limit) {
      let raw = varint(bytes, at);
      const length = (raw >>> 1) ^ -(raw & 1);
      if (length < 1 || length > end - cursor)
        throw malformed(index, `claims ${length} bytes where ${end - cursor} are left`);
      const recordEnd = cursor + length;
      const timestampDelta = varlong(bytes, cursor + 1);
      raw = varint(bytes, cursor);
      const offsetDelta = (raw >>> 1) ^ -(raw & 1);
      raw = varint(bytes, cursor);
      const keyAt = cursor;
      const keyLength = (raw >>> 1) ^ -(raw & 1);
      at = keyLength > 0 ? keyAt + keyLength : keyAt;
      if (at >= recordEnd) throw malformed(index, `has a key that leaves its ${length} bytes`);
      raw = varint(bytes, at);
      const valueAt = cursor;
      const valueLength = (raw >>> 1) ^ -(raw & 1);
      at = valueLength > 0 ? valueAt + valueLength : valueAt;
      if (at >= recordEnd) throw malformed(index, `has a value that leaves its ${length} bytes`);
      const headersAt = bytes[at] === 0 ? -1 : at;
      at = headersAt === -1 ? at + 1 : walkHeaders(bytes, at, recordEnd);
      if (at !== recordEnd) throw malformed(index, `does not fill its ${length} bytes exactly`);
      this.index = ++index;
      this.at = at;
      if (offsetDelta < fromDelta) continue;
      const time = ignoreTimestamps ? 0 : timestampDelta;
      records.push(new FetchedRecord(origin, offsetDelta, time, keyAt, keyLength, valueAt, valueLength, headersAt));
    }
    if (index === count && at !== end)
      throw new DecodeError(`${end - at} bytes follow the last of the batch's ${count} records`);
    return at - started;
  }
}

function malformed(index: number, what: string): DecodeError {
  return new DecodeError(`record ${index} of the batch ${what}`);
}

// Where the headers end, OUTSIDE when they do not fit. Their number is at `start`.
function walkHeaders(bytes: Buffer, start: number, end: number): number {
  let raw = varint(bytes, start);
  if ((raw & 1) === 1) return OUTSIDE;
  for (let left = raw >>> 1; left > 0; left--) {
    raw = varint(bytes, cursor);
    if ((raw & 1) === 1) return OUTSIDE;
    const valueAt = cursor + (raw >>> 1);
    if (valueAt >= end) return OUTSIDE;
    raw = varint(bytes, valueAt);
    if ((raw & 1) === 0) cursor += raw >>> 1;
    if (cursor > end) return OUTSIDE;
  }
  return cursor;
}

// The unsigned value of the varint at `at`; sets `cursor`. Small, so that it is inlined.
function varint(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  if (first >= 0x80) return longVarint(bytes, at);
  cursor = at + 1;
  return first;
}

// The signed value of the varlong at `at`; sets `cursor`.
function varlong(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  if (first >= 0x80) return longVarlong(bytes, at);
  cursor = at + 1;
  return (first >>> 1) ^ -(first & 1);
}

// The unsigned value of a varint of two bytes or more; sets `cursor`.
function longVarint(bytes: Buffer, start: number): number {
  const second = bytes[start + 1]!;
  let value = (bytes[start]! & 0x7f) | ((second & 0x7f) << 7);
  let at = start + 2;
  if (second >= 0x80) {
    for (let shift = 14; ; shift += 7) {
      if (shift > 28) {
        cursor = OUTSIDE;
        return 0;
      }
      const byte = bytes[at++]!;
      value |= (byte & 0x7f) << shift;
      if (!(byte >= 0x80)) break;
    }
  }
  cursor = at;
  return value >>> 0;
}

// The signed value of the varlong at `start`; sets `cursor`. Beyond 2^53 it is inexact.
function longVarlong(bytes: Buffer, start: number): number {
  let at = start + 1;
  let byte = bytes[start]!;
  const odd = byte & 1;
  let value = (byte & 0x7f) >>> 1;
  for (let scale = 64; byte >= 0x80; scale *= 128) {
    if (at - start > 9) {
      cursor = OUTSIDE;
      return 0;
    }
    byte = bytes[at++]!;
    value += (byte & 0x7f) * scale;
  }
  cursor = at;
  return odd === 1 ? -value - 1 : value;
}
