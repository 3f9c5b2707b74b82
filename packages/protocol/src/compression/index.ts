// One entrance to the codecs: whole buffers in, whole buffers out, synchronously.
// Results belong to the caller; for `none` they share memory with the input.

import { unreachable } from "@ottla/base";
import type { CompressionName } from "./compression-type.ts";
import { compressionLevels } from "./compression-type.ts";
import { compressLz4, decompressLz4 } from "./lz4-frame.ts";
import { compressSnappy, decompressSnappy } from "./snappy.ts";
import { compressGzip, compressZstd, decompressGzip, decompressZstd } from "./zlib-codecs.ts";

export { compressionId, compressionLevels, compressionName, compressionNames } from "./compression-type.ts";
export type { CompressionName } from "./compression-type.ts";
export { DecompressedTooLargeError } from "./decompress-error.ts";

/** @param level within `compressionLevels` of the codec; null for Kafka's default. Without meaning for none and snappy. */
export function compress(name: CompressionName, level: number | null, bytes: Buffer): Buffer {
  switch (name) {
    case "none":
      return bytes;
    case "gzip":
      return compressGzip(bytes, level ?? compressionLevels.gzip.default);
    case "snappy":
      return compressSnappy(bytes);
    case "lz4":
      return compressLz4(bytes, level ?? compressionLevels.lz4.default);
    case "zstd":
      return compressZstd(bytes, level ?? compressionLevels.zstd.default);
    default:
      return unreachable(name);
  }
}

/**
 * @param limitBytes more output than this throws DecompressedTooLargeError before it takes the memory.
 * @param magic the format of the batch around it: magic 0 wrote LZ4 frames with a broken header checksum.
 * @throws DecodeError when the bytes are not what the codec writes.
 */
export function decompress(name: CompressionName, bytes: Buffer, limitBytes: number, magic = 2): Buffer {
  switch (name) {
    case "none":
      return bytes;
    case "gzip":
      return decompressGzip(bytes, limitBytes);
    case "snappy":
      return decompressSnappy(bytes, limitBytes);
    case "lz4":
      return decompressLz4(bytes, limitBytes, magic !== 0);
    case "zstd":
      return decompressZstd(bytes, limitBytes);
    default:
      return unreachable(name);
  }
}
