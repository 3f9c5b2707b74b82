// The memory that records wait in: pieces of one size that are used again, and bounded in sum (Java's buffer.memory and BufferPool).
// Pure bookkeeping: who waits for memory, and in what order, is the accumulator's business.

import { assert } from "@ottla/base";

/** Size of a piece. Batches are lists of pieces, so this bounds neither a batch nor a record. */
const PIECE_BYTES = 16 * 1024;

export class BufferPool {
  readonly totalBytes: number;
  /** Bytes of a usual piece. */
  readonly pieceBytes: number;
  private usedBytes = 0;
  private readonly free: Buffer[] = [];

  constructor(totalBytes: number) {
    this.totalBytes = totalBytes;
    this.pieceBytes = Math.min(PIECE_BYTES, totalBytes);
  }

  get availableBytes(): number {
    return this.totalBytes - this.usedBytes;
  }

  /** A piece of at least so many bytes, or null when the memory is used up. It belongs to the caller until given back. */
  take(bytes: number): Buffer | null {
    const size = Math.max(bytes, this.pieceBytes);
    if (size > this.totalBytes - this.usedBytes) return null;
    this.usedBytes += size;
    if (size > this.pieceBytes) return Buffer.allocUnsafeSlow(size);
    return this.free.pop() ?? Buffer.allocUnsafeSlow(size);
  }

  /** Gives a piece back. `reusable` only when no socket can hold it any more. */
  give(piece: Buffer, reusable: boolean): void {
    this.usedBytes -= piece.length;
    assert(this.usedBytes >= 0, "no more memory is given back than was taken");
    if (reusable && piece.length === this.pieceBytes) this.free.push(piece);
  }

  /** Counts memory that was allocated elsewhere, such as compressed records; may exceed the total for as long as they live. */
  charge(bytes: number): void {
    this.usedBytes += bytes;
  }

  /** The inverse of `charge`. */
  refund(bytes: number): void {
    this.usedBytes -= bytes;
    assert(this.usedBytes >= 0, "no more memory is given back than was taken");
  }
}
