// Files and folders that are out of use and are removed after file.delete.delay.ms, so that readers who still have them by name can
// finish. One timer for all. What is left when the process ends is removed when its folder is loaded again.

import type { Clock, Logger, Timer } from "@ottla/base";
import type { FileSystem } from "./file-system.ts";

interface Removal {
  path: string;
  dueMs: number;
}

export class DelayedRemoval {
  private readonly fileSystem: FileSystem;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private waiting: Removal[] = [];
  private timer: Timer | null = null;
  private stopped = false;

  constructor(options: { fileSystem: FileSystem; clock: Clock; logger: Logger }) {
    this.fileSystem = options.fileSystem;
    this.clock = options.clock;
    this.logger = options.logger;
  }

  add(paths: readonly string[], delayMs: number): void {
    const dueMs = this.clock.monotonicMs() + delayMs;
    for (const path of paths) this.waiting.push({ path, dueMs });
    this.arm();
  }

  /** Leaves the rest for the next start. */
  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  private arm(): void {
    this.timer?.cancel();
    this.timer = null;
    if (this.stopped || this.waiting.length === 0) return;
    let dueMs = Infinity;
    for (const removal of this.waiting) dueMs = Math.min(dueMs, removal.dueMs);
    this.timer = this.clock.schedule(Math.max(0, dueMs - this.clock.monotonicMs()), () => this.removeDue());
  }

  private removeDue(): void {
    const nowMs = this.clock.monotonicMs();
    const due = this.waiting.filter((removal) => removal.dueMs <= nowMs);
    this.waiting = this.waiting.filter((removal) => removal.dueMs > nowMs);
    for (const { path } of due) {
      this.fileSystem
        .remove(path)
        .catch((error: unknown) => this.logger.warn({ path, error }, "a deleted file could not be removed"));
    }
    this.arm();
  }
}
