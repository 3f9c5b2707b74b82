// Writes one record of a magic 2 batch into a buffer: the hottest code of the producer. One pass, nothing allocated; strings go
// straight into the buffer. All sizes are first taken as if text were ASCII, and corrected afterwards when it was not.
// The caller has made sure that `largestSize` (or `exactSize`) bytes are there. See KIP-98 for the format.

import type { HeadersToSend, HeaderValue } from "../records.ts";

/** What keys and values are when they are written: text as UTF-8, null as Kafka's null. */
export type Data = Uint8Array | string | null;

/** Header keys and values in turn: key, value, key, value. */
export type FlatHeaders = readonly Data[];

/** What is written of a record. */
export interface RecordFields {
  readonly key: Data;
  readonly value: Data;
  readonly headers: FlatHeaders | null;
}

/** Length, attributes, timestamp delta, offset delta, lengths of key and value, header count: at their longest. */
const LARGEST_OVERHEAD = 5 + 1 + 10 + 5 + 5 + 5 + 5;
const LARGEST_UTF8_UNIT = 3;
/** Up to this length a loop over characters beats the native call. */
const SHORT_TEXT = 20;
const NULL_LENGTH = 1;

/** Writes the record at `at`; returns where it ends. */
export function writeRecord(
  buffer: Buffer,
  at: number,
  record: RecordFields,
  timestampDelta: number,
  offsetDelta: number,
): number {
  const { headers } = record;
  const assumed =
    1 +
    varlongSize(timestampDelta) +
    unsignedSize(offsetDelta * 2) +
    fieldSize(record.key) +
    fieldSize(record.value) +
    (headers === null ? 1 : headersSize(headers));
  const bodyAt = writeUnsigned(buffer, at, assumed * 2);
  buffer[bodyAt] = 0;
  let position = writeVarlong(buffer, bodyAt + 1, timestampDelta);
  position = writeUnsigned(buffer, position, offsetDelta * 2);
  position = writeField(buffer, position, record.key);
  position = writeField(buffer, position, record.value);
  if (headers === null) buffer[position++] = 0;
  else position = writeHeaders(buffer, position, headers);
  return position - bodyAt === assumed ? position : correctLength(buffer, at, bodyAt, position);
}

/** No record of these fields is larger. Cheap: text is not looked at. */
export function largestSize(record: RecordFields): number {
  let size = LARGEST_OVERHEAD + largestFieldSize(record.key) + largestFieldSize(record.value);
  if (record.headers !== null) for (const each of record.headers) size += 5 + largestFieldSize(each);
  return size;
}

/** The exact size, or a few bytes more: for records that `largestSize` says may not fit. */
export function exactSize(record: RecordFields): number {
  let size = LARGEST_OVERHEAD + byteLength(record.key) + byteLength(record.value);
  if (record.headers !== null) for (const each of record.headers) size += 5 + byteLength(each);
  return size;
}

/** Bytes of the data itself. */
export function byteLength(data: Data): number {
  if (data === null) return 0;
  return typeof data === "string" ? Buffer.byteLength(data) : data.length;
}

/** Headers as the writer takes them; null for none. Several values of one name keep their order. */
export function flattenHeaders(headers: HeadersToSend | undefined): Data[] | null {
  if (headers === undefined) return null;
  const flat: Data[] = [];
  if (Array.isArray(headers)) {
    for (const [name, value] of headers as readonly (readonly [string, HeaderValue])[]) flat.push(name, value ?? null);
  } else {
    for (const name of Object.keys(headers)) {
      const value = (headers as Record<string, HeaderValue | readonly HeaderValue[]>)[name]!;
      if (Array.isArray(value)) for (const each of value as readonly HeaderValue[]) flat.push(name, each);
      else flat.push(name, (value as HeaderValue) ?? null);
    }
  }
  return flat.length === 0 ? null : flat;
}

/** A varint of a number that is not negative, zigzag already applied by the caller. */
export function writeUnsigned(buffer: Uint8Array, at: number, value: number): number {
  if (value < 0x80) {
    buffer[at] = value;
    return at + 1;
  }
  if (value < 0x4000) {
    buffer[at] = (value & 0x7f) | 0x80;
    buffer[at + 1] = value >>> 7;
    return at + 2;
  }
  let rest = value;
  let position = at;
  while (rest >= 0x80) {
    buffer[position++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[position++] = rest;
  return position;
}

/** A zigzag varlong; small ones, nearly all, need no division. */
export function writeVarlong(buffer: Uint8Array, at: number, value: number): number {
  if (value >= 0 && value < 0x2000_0000) return writeUnsigned(buffer, at, value * 2);
  const sign = value < 0 ? 1 : 0;
  let rest = sign === 1 ? -(value + 1) : value;
  const first = (rest % 64) * 2 + sign;
  rest = Math.floor(rest / 64);
  let position = at;
  buffer[position++] = rest > 0 ? first | 0x80 : first;
  while (rest > 0) {
    const bits = rest % 128;
    rest = Math.floor(rest / 128);
    buffer[position++] = rest > 0 ? bits | 0x80 : bits;
  }
  return position;
}

/** Bytes of a varint of this unsigned number below 2^31. */
export function unsignedSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

function varlongSize(value: number): number {
  if (value >= 0 && value < 0x2000_0000) return unsignedSize(value * 2);
  let rest = Math.floor((value < 0 ? -(value + 1) : value) / 64);
  let size = 1;
  for (; rest > 0; rest = Math.floor(rest / 128)) size++;
  return size;
}

function fieldSize(data: Data): number {
  if (data === null) return 1;
  const { length } = data;
  return unsignedSize(length * 2) + length;
}

function largestFieldSize(data: Data): number {
  if (data === null) return 0;
  return typeof data === "string" ? data.length * LARGEST_UTF8_UNIT : data.length;
}

function headersSize(headers: FlatHeaders): number {
  let size = unsignedSize(headers.length);
  for (const each of headers) size += fieldSize(each);
  return size;
}

// The count is zigzag as well: headers.length is twice the number of headers, which is just that.
function writeHeaders(buffer: Buffer, at: number, headers: FlatHeaders): number {
  let position = writeUnsigned(buffer, at, headers.length);
  for (const each of headers) position = writeField(buffer, position, each);
  return position;
}

function writeField(buffer: Buffer, at: number, data: Data): number {
  if (data === null) {
    buffer[at] = NULL_LENGTH;
    return at + 1;
  }
  if (typeof data === "string") return writeText(buffer, at, data);
  const position = writeUnsigned(buffer, at, data.length * 2);
  buffer.set(data, position);
  return position + data.length;
}

function writeText(buffer: Buffer, at: number, text: string): number {
  const { length } = text;
  if (length <= SHORT_TEXT && writeAscii(buffer, at + 1, text)) {
    buffer[at] = length * 2;
    return at + 1 + length;
  }
  const width = unsignedSize(length * 2);
  const written = buffer.write(text, at + width);
  if (written !== length) {
    const needed = unsignedSize(written * 2);
    if (needed !== width) buffer.copyWithin(at + needed, at + width, at + width + written);
  }
  return writeUnsigned(buffer, at, written * 2) + written;
}

function writeAscii(buffer: Buffer, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return false;
    buffer[at + index] = unit;
  }
  return true;
}

// Text was not ASCII: the length in front is wrong, and may need another byte.
function correctLength(buffer: Buffer, at: number, bodyAt: number, end: number): number {
  const size = end - bodyAt;
  const width = unsignedSize(size * 2);
  if (at + width !== bodyAt) buffer.copyWithin(at + width, bodyAt, end);
  writeUnsigned(buffer, at, size * 2);
  return at + width + size;
}
