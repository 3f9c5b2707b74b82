// Time as a parameter. Code below the shell takes a Clock and never asks Date or sets a timer itself;
// the system's clock is made in the broker's shell, and tests turn ManualClock by hand.

import { assert } from "./assert.ts";

/** A timer that can be taken back. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall clock, milliseconds since 1970. It can jump. */
  nowMs(): number;
  /** Never goes back; milliseconds with fractions, from an arbitrary start. */
  monotonicMs(): number;
  /** Calls `action` once after `delayMs`. */
  schedule(delayMs: number, action: () => void): Timer;
}

interface Scheduled {
  dueMs: number;
  order: number;
  action: () => void;
}

/** A clock that moves only when told to. */
export class ManualClock implements Clock {
  private wallMs: number;
  private elapsedMs = 0;
  private order = 0;
  private readonly scheduled = new Set<Scheduled>();

  constructor(wallMs = 1_700_000_000_000) {
    this.wallMs = wallMs;
  }

  nowMs(): number {
    return this.wallMs;
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  schedule(delayMs: number, action: () => void): Timer {
    const entry = { dueMs: this.elapsedMs + Math.max(0, delayMs), order: this.order++, action };
    this.scheduled.add(entry);
    return { cancel: () => void this.scheduled.delete(entry) };
  }

  /** Moves both clocks forward and runs, in order of time, every timer that falls due on the way. */
  advance(byMs: number): void {
    assert(byMs >= 0, "a clock advances forward");
    const target = this.elapsedMs + byMs;
    for (let next = this.nextDue(target); next !== null; next = this.nextDue(target)) {
      this.scheduled.delete(next);
      this.wallMs += next.dueMs - this.elapsedMs;
      this.elapsedMs = next.dueMs;
      next.action();
    }
    this.wallMs += target - this.elapsedMs;
    this.elapsedMs = target;
  }

  /** Sets the wall clock alone, as an operator or NTP does; timers do not move. */
  jumpTo(wallMs: number): void {
    this.wallMs = wallMs;
  }

  private nextDue(untilMs: number): Scheduled | null {
    let found: Scheduled | null = null;
    for (const entry of this.scheduled) {
      if (entry.dueMs > untilMs) continue;
      if (found === null || entry.dueMs < found.dueMs || (entry.dueMs === found.dueMs && entry.order < found.order)) {
        found = entry;
      }
    }
    return found;
  }
}
