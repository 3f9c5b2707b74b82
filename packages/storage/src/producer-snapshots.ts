// The .snapshot files of a log: the producer state as it was at an offset, so that recovery need not read the whole log again.
// Taken when a segment is rolled and when the log is closed; the one at a segment's base offset goes with the segment.
// Invariant: `offsets` are the files that exist, in order.

import type { FileSystem } from "./file-system.ts";
import { DELETED_SUFFIX, offsetFileName, SNAPSHOT_SUFFIX } from "./log-file-names.ts";

export class ProducerSnapshots {
  private readonly folder: string;
  private readonly fileSystem: FileSystem;
  private readonly offsets: number[];
  private unsynced: string[] = [];

  constructor(options: { fileSystem: FileSystem; folder: string; offsets: number[] }) {
    this.fileSystem = options.fileSystem;
    this.folder = options.folder;
    this.offsets = options.offsets.sort((left, right) => left - right);
  }

  /** The largest offset of a snapshot, or -1. */
  latest(): number {
    return this.offsets.at(-1) ?? -1;
  }

  /** All offsets up to `limit`, the largest first. */
  upTo(limit: number): number[] {
    return this.offsets.filter((offset) => offset <= limit).reverse();
  }

  read(offset: number): Buffer | null {
    return this.fileSystem.readFile(this.pathOf(offset));
  }

  /** Writes the snapshot at `offset`, not yet durably. */
  write(offset: number, bytes: Buffer): void {
    this.fileSystem.writeFile(this.pathOf(offset), bytes);
    this.unsynced.push(this.pathOf(offset));
    const at = this.offsets.findIndex((known) => known >= offset);
    if (at === -1) this.offsets.push(offset);
    else if (this.offsets[at] !== offset) this.offsets.splice(at, 0, offset);
  }

  /** The files written since the last call. */
  takeUnsynced(): string[] {
    const taken = this.unsynced;
    this.unsynced = [];
    return taken;
  }

  remove(offset: number): void {
    if (this.forget(offset)) this.fileSystem.removeSync(this.pathOf(offset));
  }

  /** Renames the file, to be removed later; returns the new path, or null when there is none. */
  markDeleted(offset: number): string | null {
    if (!this.forget(offset)) return null;
    const path = this.pathOf(offset);
    this.fileSystem.rename(path, path + DELETED_SUFFIX);
    return path + DELETED_SUFFIX;
  }

  removeAbove(limit: number): void {
    for (const offset of this.offsets.filter((known) => known > limit)) this.remove(offset);
  }

  /** Removes those that belong to no segment, but keeps the latest (ProducerStateManager.removeStraySnapshots). */
  removeStray(baseOffsets: ReadonlySet<number>): void {
    const latest = this.latest();
    const stray = this.offsets.filter((offset) => offset !== latest && !baseOffsets.has(offset));
    for (const offset of stray) this.remove(offset);
  }

  private forget(offset: number): boolean {
    const at = this.offsets.indexOf(offset);
    if (at === -1) return false;
    this.offsets.splice(at, 1);
    return true;
  }

  private pathOf(offset: number): string {
    return `${this.folder}/${offsetFileName(offset, SNAPSHOT_SUFFIX)}`;
  }
}
