// Waiting that always ends: by time, by the caller's signal, or because the client is closed. No timer outlives `close`.

import type { Clock } from "@ottla/base";
import { AbortedError, KafkaError, TimeoutError } from "../errors.ts";

export interface WaitLimits {
  readonly signal?: AbortSignal | undefined;
  /** On the monotonic clock. */
  readonly deadlineMs: number;
  /** For the TimeoutError: "no coordinator of group a was found". */
  readonly sentence: string;
  /** What the last attempt failed with, for the TimeoutError's cause. */
  readonly cause?: unknown;
  /** Told of each attempt that failed and is followed by another. */
  readonly onFailure?: ((error: KafkaError) => void) | undefined;
}

export class Waits {
  private readonly clock: Clock;
  private readonly pending = new Set<(error: KafkaError) => void>();
  private closedWith: KafkaError | null = null;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Resolves after so long. @throws AbortedError, ClosedError */
  delay(ms: number, signal?: AbortSignal): Promise<void> {
    return this.race<void>(signal, (resolve) => {
      const timer = this.clock.schedule(ms, resolve);
      return () => timer.cancel();
    });
  }

  /** What the promise comes to, unless the limits are reached before; it goes on by itself then. @throws AbortedError, ClosedError, TimeoutError */
  within<T>(promise: Promise<T>, limits: WaitLimits): Promise<T> {
    promise.catch(() => {});
    return this.race<T>(limits.signal, (resolve, reject) => {
      const leftMs = Math.max(0, limits.deadlineMs - this.clock.monotonicMs());
      const timer = this.clock.schedule(leftMs, () => reject(new TimeoutError(limits.sentence, limits)));
      promise.then(resolve, reject);
      return () => timer.cancel();
    });
  }

  /** Tries until it works, an error does not pass, or the limits are reached: a TimeoutError then, with the last error as its cause. */
  async retry<T>(limits: WaitLimits, backoffMs: (attempt: number) => number, attempt: () => Promise<T>): Promise<T> {
    const { signal, deadlineMs, sentence } = limits;
    let cause: unknown;
    for (let count = 0; ; count++) {
      try {
        return await this.within(attempt(), { signal, deadlineMs, sentence, cause });
      } catch (error) {
        if (!(error instanceof KafkaError) || !error.retriable) throw error;
        cause = error;
        limits.onFailure?.(error);
      }
      const leftMs = deadlineMs - this.clock.monotonicMs();
      if (leftMs <= 0) throw cause instanceof TimeoutError ? cause : new TimeoutError(sentence, { cause });
      await this.delay(Math.min(backoffMs(count), leftMs), signal);
    }
  }

  /** Rejects whatever waits, now and later. */
  close(error: KafkaError): void {
    this.closedWith = error;
    for (const reject of this.pending) reject(error);
  }

  private race<T>(
    signal: AbortSignal | undefined,
    start: (resolve: (value: T) => void, reject: (error: unknown) => void) => () => void,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.closedWith !== null) return reject(this.closedWith);
      if (signal?.aborted === true) return reject(new AbortedError(signal));
      let stop = (): void => {};
      const end = (action: () => void): void => {
        this.pending.delete(onClose);
        signal?.removeEventListener("abort", onAbort);
        stop();
        action();
      };
      const onClose = (error: KafkaError): void => end(() => reject(error));
      const onAbort = (): void => end(() => reject(new AbortedError(signal!)));
      this.pending.add(onClose);
      signal?.addEventListener("abort", onAbort, { once: true });
      stop = start(
        (value) => end(() => resolve(value)),
        (error) => end(() => reject(error)),
      );
    });
  }
}
