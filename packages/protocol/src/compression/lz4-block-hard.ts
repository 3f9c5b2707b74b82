// Raw LZ4 blocks with a deeper search than the native fast mode: what compression.lz4.level other than 9 asks for (in Kafka,
// lz4-java's high compressor). Hash chains over one block of at most 64 KB, matches taken lazily. Slower than native code,
// which has no such mode; the output is ordinary LZ4 that every reader takes.

import { assert } from "@ottla/base";

const MAX_BLOCK_BYTES = 64 * 1024;
const MIN_MATCH = 4;
/** The format's rules for a block's end: the last 5 bytes are literals, and no match starts in the last 12. */
const LAST_LITERALS = 5;
const MATCH_START_MARGIN = 12;
const HASH_BITS = 15;
/** Candidates tried for one position at level 10 and above; each level below halves it. */
const MAX_ATTEMPTS = 1024;
const NONE = -1;

const heads = new Int32Array(1 << HASH_BITS);
const chain = new Int32Array(MAX_BLOCK_BYTES);

/** What the last search found; module state so that searching allocates nothing. */
let foundAt = NONE;

/** The compressed block, without any size in front. It may be longer than the source. */
export function compressLz4BlockHard(source: Buffer, level: number): Buffer {
  assert(source.length <= MAX_BLOCK_BYTES, "a block for the hard LZ4 mode is at most 64 KB");
  heads.fill(NONE);
  const attempts = Math.max(2, Math.min(MAX_ATTEMPTS, 2 ** level));
  const target = Buffer.allocUnsafe(source.length + Math.ceil(source.length / 255) + 16);
  const lastStart = source.length - MATCH_START_MARGIN;
  let written = 0;
  let anchor = 0;
  let at = 0;
  while (at < lastStart) {
    let length = longestMatch(source, at, attempts, MIN_MATCH - 1);
    insert(source, at);
    if (length < MIN_MATCH) {
      at++;
      continue;
    }
    let matchAt = foundAt;
    // A longer match one byte later is worth the literal in between.
    while (at + 1 < lastStart) {
      const later = longestMatch(source, at + 1, attempts, length);
      if (later <= length) break;
      at++;
      insert(source, at);
      length = later;
      matchAt = foundAt;
    }
    written = writeSequence(source, anchor, at, target, written, at - matchAt, length);
    const end = at + length;
    for (at++; at < end; at++) if (at < lastStart) insert(source, at);
    anchor = at;
  }
  return target.subarray(0, writeLiterals(source, anchor, source.length, target, written, 0));
}

function hashAt(source: Buffer, at: number): number {
  const word = source[at]! | (source[at + 1]! << 8) | (source[at + 2]! << 16) | (source[at + 3]! << 24);
  return Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
}

function insert(source: Buffer, at: number): void {
  const hash = hashAt(source, at);
  chain[at] = heads[hash]!;
  heads[hash] = at;
}

// The length of the best earlier match beyond `atLeast`, its place in `foundAt`.
function longestMatch(source: Buffer, at: number, attempts: number, atLeast: number): number {
  const limit = source.length - LAST_LITERALS;
  let best = atLeast;
  let candidate = heads[hashAt(source, at)]!;
  for (let attempt = 0; attempt < attempts && candidate !== NONE; attempt++, candidate = chain[candidate]!) {
    if (source[candidate + best] !== source[at + best]) continue;
    let length = 0;
    while (at + length < limit && source[candidate + length] === source[at + length]) length++;
    if (length <= best) continue;
    best = length;
    foundAt = candidate;
    if (at + length === limit) break;
  }
  return best;
}

function writeSequence(
  source: Buffer,
  from: number,
  to: number,
  target: Buffer,
  written: number,
  distance: number,
  length: number,
): number {
  const beyond = length - MIN_MATCH;
  let end = writeLiterals(source, from, to, target, written, Math.min(beyond, 15));
  target[end++] = distance & 0xff;
  target[end++] = distance >> 8;
  return beyond < 15 ? end : writeLengthRest(target, end, beyond - 15);
}

// A token with the literals that follow it; `matchNibble` is the token's lower half.
function writeLiterals(
  source: Buffer,
  from: number,
  to: number,
  target: Buffer,
  written: number,
  matchNibble: number,
): number {
  const count = to - from;
  target[written] = (Math.min(count, 15) << 4) | matchNibble;
  const end = count < 15 ? written + 1 : writeLengthRest(target, written + 1, count - 15);
  source.copy(target, end, from, to);
  return end + count;
}

function writeLengthRest(target: Buffer, written: number, rest: number): number {
  let end = written;
  let left = rest;
  for (; left >= 255; left -= 255) target[end++] = 255;
  target[end++] = left;
  return end;
}
