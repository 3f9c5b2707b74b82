// The real clock, random numbers and the end of a turn: the only place of the client that asks the system for them.
// Timers keep the process alive, because a call that waits for one must be answered; closing the client cancels them all.

import type { Clock, Random, Timer } from "@ottla/base";

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(delayMs: number, action: () => void): Timer {
    // setTimeout takes 31 bits; longer waits run early, and every user of a long wait looks at the time again.
    const timer = setTimeout(action, Math.min(delayMs, 0x7fff_ffff));
    return { cancel: () => clearTimeout(timer) };
  },
};

const pool = new Uint32Array(64);
let used = pool.length;

/** Random numbers that nobody may guess: SCRAM nonces come from here too. */
export const systemRandom: Random = {
  uint32(): number {
    if (used === pool.length) {
      crypto.getRandomValues(pool);
      used = 0;
    }
    return pool[used++]!;
  },
};

/** Runs the action when every socket that was readable in this turn of the event loop has been read. */
export function atEndOfTurn(action: () => void): void {
  setImmediate(action);
}
