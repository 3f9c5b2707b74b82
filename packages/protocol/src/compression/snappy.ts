// Snappy as Kafka's clients write it: snappy-java's framing (a 16-byte header, then chunks of raw snappy with their sizes),
// and raw snappy on read, which some clients send. This is not Google's later framing format.

import { DecodeError } from "@ottla/base";
import { readInt32, writeInt32 } from "@ottla/base";
import { asDecodeError, DecompressedTooLargeError, joined } from "./decompress-error.ts";
import { nativeSnappy } from "./native.ts";

const HEADER = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00, 0, 0, 0, 1, 0, 0, 0, 1]);
const MAGIC_BYTES = 8;
const LOWEST_COMPATIBLE_VERSION = 1;
/** SnappyOutputStream's block size. */
const CHUNK_BYTES = 32 * 1024;

/** Framed as snappy-java frames it. */
export function compressSnappy(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [HEADER];
  let total = HEADER.length;
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    const chunk = nativeSnappy().compressSync(bytes.subarray(at, at + CHUNK_BYTES), { copyOutputData: true });
    const size = Buffer.allocUnsafe(4);
    writeInt32(size, 0, chunk.length);
    pieces.push(size, chunk);
    total += 4 + chunk.length;
  }
  return Buffer.concat(pieces, total);
}

/**
 * Framed or raw.
 * @throws DecodeError
 */
export function decompressSnappy(bytes: Buffer, limitBytes: number): Buffer {
  if (!hasMagicAt(bytes, 0)) return decompressChunk(bytes, limitBytes);
  const pieces: Buffer[] = [];
  let total = 0;
  let at = 0;
  while (at < bytes.length) {
    // Streams written one after the other repeat the header; snappy-java's magic is no possible chunk size.
    if (hasMagicAt(bytes, at)) {
      at = afterHeader(bytes, at);
      continue;
    }
    // Fewer bytes than a size are ignored, as snappy-java does.
    if (bytes.length - at < 4) break;
    const size = readInt32(bytes, at);
    at += 4;
    if (size < 0 || size > bytes.length - at)
      throw new DecodeError(`snappy: a chunk of ${size} bytes, ${bytes.length - at} left`);
    const chunk = decompressChunk(bytes.subarray(at, at + size), limitBytes - total);
    pieces.push(chunk);
    total += chunk.length;
    at += size;
  }
  return joined(pieces, total);
}

function hasMagicAt(bytes: Buffer, at: number): boolean {
  return bytes.length - at >= MAGIC_BYTES && bytes.compare(HEADER, 0, MAGIC_BYTES, at, at + MAGIC_BYTES) === 0;
}

function afterHeader(bytes: Buffer, at: number): number {
  if (bytes.length - at < HEADER.length) throw new DecodeError("snappy: the header is cut");
  const version = readInt32(bytes, at + MAGIC_BYTES);
  if (version < LOWEST_COMPATIBLE_VERSION)
    throw new DecodeError(`snappy: version ${version} of the framing is not compatible`);
  return at + HEADER.length;
}

// The densest element is a copy of 64 bytes told in 3.
const MAX_EXPANSION = 22;

function decompressChunk(chunk: Buffer, limitBytes: number): Buffer {
  const declared = declaredLength(chunk);
  if (declared > limitBytes) throw new DecompressedTooLargeError(limitBytes);
  if (declared > chunk.length * MAX_EXPANSION) {
    throw new DecodeError(`snappy: ${chunk.length} bytes cannot unfold to ${declared}`);
  }
  try {
    return nativeSnappy().uncompressSync(chunk, { copyOutputData: true }) as Buffer;
  } catch (error) {
    throw asDecodeError("snappy", error);
  }
}

// Raw snappy opens with its uncompressed length, which the native code allocates before it reads on.
function declaredLength(chunk: Buffer): number {
  let length = 0;
  for (let at = 0; at < 5; at++) {
    const byte = chunk[at];
    if (byte === undefined) break;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return length;
  }
  throw new DecodeError("snappy: the length in front is cut or too long");
}
