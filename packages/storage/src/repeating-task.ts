// Something that is done again and again while a folder is open. It never overlaps itself; `stop` waits for what is running.

import type { Clock, Logger, Timer } from "@ottla/base";

/** A longer period than Node's timers can count means: never. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface TaskOptions {
  clock: Clock;
  logger: Logger;
  name: string;
  /** From the end of one run to the beginning of the next. */
  periodMs: number;
  run: () => Promise<void> | void;
}

export class RepeatingTask {
  private readonly options: TaskOptions;
  private timer: Timer | null = null;
  private running: Promise<void> | null = null;
  private stopped = false;

  constructor(options: TaskOptions) {
    this.options = options;
    this.arm();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.running;
  }

  private arm(): void {
    const { clock, periodMs } = this.options;
    if (this.stopped || periodMs > LONGEST_TIMER_MS) return;
    this.timer = clock.schedule(periodMs, () => this.runOnce());
  }

  private runOnce(): void {
    let done: Promise<void> | null = null;
    try {
      const outcome = this.options.run();
      if (outcome instanceof Promise) done = outcome;
    } catch (error) {
      this.report(error);
    }
    if (done === null) {
      this.arm();
      return;
    }
    this.running = done
      .catch((error: unknown) => this.report(error))
      .then(() => {
        this.running = null;
        this.arm();
      });
  }

  private report(error: unknown): void {
    const { logger, name } = this.options;
    logger.error({ task: name, error }, "a repeated task of the log folder failed");
  }
}
