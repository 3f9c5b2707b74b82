// The tight loop of Produce: goes over the records of one batch, uncompressed, and finds what the broker must know of them
// without making an object, a slice or a string. Reads may run a few bytes past a record that lies about its lengths
// (never past what JavaScript guards); every record must in the end fill its declared length exactly.

/** What a walk found; one object is filled again and again. */
export interface WalkFacts {
  minTimestampDelta: number;
  maxTimestampDelta: number;
  hasNullKey: boolean;
  /** Whether the offset deltas are 0, 1, 2 and so on. */
  offsetsAreSequential: boolean;
}

/** Beyond every buffer: makes the bounds check after a varint that is too long fail. */
const OUTSIDE = 0x7fff_ffff;

/** Where the last long varint ended. */
let cursor = 0;

/**
 * Walks `count` records from `start` to `end` and fills `facts`.
 * Returns null, or what is wrong with their structure in a phrase.
 */
export function walkRecords(bytes: Buffer, start: number, end: number, count: number, facts: WalkFacts): string | null {
  let at = start;
  let minDelta = Number.MAX_SAFE_INTEGER;
  let maxDelta = Number.MIN_SAFE_INTEGER;
  let nullKeys = 0;
  let misplaced = 0;
  for (let index = 0; index < count; index++) {
    let raw = bytes[at++]!;
    if (raw >= 0x80) {
      raw = longVarint(bytes, at, raw);
      at = cursor;
    }
    const length = (raw >>> 1) ^ -(raw & 1);
    if (length < 1 || length > end - at)
      return `record ${index} claims ${length} bytes where ${Math.max(0, end - at)} are left`;
    const recordEnd = at + length;
    at++;
    raw = bytes[at++]!;
    let delta = (raw >>> 1) ^ -(raw & 1);
    if (raw >= 0x80) {
      delta = longVarlong(bytes, at - 1);
      at = cursor;
    }
    if (delta < minDelta) minDelta = delta;
    if (delta > maxDelta) maxDelta = delta;
    raw = bytes[at++]!;
    if (raw >= 0x80) {
      raw = longVarint(bytes, at, raw);
      at = cursor;
    }
    misplaced |= (raw >>> 1) ^ -(raw & 1) ^ index;
    raw = bytes[at++]!;
    if (raw >= 0x80) {
      raw = longVarint(bytes, at, raw);
      at = cursor;
    }
    // Any negative length is null, as in Kafka.
    if ((raw & 1) === 0) at += raw >>> 1;
    else nullKeys++;
    if (at >= recordEnd) return `the key of record ${index} leaves its ${length} bytes`;
    raw = bytes[at++]!;
    if (raw >= 0x80) {
      raw = longVarint(bytes, at, raw);
      at = cursor;
    }
    if ((raw & 1) === 0) at += raw >>> 1;
    if (at >= recordEnd) return `the value of record ${index} leaves its ${length} bytes`;
    raw = bytes[at++]!;
    if (raw !== 0) at = walkHeaders(bytes, at, recordEnd, raw);
    if (at !== recordEnd) return `record ${index} does not fill its ${length} bytes exactly`;
  }
  facts.minTimestampDelta = minDelta;
  facts.maxTimestampDelta = maxDelta;
  facts.hasNullKey = nullKeys > 0;
  facts.offsetsAreSequential = misplaced === 0;
  return at === end ? null : `${end - at} bytes follow the last of ${count} records`;
}

// Where the headers end, OUTSIDE when they do not fit. `first` is the first byte of their number.
function walkHeaders(bytes: Buffer, start: number, end: number, first: number): number {
  let at = start;
  let raw = first;
  if (raw >= 0x80) {
    raw = longVarint(bytes, at, raw);
    at = cursor;
  }
  if ((raw & 1) === 1) return OUTSIDE;
  for (let left = raw >>> 1; left > 0; left--) {
    raw = longVarint(bytes, at + 1, bytes[at]!);
    at = cursor;
    if ((raw & 1) === 1) return OUTSIDE;
    at += raw >>> 1;
    if (at >= end) return OUTSIDE;
    raw = longVarint(bytes, at + 1, bytes[at]!);
    at = cursor;
    if ((raw & 1) === 0) at += raw >>> 1;
    if (at > end) return OUTSIDE;
  }
  return at;
}

// The unsigned value of a varint whose first byte is known and the rest begins at `start`; sets `cursor`.
function longVarint(bytes: Buffer, start: number, first: number): number {
  let at = start;
  let value = first & 0x7f;
  let byte = first;
  for (let shift = 7; byte >= 0x80; shift += 7) {
    if (shift > 28) {
      cursor = OUTSIDE;
      return 0;
    }
    byte = bytes[at++]!;
    value |= (byte & 0x7f) << shift;
  }
  cursor = at;
  return value >>> 0;
}

// The signed value of a varlong at `start`; sets `cursor`. Beyond 2^53 it is inexact, which the timestamp rules refuse anyway.
function longVarlong(bytes: Buffer, start: number): number {
  let byte = bytes[start]!;
  const odd = byte & 1;
  let value = (byte & 0x7f) >>> 1;
  let scale = 64;
  let at = start + 1;
  for (; byte >= 0x80; scale *= 128) {
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
