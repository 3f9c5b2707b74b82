// `for await (const batch of consumer.batches())`: the iterator. Coming back for the next batch says that the one before is done.

import { AbortedError, ClosedError } from "../../errors.ts";
import type { Reader } from "../reader.ts";
import type { FetchedBatch } from "./consumer-batch.ts";
import type { Hand, Hands } from "./hands.ts";

/** Makes the next batch, or answers null when no record is there. */
export type NextBatch = () => Promise<FetchedBatch | null>;

const DONE = { value: undefined, done: true } as const;

export class BatchIteration implements AsyncIterableIterator<FetchedBatch, undefined>, Hand {
  private readonly reader: Reader;
  private readonly hands: Hands;
  private readonly nextBatch: NextBatch;
  private readonly signal: AbortSignal | undefined;
  private current: FetchedBatch | null = null;
  private isDone = false;
  private last: Promise<unknown> = Promise.resolve();

  constructor(reader: Reader, hands: Hands, options: { nextBatch: NextBatch; signal: AbortSignal | undefined }) {
    this.reader = reader;
    this.hands = hands;
    this.nextBatch = options.nextBatch;
    this.signal = options.signal;
    hands.add(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<FetchedBatch, undefined>> {
    const step = (): Promise<IteratorResult<FetchedBatch, undefined>> => this.step();
    const result = this.last.then(step, step);
    this.last = result;
    // Whoever called has the rejection.
    result.catch(() => {});
    return result;
  }

  /** The loop was left: by `break`, `return` or `throw`, which look the same from here. */
  return(): Promise<IteratorResult<FetchedBatch, undefined>> {
    this.end();
    // A call of `next` may be waiting.
    this.reader.changed();
    return Promise.resolve(DONE);
  }

  finish(): void {
    this.current?.finish();
    this.current = null;
  }

  setAside(): void {
    this.current?.setAside();
  }

  private async step(): Promise<IteratorResult<FetchedBatch, undefined>> {
    if (this.isDone) return DONE;
    this.finish();
    this.hands.finishAside();
    try {
      for (;;) {
        if (this.signal?.aborted === true) throw new AbortedError(this.signal);
        if (this.reader.needsTurn()) await this.reader.turn();
        const { changes } = this.reader;
        const batch = await this.nextBatch();
        if (this.isDone) {
          // Left while it was collected: nobody gets it.
          batch?.setAside();
          return DONE;
        }
        if (batch !== null) {
          this.current = batch;
          return { value: batch, done: false };
        }
        await this.reader.wait(Infinity, this.signal, changes);
      }
    } catch (error) {
      this.end();
      if (error instanceof ClosedError) return DONE;
      throw error;
    }
  }

  private end(): void {
    this.isDone = true;
    if (this.current === null) this.hands.remove(this);
    else this.hands.setAside(this);
  }
}
