// Bounds a wait by time and by an AbortSignal. What is waited for goes on by itself.

import type { Clock } from "@ottla/base";
import { AbortedError, TimeoutError } from "../errors.ts";

export interface Limits {
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** For the TimeoutError. */
  readonly sentence: string;
}

/** What `work` comes to, unless a limit is reached before. @throws AbortedError, TimeoutError, or what `work` threw */
export function withinLimits<T>(clock: Clock, work: Promise<T>, limits: Limits): Promise<T> {
  const { timeoutMs, signal, sentence } = limits;
  if (timeoutMs === undefined && signal === undefined) return work;
  return new Promise<T>((resolve, reject) => {
    const end = (): void => {
      timer?.cancel();
      signal?.removeEventListener("abort", onAbort);
    };
    const onAbort = (): void => {
      end();
      reject(new AbortedError(signal!));
    };
    const onTimeout = (): void => {
      end();
      reject(new TimeoutError(sentence));
    };
    const timer = timeoutMs === undefined ? null : clock.schedule(timeoutMs, onTimeout);
    signal?.addEventListener("abort", onAbort, { once: true });
    work.then(
      (value) => {
        end();
        resolve(value);
      },
      (error: unknown) => {
        end();
        reject(error);
      },
    );
    if (signal?.aborted === true) onAbort();
  });
}
