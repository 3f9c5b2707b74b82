// Waiting for something to change: whoever waits is woken by the next `notify`, by time, by a signal, or by an end that stays.

import type { Clock } from "@ottla/base";
import { AbortedError } from "../errors.ts";

export class Notifier {
  private readonly clock: Clock;
  private readonly waiting = new Set<() => void>();
  private count = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** How often it notified: whoever looks for something and then waits tells what it was before, so that no news in between is missed. */
  get changes(): number {
    return this.count;
  }

  notify(): void {
    this.count++;
    if (this.waiting.size === 0) return;
    const woken = [...this.waiting];
    this.waiting.clear();
    for (const wake of woken) wake();
  }

  /** Resolves with the first `notify` after `since`, or when the time is over. Infinity: no limit. @throws AbortedError */
  wait(timeoutMs: number, signal?: AbortSignal, since = this.count): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      if (signal?.aborted === true) return reject(new AbortedError(signal));
      if (since !== this.count) return resolve();
      const end = (action: () => void): void => {
        this.waiting.delete(wake);
        timer?.cancel();
        signal?.removeEventListener("abort", onAbort);
        action();
      };
      const wake = (): void => end(resolve);
      const onAbort = (): void => end(() => reject(new AbortedError(signal!)));
      const timer = timeoutMs === Infinity ? null : this.clock.schedule(timeoutMs, wake);
      this.waiting.add(wake);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }
}
