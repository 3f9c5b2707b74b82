// The floor's partition: one file that batches are appended to, and in memory where each batch begins.
// No segments, no index files, no validation but the checksum: what is left is what any log on disk has to do.

import { closeSync, openSync, readSync, unlinkSync, writeSync, writevSync } from "node:fs";
import { join } from "node:path";
import { checksumHolds, nextOffsetAt } from "./batch.ts";

export class FloorLog {
  nextOffset = 0;
  /** Called once after the next append. */
  waiting: (() => void)[] = [];
  private readonly path: string;
  private readonly descriptor: number;
  private readonly baseOffsets: number[] = [];
  private readonly positions: number[] = [];
  private readonly unwritten: Buffer[] = [];
  private bytes = 0;

  constructor(folder: string, name: string) {
    this.path = join(folder, `${name}.log`);
    this.descriptor = openSync(this.path, "w+");
  }

  /** Checks one batch and stamps its base offset into it, which is returned. The batch is borrowed until `flush`. */
  append(batch: Buffer): number {
    if (!checksumHolds(batch)) throw new Error("the load generator sent a wrong checksum");
    const baseOffset = this.nextOffset;
    batch.writeInt32BE(Math.floor(baseOffset / 2 ** 32), 0);
    batch.writeUInt32BE(baseOffset % 2 ** 32, 4);
    this.unwritten.push(batch);
    this.baseOffsets.push(baseOffset);
    this.positions.push(this.bytes);
    this.bytes += batch.length;
    this.nextOffset = nextOffsetAt(batch, 0);
    return baseOffset;
  }

  /** Writes what was appended, in one call. */
  flush(): void {
    if (this.unwritten.length === 0) return;
    const wanted = this.unwritten.reduce((sum, batch) => sum + batch.length, 0);
    const written =
      this.unwritten.length === 1
        ? writeSync(this.descriptor, this.unwritten[0]!)
        : writevSync(this.descriptor, this.unwritten);
    if (written !== wanted) throw new Error("a short write");
    this.unwritten.length = 0;
    if (this.waiting.length > 0) this.wake();
  }

  /** Where the batch that holds `offset` begins in the file, and how many bytes follow. */
  locate(offset: number): { position: number; bytesAfter: number } {
    if (offset >= this.nextOffset) return { position: this.bytes, bytesAfter: 0 };
    let low = 0;
    let high = this.baseOffsets.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.baseOffsets[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    const position = this.positions[low]!;
    return { position, bytesAfter: this.bytes - position };
  }

  read(target: Buffer, position: number): void {
    if (readSync(this.descriptor, target, 0, target.length, position) !== target.length)
      throw new Error("a short read");
  }

  remove(): void {
    closeSync(this.descriptor);
    unlinkSync(this.path);
  }

  private wake(): void {
    const woken = this.waiting;
    this.waiting = [];
    for (const action of woken) action();
  }
}
