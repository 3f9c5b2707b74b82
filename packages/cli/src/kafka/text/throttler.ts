// Keeps a loop from going faster than so many turns a second, as Kafka's ThroughputThrottler: it sleeps off what it is ahead, in pieces
// that are worth a sleep.

import { setTimeout as delay } from "node:timers/promises";

const LEAST_SLEEP_MS = 2;

export class Throttler {
  private readonly perSecond: number;
  private readonly startMs: number;
  private owedMs = 0;

  /** Below 0 nothing is held back; 0 stops the loop at its second turn, until the signal ends it. */
  constructor(perSecond: number, startMs: number) {
    this.perSecond = perSecond;
    this.startMs = startMs;
  }

  isAhead(turns: number, nowMs: number): boolean {
    if (this.perSecond < 0) return false;
    const elapsedSeconds = (nowMs - this.startMs) / 1000;
    return elapsedSeconds > 0 && turns / elapsedSeconds > this.perSecond;
  }

  async wait(signal: AbortSignal): Promise<void> {
    this.owedMs += this.perSecond > 0 ? 1000 / this.perSecond : 2 ** 31 - 1;
    if (this.owedMs < LEAST_SLEEP_MS) return;
    const ms = this.owedMs;
    this.owedMs = 0;
    await delay(ms, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}
