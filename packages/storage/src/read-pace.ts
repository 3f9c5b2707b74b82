// Decides for each read of a segment file whether to wait for it on the event loop or to ask the thread pool. What the page cache has is
// copied sooner than the pool is reached; what the device must bring would stop every connection. Shared by all logs of a folder.
// Invariant: while this process has the device read, at most one read in POOL_PERIOD_MS waits for it on the event loop.

import type { Clock } from "@ottla/base";
import type { File, FileSystem } from "./file-system.ts";

/** A synchronous read that took longer had to wait: from the page cache a chunk takes a twentieth of that. */
export const SLOW_READ_MS = 1.5;
/** How long the thread pool is asked after a sign of the device, and again while it goes on. */
export const POOL_PERIOD_MS = 100;
/** How often the device reads are counted: often enough to see the device before many fast reads of it add up. */
export const COUNT_PERIOD_MS = 2;

export class ReadPace {
  private readonly fileSystem: FileSystem;
  private readonly clock: Clock;
  private poolUntilMs = Number.NEGATIVE_INFINITY;
  /** What the file system had counted when it was last looked at. */
  private deviceReads = 0;
  private countDueMs = Number.NEGATIVE_INFINITY;

  constructor(fileSystem: FileSystem, clock: Clock) {
    this.fileSystem = fileSystem;
    this.clock = clock;
  }

  /** Fills `target` from `position`, at once or later; the count is less than target.length only at the end of the file. */
  read(file: File, target: Buffer, position: number): number | Promise<number> {
    const startedMs = this.clock.monotonicMs();
    if (startedMs >= this.countDueMs) this.noteDeviceReads(startedMs);
    if (startedMs < this.poolUntilMs) return file.read(target, position);
    const count = file.readSync(target, position);
    const endedMs = this.clock.monotonicMs();
    if (endedMs - startedMs > SLOW_READ_MS) this.poolUntilMs = endedMs + POOL_PERIOD_MS;
    return count;
  }

  // The kernel's reading ahead counts as well, and tells of a wait before it comes.
  private noteDeviceReads(nowMs: number): void {
    this.countDueMs = nowMs + COUNT_PERIOD_MS;
    const count = this.fileSystem.deviceReads();
    if (count === this.deviceReads) return;
    this.deviceReads = count;
    this.poolUntilMs = nowMs + POOL_PERIOD_MS;
  }
}
