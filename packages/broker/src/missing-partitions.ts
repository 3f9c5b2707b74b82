// Partitions of this node whose log could not be made, as on a full disk. The metadata log has them for good and no request comes
// again, so they are tried again now and then, and served as soon as the cause is gone.
// Invariant: no attempt runs beside a change of the metadata: both go through `exclusively`.

import type { Clock, Logger, Timer } from "@ottla/base";

/** From the end of one round of attempts to the next. */
export const RETRY_PERIOD_MS = 5000;
/** After so many failures in a round the cause is still there for the others too. */
const FAILURES_A_ROUND = 10;

export interface MissingPartition {
  topic: string;
  index: number;
  /** Makes its log; resolves also when the partition is no longer wanted. */
  attempt: () => Promise<void>;
}

export class MissingPartitions {
  private readonly clock: Clock;
  private readonly logger: Logger;
  /** Those that failed last are at the end. */
  private readonly missing = new Map<string, MissingPartition>();
  private last: Promise<unknown> = Promise.resolve();
  private timer: Timer | null = null;
  private stopped = false;

  constructor(options: { clock: Clock; logger: Logger }) {
    this.clock = options.clock;
    this.logger = options.logger;
  }

  get count(): number {
    return this.missing.size;
  }

  /** Runs `change` after what was given earlier, and after a round of attempts that is under way. */
  exclusively<Result>(change: () => Promise<Result>): Promise<Result> {
    const running = this.last.then(change);
    this.last = running.catch(() => {});
    return running;
  }

  /** The log of a partition could not be made. */
  add(partition: MissingPartition): void {
    this.missing.set(`${partition.topic}-${partition.index}`, partition);
    this.arm();
  }

  /** Resolves when nothing is tried any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.last;
  }

  private arm(): void {
    if (this.stopped || this.timer !== null || this.missing.size === 0) return;
    this.timer = this.clock.schedule(RETRY_PERIOD_MS, () => void this.exclusively(() => this.tryAll()));
  }

  private async tryAll(): Promise<void> {
    let failures = 0;
    let error: unknown = null;
    // What fails is put back at the end.
    const round = [...this.missing];
    for (const [key, partition] of round) {
      if (this.stopped || failures === FAILURES_A_ROUND) break;
      this.missing.delete(key);
      const { topic, index } = partition;
      try {
        await partition.attempt();
        this.logger.info({ topic, partition: index }, "a partition's log could follow the metadata after all");
      } catch (reason) {
        failures++;
        error = reason;
        this.missing.set(key, partition);
      }
    }
    if (error !== null) this.logger.warn({ partitions: this.count, error }, "logs still cannot follow the metadata");
    this.timer = null;
    this.arm();
  }
}
