// Counts what a coordinator appended to one partition and has no result of yet, over all shards that the partition had: who loads a new
// shard waits until all of it has ended, for a record that lands in the log after it was read would be missed.

import type { AppendResult } from "@ottla/storage";

export class AppendsUnderWay {
  private underWay = 0;
  private waiting: (() => void)[] = [];

  get count(): number {
    return this.underWay;
  }

  /** An append begins: what to hand on as its callback. */
  begun(done: (errorCode: number) => void): (result: AppendResult) => void {
    this.underWay++;
    return ({ errorCode }) => {
      this.underWay--;
      try {
        done(errorCode);
      } finally {
        if (this.underWay === 0) this.tell();
      }
    };
  }

  /** Resolves when nothing is under way. */
  ended(): Promise<void> {
    if (this.underWay === 0) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private tell(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}
