// Keeps large buffers for the next frame or streamed chunk, so that a busy connection reads into warm memory instead of
// asking the allocator, and the collector, for every megabyte.
// A lent buffer belongs to the borrower until `give`; afterwards nobody may hold a slice of it. What is never given back
// is garbage collected. Idle buffers are bounded by `maxIdleBytes`, and those that a whole trim period did not need go.

import { assert } from "@ottla/base";

/** The smallest buffer that is worth keeping; below, Node's own slabs are as fast. */
export const POOLED_BYTES_MIN = 4096;
const STEPS_PER_DOUBLING = 4;

interface SizeClass {
  readonly bytes: number;
  readonly idle: Buffer[];
  /** The fewest that were idle since the last trim: so many were not needed. */
  leastIdle: number;
}

export class BufferPool {
  readonly maxIdleBytes: number;
  private readonly classes = new Map<number, SizeClass>();
  private idle = 0;

  constructor(maxIdleBytes: number) {
    assert(maxIdleBytes >= 0, "a pool's limit is not negative");
    this.maxIdleBytes = maxIdleBytes;
  }

  /** Bytes kept for the next borrower. */
  idleBytes(): number {
    return this.idle;
  }

  /** A buffer of at least `bytes`, at most a quarter larger. Its content is arbitrary. */
  take(bytes: number): Buffer {
    const size = classBytes(bytes);
    const sizeClass = this.classes.get(size);
    const kept = sizeClass?.idle.pop();
    if (sizeClass === undefined || kept === undefined) return Buffer.allocUnsafeSlow(size);
    sizeClass.leastIdle = Math.min(sizeClass.leastIdle, sizeClass.idle.length);
    this.idle -= size;
    return kept;
  }

  /** Whether `take(bytes)` would cost no new memory. */
  has(bytes: number): boolean {
    const sizeClass = this.classes.get(classBytes(bytes));
    return sizeClass !== undefined && sizeClass.idle.length > 0;
  }

  /** Takes back what `take` lent, whole. */
  give(buffer: Buffer): void {
    const size = buffer.length;
    assert(classBytes(size) === size, "only a buffer that the pool lent comes back");
    if (this.idle + size > this.maxIdleBytes) return;
    let sizeClass = this.classes.get(size);
    if (sizeClass === undefined) {
      sizeClass = { bytes: size, idle: [], leastIdle: 0 };
      this.classes.set(size, sizeClass);
    }
    sizeClass.idle.push(buffer);
    this.idle += size;
  }

  /** Lets go of the buffers that nobody needed since the last call. */
  trim(): void {
    for (const sizeClass of this.classes.values()) {
      sizeClass.idle.splice(0, sizeClass.leastIdle);
      this.idle -= sizeClass.leastIdle * sizeClass.bytes;
      sizeClass.leastIdle = sizeClass.idle.length;
    }
  }
}

/** `bytes` rounded up to a quarter of a power of two: 4096, 5120, 6144, 7168, 8192, 10240... */
function classBytes(bytes: number): number {
  if (bytes <= POOLED_BYTES_MIN) return POOLED_BYTES_MIN;
  const step = 2 ** (31 - Math.clz32(bytes - 1)) / STEPS_PER_DOUBLING;
  return Math.ceil(bytes / step) * step;
}
