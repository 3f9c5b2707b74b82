// CRC-32C (Castagnoli) as record batches use it, in hardware through @node-rs/crc32.
// For inputs under a few dozen bytes the native call costs more than the sum; record batches are never that small in bulk.

import { crc32c as native } from "@node-rs/crc32";

/** The checksum of `bytes`, continuing from `seed`. An unsigned 32-bit number. */
export function crc32c(bytes: Buffer, seed = 0): number {
  return native(bytes, seed);
}
