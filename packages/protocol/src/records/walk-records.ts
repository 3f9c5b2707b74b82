// The tight loop of Produce: goes over the records of one batch, uncompressed, and finds what the broker must know of them
// without making an object, a slice or a string. Reads may run a few bytes past a record that lies about its lengths
// (never past what JavaScript guards); every record must in the end fill its declared length exactly.
// Varints of two bytes are taken apart in place, five times over: calling a helper costs a quarter of the whole walk.

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

/** Where the last varint of three or more bytes ended. */
let cursor = 0;

/**
 * Walks `count` records from `start` to `end` and fills `facts`. Any negative length of a key or value is null, as in Kafka.
 * Returns null, or what is wrong with their structure in a phrase.
 */
export function walkRecords(bytes: Buffer, start: number, end: number, count: number, facts: WalkFacts): string | null {
  let at = start;
  let minDelta = 0;
  let maxDelta = 0;
  let nullKeys = 0;
  let misplaced = 0;
  for (let index = 0; index < count; index++) {
    let raw = bytes[at++]!;
    if (raw >= 0x80) {
      const second = bytes[at++]!;
      if (second >= 0x80) {
        raw = longVarint(bytes, at, raw, second);
        at = cursor;
      } else raw = (raw & 0x7f) | (second << 7);
    }
    const length = (raw >>> 1) ^ -(raw & 1);
    if (length < 1 || length > end - at) return `record ${index} claims ${length} bytes where ${end - at} are left`;
    const recordEnd = at + length;
    at++;
    raw = bytes[at++]!;
    let delta = (raw >>> 1) ^ -(raw & 1);
    if (raw >= 0x80) {
      const second = bytes[at++]!;
      if (second >= 0x80) {
        delta = longVarlong(bytes, at - 2);
        at = cursor;
      } else {
        raw = (raw & 0x7f) | (second << 7);
        delta = (raw >>> 1) ^ -(raw & 1);
      }
    }
    if (index === 0) minDelta = maxDelta = delta;
    else if (delta < minDelta) minDelta = delta;
    else if (delta > maxDelta) maxDelta = delta;
    raw = bytes[at++]!;
    if (raw >= 0x80) {
      const second = bytes[at++]!;
      if (second >= 0x80) {
        raw = longVarint(bytes, at, raw, second);
        at = cursor;
      } else raw = (raw & 0x7f) | (second << 7);
    }
    misplaced |= (raw >>> 1) ^ -(raw & 1) ^ index;
    raw = bytes[at++]!;
    if (raw >= 0x80) {
      const second = bytes[at++]!;
      if (second >= 0x80) {
        raw = longVarint(bytes, at, raw, second);
        at = cursor;
      } else raw = (raw & 0x7f) | (second << 7);
    }
    if ((raw & 1) === 0) at += raw >>> 1;
    else nullKeys++;
    if (at >= recordEnd) return `the key of record ${index} leaves its ${length} bytes`;
    raw = bytes[at++]!;
    if (raw >= 0x80) {
      const second = bytes[at++]!;
      if (second >= 0x80) {
        raw = longVarint(bytes, at, raw, second);
        at = cursor;
      } else raw = (raw & 0x7f) | (second << 7);
    }
    if ((raw & 1) === 0) at += raw >>> 1;
    if (at >= recordEnd) return `the value of record ${index} leaves its ${length} bytes`;
    if (bytes[at++] !== 0) at = walkHeaders(bytes, at - 1, recordEnd);
    if (at !== recordEnd) return `record ${index} does not fill its ${length} bytes exactly`;
  }
  note(facts, minDelta, maxDelta, nullKeys > 0, misplaced === 0);
  return at === end ? null : `${end - at} bytes follow the last of ${count} records`;
}

function note(facts: WalkFacts, minDelta: number, maxDelta: number, hasNullKey: boolean, sequential: boolean): void {
  facts.minTimestampDelta = minDelta;
  facts.maxTimestampDelta = maxDelta;
  facts.hasNullKey = hasNullKey;
  facts.offsetsAreSequential = sequential;
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

// The unsigned value of the varint at `at`, of any length; sets `cursor`.
function varint(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  if (first >= 0x80) return longVarint(bytes, at + 2, first, bytes[at + 1]!);
  cursor = at + 1;
  return first;
}

// The unsigned value of a varint whose first two bytes are known and the rest begins at `start`; sets `cursor`.
function longVarint(bytes: Buffer, start: number, first: number, second: number): number {
  let at = start;
  let value = (first & 0x7f) | ((second & 0x7f) << 7);
  let byte = second;
  for (let shift = 14; byte >= 0x80; shift += 7) {
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

// The signed value of the varlong at `start`; sets `cursor`. Beyond 2^53 it is inexact, which the timestamp rules refuse anyway.
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
