// Lends the buffers in which file ranges travel to sockets, and keeps the bytes lent in the whole process near a limit:
// plenty of room gives large chunks, many slow readers at once get small ones. Never refuses: a chunk of the smallest size
// is always granted, so every connection makes progress and the excess is at most connections times that size.

import { assert } from "@ottla/base";
import type { BufferPool } from "./buffer-pool.ts";

/** What a connection gets when the budget is used up. */
export const STREAM_CHUNK_BYTES_MIN = 16 * 1024;

export class StreamBudget {
  readonly totalBytes: number;
  private readonly pool: BufferPool;
  private lent = 0;

  constructor(totalBytes: number, pool: BufferPool) {
    assert(totalBytes >= 0, "a budget is not negative");
    this.totalBytes = totalBytes;
    this.pool = pool;
  }

  /** Bytes in the hands of connections. */
  lentBytes(): number {
    return this.lent;
  }

  /** A buffer for about `wantedBytes`: the caller looks at its length. It comes back through `give`. */
  take(wantedBytes: number): Buffer {
    const granted = Math.max(STREAM_CHUNK_BYTES_MIN, Math.min(wantedBytes, this.share()));
    const buffer = this.pool.take(granted);
    this.lent += buffer.length;
    return buffer;
  }

  give(buffer: Buffer): void {
    this.lent -= buffer.length;
    assert(this.lent >= 0, "a budget takes back only what it lent");
    this.pool.give(buffer);
  }

  // A quarter of what is left, in powers of two: the first connections get large chunks and the last ones still get some.
  private share(): number {
    const quarter = (this.totalBytes - this.lent) / 4;
    return quarter < 1 ? 0 : 2 ** Math.floor(Math.log2(quarter));
  }
}
