// `for await (const record of consumer)`: the iterator. When a record is there, `next` answers with a promise that is resolved already, without
// an await of its own. Coming back for the next record says that the one before is done.

import type { CallOptions } from "../../records.ts";
import { AbortedError, ClosedError } from "../../errors.ts";
import { FetchedRecord } from "../decode/fetched-record.ts";
import type { Reader } from "../reader.ts";
import type { Hand, Hands } from "./hands.ts";

type Result = IteratorResult<FetchedRecord, undefined>;

const DONE: Result = { value: undefined, done: true };

export class RecordIteration implements AsyncIterableIterator<FetchedRecord, undefined>, Hand {
  private readonly reader: Reader;
  private readonly hands: Hands;
  private readonly signal: AbortSignal | undefined;
  private current: FetchedRecord | null = null;
  private isDone = false;
  /** Calls of `next` that came while one was waiting, in their order. */
  private waiting: Promise<unknown> | null = null;

  constructor(reader: Reader, hands: Hands, options: Pick<CallOptions, "signal">) {
    this.reader = reader;
    this.hands = hands;
    this.signal = options.signal;
    hands.add(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    const { waiting } = this;
    if (waiting !== null) {
      const step = (): Result | Promise<Result> => this.step();
      return this.enlist(waiting.then(step, step));
    }
    const result = this.step();
    return result instanceof Promise ? this.enlist(result) : Promise.resolve(result);
  }

  /** The loop was left: by `break`, `return` or `throw`, which look the same from here. */
  return(): Promise<Result> {
    this.end();
    // A call of `next` may be waiting.
    if (this.waiting !== null) this.reader.changed();
    return Promise.resolve(DONE);
  }

  finish(): void {
    const { current } = this;
    if (current === null) return;
    this.current = null;
    current.origin.window.finish(current.offset);
  }

  setAside(): void {
    const { current } = this;
    if (current !== null) current.origin.window.setAside(current.offset);
  }

  private step(): Result | Promise<Result> {
    if (this.isDone) return DONE;
    this.finish();
    this.hands.finishAside();
    if (this.signal?.aborted === true || this.reader.needsTurn()) return this.nextLater(null, true);
    let taken: FetchedRecord | Promise<FetchedRecord | null> | null;
    try {
      taken = this.reader.take();
    } catch (error) {
      return this.fail(error);
    }
    if (!(taken instanceof FetchedRecord)) return this.nextLater(taken, false);
    this.current = taken;
    return { value: taken, done: false };
  }

  private async nextLater(first: Promise<FetchedRecord | null> | null, turnsFirst: boolean): Promise<Result> {
    const { reader, signal } = this;
    let taken: FetchedRecord | Promise<FetchedRecord | null> | null = first;
    try {
      if (turnsFirst) await reader.turn();
      else if (first === null) await reader.wait(Infinity, signal);
      for (;;) {
        if (signal?.aborted === true) throw new AbortedError(signal);
        if (this.isDone) return DONE;
        taken ??= reader.take();
        const record: FetchedRecord | null = taken instanceof Promise ? await taken : taken;
        if (record !== null) return this.hold(record);
        if (taken === null) await reader.wait(Infinity, signal);
        taken = null;
      }
    } catch (error) {
      return await this.fail(error);
    }
  }

  private hold(record: FetchedRecord): Result {
    this.current = record;
    // Left while a serde was at work.
    if (this.isDone) this.end();
    return { value: record, done: false };
  }

  // A consumer that is closed ends its loops; anything else is thrown in them. The loop can be begun anew.
  private async fail(thrown: unknown): Promise<Result> {
    this.end();
    if (thrown instanceof ClosedError) return DONE;
    throw thrown;
  }

  private end(): void {
    this.isDone = true;
    if (this.current === null) this.hands.remove(this);
    else this.hands.setAside(this);
  }

  private enlist(result: Promise<Result>): Promise<Result> {
    this.waiting = result;
    const settled = (): void => {
      if (this.waiting === result) this.waiting = null;
    };
    result.then(settled, settled);
    return result;
  }
}
