// CRC-32 (the zip polynomial), which magic 0 and 1 batches carry. Through node:zlib, which computes it in hardware.

import { zlib } from "../compression/native.ts";

/** Unsigned. */
export function crc32(bytes: Buffer): number {
  return zlib().crc32(bytes);
}
