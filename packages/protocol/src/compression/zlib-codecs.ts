// gzip and zstd through node:zlib's synchronous calls, which are pure functions of their input.
// The chunk size is set from what the input says about its output, so that most batches decompress into one buffer without joining.

import { asDecodeError, DecompressedTooLargeError } from "./decompress-error.ts";
import { zlib } from "./native.ts";

const MIN_CHUNK_BYTES = 16 * 1024;
const MAX_CHUNK_BYTES = 4 * 1024 * 1024;
const ZSTD_TYPICAL_RATIO = 4;

/** @param level 1 to 9, or -1 for zlib's default (6). */
export function compressGzip(bytes: Buffer, level: number): Buffer {
  return zlib().gzipSync(bytes, { level, chunkSize: chunkBytes(bytes.length / 2) });
}

/** @throws DecodeError */
export function decompressGzip(bytes: Buffer, limitBytes: number): Buffer {
  // The last four bytes of a member hold its uncompressed size modulo 2^32; garbage there only costs a smaller or larger chunk.
  const expected = bytes.length >= 18 ? bytes.readUInt32LE(bytes.length - 4) : 0;
  const options = { maxOutputLength: Math.max(1, limitBytes), chunkSize: chunkBytes(expected + 64) };
  return guarded("gzip", limitBytes, () => zlib().gunzipSync(bytes, options));
}

/** @param level -131072 to 22; Kafka's default is 3. */
export function compressZstd(bytes: Buffer, level: number): Buffer {
  const { zstdCompressSync, constants } = zlib();
  return zstdCompressSync(bytes, {
    params: { [constants.ZSTD_c_compressionLevel]: level },
    chunkSize: chunkBytes(bytes.length / 2),
  });
}

/** @throws DecodeError */
export function decompressZstd(bytes: Buffer, limitBytes: number): Buffer {
  const options = {
    maxOutputLength: Math.max(1, limitBytes),
    chunkSize: chunkBytes(bytes.length * ZSTD_TYPICAL_RATIO),
  };
  return guarded("zstd", limitBytes, () => zlib().zstdDecompressSync(bytes, options));
}

function chunkBytes(expected: number): number {
  return Math.max(MIN_CHUNK_BYTES, Math.min(MAX_CHUNK_BYTES, Math.ceil(expected)));
}

function guarded(codec: string, limitBytes: number, run: () => Buffer): Buffer {
  try {
    return run();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw new DecompressedTooLargeError(limitBytes);
    throw asDecodeError(codec, error);
  }
}
