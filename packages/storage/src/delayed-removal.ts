// Files and folders that are out of use and are removed after file.delete.delay.ms, so that readers who still have them by name can
// finish. One timer for all. What is left when the process ends is removed when its folder is loaded again.
// Invariant: `waiting` is in order of time; at most REMOVAL_CONCURRENCY removals are under way.

import type { Clock, Logger, Timer } from "@ottla/base";
import type { FileSystem } from "./file-system.ts";

/** How many are removed at a time: each takes a thread of the pool that reads and syncs need too. */
const REMOVAL_CONCURRENCY = 2;

interface Removal {
  paths: readonly string[];
  dueMs: number;
}

export class DelayedRemoval {
  private readonly fileSystem: FileSystem;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly waiting: Removal[] = [];
  /** Paths whose time has come. */
  private due: string[] = [];
  /** How many of `due` were taken. */
  private taken = 0;
  private running = 0;
  private timer: Timer | null = null;
  private stopped = false;

  constructor(options: { fileSystem: FileSystem; clock: Clock; logger: Logger }) {
    this.fileSystem = options.fileSystem;
    this.clock = options.clock;
    this.logger = options.logger;
  }

  add(paths: readonly string[], delayMs: number): void {
    const dueMs = this.clock.monotonicMs() + delayMs;
    // Nearly always at the end: topics seldom differ in their delay.
    let at = this.waiting.length;
    if (at > 0 && this.waiting[at - 1]!.dueMs > dueMs) at = this.firstAfter(dueMs);
    this.waiting.splice(at, 0, { paths, dueMs });
    if (at === 0) this.arm();
  }

  /** Leaves the rest for the next start. */
  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  private arm(): void {
    this.timer?.cancel();
    this.timer = null;
    const next = this.waiting[0];
    if (this.stopped || next === undefined) return;
    this.timer = this.clock.schedule(Math.max(0, next.dueMs - this.clock.monotonicMs()), () => this.removeDue());
  }

  private removeDue(): void {
    for (const { paths } of this.waiting.splice(0, this.firstAfter(this.clock.monotonicMs())))
      for (const path of paths) this.due.push(path);
    while (this.running < REMOVAL_CONCURRENCY && this.taken < this.due.length) void this.removeAll();
    this.arm();
  }

  private async removeAll(): Promise<void> {
    this.running++;
    for (let path = this.takeDue(); path !== null; path = this.takeDue()) {
      try {
        await this.fileSystem.remove(path);
      } catch (error) {
        this.logger.warn({ path, error }, "a deleted file could not be removed");
      }
    }
    this.running--;
  }

  private takeDue(): string | null {
    const path = this.stopped ? undefined : this.due[this.taken];
    if (path !== undefined) {
      this.taken++;
      return path;
    }
    this.due = [];
    this.taken = 0;
    return null;
  }

  /** The index of the first that is due later than `nowMs`. */
  private firstAfter(nowMs: number): number {
    let low = 0;
    let high = this.waiting.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.waiting[middle]!.dueMs <= nowMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
