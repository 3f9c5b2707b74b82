// The real clock, random numbers and end-of-turn scheduling: the only place of the broker that asks the system for them.

import { randomFillSync } from "node:crypto";
import type { Clock, Random, Timer } from "@ottla/base";

/** Wall clock and timers of the system. Its timers never keep the process alive. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(delayMs: number, action: () => void): Timer {
    // setTimeout takes 31 bits; longer waits run early, and every user of a long wait checks the time again.
    const timer = setTimeout(action, Math.min(delayMs, 0x7fff_ffff)).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

const pool = new Uint32Array(256);
let used = pool.length;

/** Random numbers fit for ids that nobody may guess. */
export const systemRandom: Random = {
  uint32(): number {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    return pool[used++]!;
  },
};

/** Runs actions after all sockets that were readable in this turn of the event loop have been read. */
export const systemScheduler = {
  endOfTurn(action: () => void): void {
    setImmediate(action);
  },
};
