// Work that may take as long as it is given and no longer.

import type { Clock } from "@ottla/base";

/** Resolves when the work is done, however it ends, or when the time is over. */
export function within(clock: Clock, work: Promise<unknown>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.schedule(ms, resolve);
    const ended = (): void => {
      timer.cancel();
      resolve();
    };
    work.then(ended, ended);
  });
}
