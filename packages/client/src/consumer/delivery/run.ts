// `consumer.run`: handlers called for records or batches, several at a time, in an order that is kept. A record is taken from its partition when
// its handler can start, or when it has to wait behind one with the same key; no more than `maxParked` wait so. A handler that throws ends
// the run: the others finish, and the position of each partition goes back to the oldest record that no handler finished, so that the
// next run begins there.

import { ClosedError } from "../../errors.ts";
import { FetchedRecord } from "../decode/fetched-record.ts";
import type { PartitionState } from "../partition-state.ts";
import type { Reader } from "../reader.ts";
import type { FetchedBatch } from "./consumer-batch.ts";

export interface RunContext {
  /** Aborted when the run ends: by its own signal, by a handler that threw, or because the consumer is closed. */
  readonly signal: AbortSignal;
}

export interface RunPlan {
  readonly eachRecord: ((record: FetchedRecord, context: RunContext) => unknown) | null;
  readonly eachBatch: ((batch: FetchedBatch, context: RunContext) => unknown) | null;
  /** How many handlers at a time. */
  readonly concurrency: number;
  readonly order: "partition" | "key";
  readonly maxParked: number;
  readonly signal: AbortSignal | undefined;
  /** Makes a batch of a partition's records. */
  batchOf(state: PartitionState): Promise<FetchedBatch | null>;
}

export class Run {
  private readonly reader: Reader;
  private readonly plan: RunPlan;
  private readonly ending = new AbortController();
  private readonly context: RunContext;
  private running = 0;
  private parked = 0;
  /** Keys whose handler runs, with the records that wait behind. */
  private readonly lanes = new Map<string | symbol, FetchedRecord[]>();
  /** Partitions that gave records to this run. */
  private readonly touched = new Set<PartitionState>();
  private failure: { readonly error: unknown } | null = null;
  private taskEnded = Promise.withResolvers<void>();

  constructor(reader: Reader, plan: RunPlan) {
    this.reader = reader;
    this.plan = plan;
    this.context = { signal: this.ending.signal };
  }

  /** Resolves when the run was stopped and no handler runs. @throws what a handler threw */
  async perform(): Promise<void> {
    const { signal } = this.plan;
    const stop = (): void => this.stop();
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted === true) stop();
    try {
      while (!this.ending.signal.aborted) await this.step();
    } catch (error) {
      if (!(error instanceof ClosedError)) this.fail(error);
    } finally {
      signal?.removeEventListener("abort", stop);
      this.stop();
    }
    while (this.running > 0) await this.taskEnded.promise;
    this.rewind();
    if (this.failure !== null) throw this.failure.error;
  }

  /** No handler starts any more. */
  stop(): void {
    this.ending.abort();
    this.reader.changed();
  }

  // Starts what can be started, then waits until more could.
  private async step(): Promise<void> {
    const { reader, plan } = this;
    let { changes } = reader;
    while (this.running < plan.concurrency && this.parked < plan.maxParked) {
      if (this.ending.signal.aborted) return;
      if (reader.needsTurn()) await reader.turn();
      changes = reader.changes;
      const state = reader.findState();
      if (state === null) break;
      await this.startFrom(state);
    }
    if (this.ending.signal.aborted) return;
    if (this.running === 0) await reader.wait(Infinity, this.ending.signal, changes).catch(() => {});
    else await this.untilMore(changes);
  }

  // A handler ended, or, when one more could be started, there is news.
  private async untilMore(changes: number): Promise<void> {
    const isFull = this.running >= this.plan.concurrency || this.parked >= this.plan.maxParked;
    if (isFull) return this.taskEnded.promise;
    const stopWaiting = new AbortController();
    const news = this.reader.waitQuietly(Infinity, stopWaiting.signal, changes).catch(() => {});
    await Promise.race([this.taskEnded.promise, news]);
    stopWaiting.abort();
  }

  private async startFrom(state: PartitionState): Promise<void> {
    this.touched.add(state);
    if (this.plan.eachBatch !== null) {
      const batch = await this.plan.batchOf(state);
      if (batch !== null && this.ending.signal.aborted) batch.setAside();
      else if (batch !== null) this.startBatch(state, batch);
      return;
    }
    const taken = this.reader.takeFrom(state);
    const record = taken instanceof FetchedRecord ? taken : await taken;
    if (record === null) return;
    // It was stopped while a serde was at work; `rewind` goes back to the record.
    if (this.ending.signal.aborted) record.origin.window.setAside(record.offset);
    else if (this.plan.order === "key") this.startByKey(record);
    else this.start(state, () => this.plan.eachRecord!(record, this.context), new RecordWork(record));
  }

  private startBatch(state: PartitionState, batch: FetchedBatch): void {
    this.start(state, () => this.plan.eachBatch!(batch, this.context), batch);
  }

  // One handler of a partition at a time.
  private start(state: PartitionState, handler: () => unknown, work: Work): void {
    state.busy = true;
    this.running++;
    void this.call(handler, work).finally(() => {
      state.busy = false;
      this.running--;
      this.wake();
    });
  }

  // One handler of a key at a time. Records without a key have no order among themselves.
  private startByKey(record: FetchedRecord): void {
    const key = record.keyBytes();
    // A symbol of its own for each.
    const lane = key === null ? Symbol("no key") : `${record.topic}-${record.partition}-${key.toString("latin1")}`;
    const waiting = this.lanes.get(lane);
    if (waiting === undefined) void this.runLane(lane, record);
    else {
      waiting.push(record);
      this.parked++;
    }
  }

  // Never rejects.
  private async runLane(lane: string | symbol, first: FetchedRecord): Promise<void> {
    const waiting: FetchedRecord[] = [];
    this.lanes.set(lane, waiting);
    this.running++;
    let record: FetchedRecord | undefined = first;
    while (record !== undefined) {
      await this.handle(record);
      record = this.nextOf(waiting);
      // Room for one more to wait.
      if (record !== undefined) this.wake();
    }
    this.lanes.delete(lane);
    this.running--;
    this.wake();
  }

  // The next that may be handled: none once the run ends, none of a partition that was given back.
  private nextOf(waiting: FetchedRecord[]): FetchedRecord | undefined {
    for (;;) {
      const record = waiting.shift();
      if (record === undefined) return undefined;
      this.parked--;
      const state = this.reader.partitions.get(record);
      const isOurs = state !== undefined && !state.revoked && state.window === record.origin.window;
      if (isOurs && !this.ending.signal.aborted) return record;
      record.origin.window.setAside(record.offset);
    }
  }

  private handle(record: FetchedRecord): Promise<void> {
    return this.call(() => this.plan.eachRecord!(record, this.context), new RecordWork(record));
  }

  // Never rejects.
  private async call(handler: () => unknown, work: Work): Promise<void> {
    try {
      await handler();
      work.finish();
      this.reader.progressed();
    } catch (error) {
      // Nobody works on it any more: its partition can be given back.
      work.setAside();
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    this.failure ??= { error };
    this.stop();
  }

  private wake(): void {
    const { resolve } = this.taskEnded;
    this.taskEnded = Promise.withResolvers<void>();
    resolve();
  }

  // What was taken and not finished is read again.
  private rewind(): void {
    for (const state of this.touched) {
      const { window } = state;
      if (window.count === 0 || !state.hasPosition || !this.reader.partitions.holds(state)) continue;
      state.seek({ offset: window.oldestOffset, leaderEpoch: window.oldestEpoch }, { validate: false });
    }
    this.reader.changed();
  }
}

/** What a handler was called for. */
interface Work {
  finish(): void;
  /** It is not finished, and nobody works on it. */
  setAside(): void;
}

class RecordWork implements Work {
  private readonly record: FetchedRecord;

  constructor(record: FetchedRecord) {
    this.record = record;
  }

  finish(): void {
    this.record.origin.window.finish(this.record.offset);
  }

  setAside(): void {
    this.record.origin.window.setAside(this.record.offset);
  }
}
