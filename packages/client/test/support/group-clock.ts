// Time for simulations of promises: after each timer all that follows from it is done before the next one runs.

import type { Clock, Timer } from "@ottla/base";

interface Scheduled {
  readonly dueMs: number;
  readonly order: number;
  readonly action: () => void;
}

const WALL_START_MS = 1_700_000_000_000;

export class GroupClock implements Clock {
  private elapsedMs = 0;
  private order = 0;
  private readonly timers = new Set<Scheduled>();

  nowMs(): number {
    return WALL_START_MS + this.elapsedMs;
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  schedule(delayMs: number, action: () => void): Timer {
    const timer = { dueMs: this.elapsedMs + Math.max(0, delayMs), order: this.order++, action };
    this.timers.add(timer);
    return { cancel: () => void this.timers.delete(timer) };
  }

  get pending(): number {
    return this.timers.size;
  }

  async advance(byMs: number): Promise<void> {
    const targetMs = this.elapsedMs + byMs;
    await settled();
    for (let next = this.next(targetMs); next !== null; next = this.next(targetMs)) {
      this.timers.delete(next);
      this.elapsedMs = next.dueMs;
      next.action();
      await settled();
    }
    this.elapsedMs = targetMs;
  }

  private next(untilMs: number): Scheduled | null {
    let found: Scheduled | null = null;
    for (const timer of this.timers) {
      if (timer.dueMs > untilMs) continue;
      if (found === null || timer.dueMs < found.dueMs || (timer.dueMs === found.dueMs && timer.order < found.order))
        found = timer;
    }
    return found;
  }
}

/** All promises that can be settled are, and what waits for them has run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
