// A closed loop: workers that begin the next operation as soon as one is done, and how many operations they did in the measured time.

import { Meter, pause, type Usage } from "../load-produce.ts";

/** What a job did, and what that cost. */
export interface Counted extends Usage {
  operations: number;
  /** What is worth knowing besides, such as how often something had to be asked again. */
  remarks: Record<string, number>;
}

export interface Measured {
  serverPid: number;
  warmupMs: number;
  measureMs: number;
}

export class Loop {
  readonly remarks: Record<string, number> = {};
  private completed = 0;
  private workers = 0;
  private stopping = false;
  private drain: () => void = () => {};
  private fail: (error: Error) => void = () => {};
  private readonly failed = new Promise<never>((_resolve, reject) => (this.fail = reject));

  constructor() {
    this.failed.catch(() => {});
  }

  /** Ends the measurement; for callbacks, which nobody awaits. */
  readonly lost = (error: Error): void => this.fail(error);

  /** Waits for `work`, or throws what `lost` was told. */
  race<Result>(work: Promise<Result>): Promise<Result> {
    return Promise.race([work, this.failed]);
  }

  /** One operation was done; returns whether the worker is to go on. */
  done(): boolean {
    this.completed++;
    if (!this.stopping) return true;
    this.workers--;
    if (this.workers === 0) this.drain();
    return false;
  }

  remark(name: string, count = 1): void {
    this.remarks[name] = (this.remarks[name] ?? 0) + count;
  }

  /** Starts the workers, counts during the measured time, and waits for what is on its way. */
  async measure({ serverPid, warmupMs, measureMs }: Measured, workers: readonly (() => void)[]): Promise<Counted> {
    this.workers = workers.length;
    const drained = new Promise<void>((resolve) => (this.drain = resolve));
    for (const begin of workers) begin();
    await this.race(pause(warmupMs));
    const meter = new Meter(serverPid);
    meter.start();
    const before = this.completed;
    await this.race(pause(measureMs));
    const operations = this.completed - before;
    const usage = meter.stop();
    this.stopping = true;
    await this.race(drained);
    return { ...usage, operations, remarks: this.remarks };
  }
}
