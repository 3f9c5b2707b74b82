// Texts and Uuids that come in again and again (topic names, client ids, topic ids) are given out as the same string each time:
// no allocation, and a string whose hash is known already when it is looked up in a Map.
// Two direct-mapped tables of fixed size; a newcomer takes the place of whoever was there. Nothing depends on what they hold.

import { readInt32, ZERO_UUID } from "@ottla/base";

const TABLE_SIZE = 1024;
const LONGEST_TEXT_BYTES = 32;

const texts: string[] = Array.from({ length: TABLE_SIZE }, () => "");

/** The UTF-8 text between `start` and `end`. */
export function internText(buffer: Buffer, start: number, end: number): string {
  const length = end - start;
  if (length > LONGEST_TEXT_BYTES) return buffer.toString("utf8", start, end);
  let hash = length;
  for (let at = start; at < end; at++) {
    const byte = buffer[at]!;
    if (byte >= 0x80) return buffer.toString("utf8", start, end);
    hash = Math.imul(hash ^ byte, 0x0100_0193);
  }
  const slot = (hash ^ (hash >>> 15)) & (TABLE_SIZE - 1);
  const known = texts[slot]!;
  if (known.length === length && isAt(buffer, start, known)) return known;
  return (texts[slot] = buffer.toString("latin1", start, end));
}

interface KnownUuid {
  word0: number;
  word1: number;
  word2: number;
  word3: number;
  text: string;
}

const uuids: KnownUuid[] = Array.from({ length: TABLE_SIZE }, () => ({
  word0: 0,
  word1: 0,
  word2: 0,
  word3: 0,
  text: ZERO_UUID,
}));

/** The 16 bytes at `at` in Kafka's 22 characters. */
export function internUuid(buffer: Buffer, at: number): string {
  const word0 = readInt32(buffer, at);
  const word1 = readInt32(buffer, at + 4);
  const word2 = readInt32(buffer, at + 8);
  const word3 = readInt32(buffer, at + 12);
  const hash = Math.imul(word0 ^ (word1 >>> 3) ^ word2 ^ Math.imul(word3, 0x9e37_79b1), 0x85eb_ca6b);
  const known = uuids[(hash >>> 16) & (TABLE_SIZE - 1)]!;
  if (known.word0 === word0 && known.word1 === word1 && known.word2 === word2 && known.word3 === word3) {
    return known.text;
  }
  known.word0 = word0;
  known.word1 = word1;
  known.word2 = word2;
  known.word3 = word3;
  return (known.text = buffer.toString("base64url", at, at + 16));
}

function isAt(buffer: Buffer, start: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (buffer[start + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}
