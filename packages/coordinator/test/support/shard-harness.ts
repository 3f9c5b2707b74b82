// Drives one shard as the runtime does, without runtime, log, socket or sleep: a command's records go through their real bytes,
// answers are kept by request, time moves only by `advance`, and `restart` replays all that was written into a fresh shard.
// Not here: failing appends and held-back answers, which are the runtime's business.

import assert from "node:assert/strict";
import type { Now, Outcome, Pending, TransactionalProducer } from "../../src/runtime/outcome.ts";
import type { CoordinatorRecordCodec, CoordinatorShard } from "../../src/runtime/shard.ts";

/** One request and, as soon as there is one, its answer. */
export class Call<Response> implements Pending<Response> {
  readonly id: number;
  /** Undefined while the request waits. */
  response: Response | undefined;

  constructor(id: number) {
    this.id = id;
  }

  get waits(): boolean {
    return this.response === undefined;
  }

  /** The answer, which must be there. */
  get answer(): Response {
    assert.ok(this.response !== undefined, `request ${this.id} has no answer yet`);
    return this.response;
  }

  refused(errorCode: number): Response {
    return { errorCode } as Response;
  }
}

type LogEntry =
  | { readonly key: Buffer; readonly value: Buffer | null; readonly producer: TransactionalProducer | null }
  | { readonly marker: TransactionalProducer; readonly committed: boolean };

export interface ShardHarnessOptions<CoordinatorRecord, Shard extends CoordinatorShard<CoordinatorRecord>> {
  readonly codec: CoordinatorRecordCodec<CoordinatorRecord>;
  /** Makes an empty shard; called once at the start and once for each restart. */
  readonly makeShard: () => Shard;
  /** Wall time at the start; monotonic time starts at 0. */
  readonly wallMs?: number;
}

export class ShardHarness<CoordinatorRecord, Shard extends CoordinatorShard<CoordinatorRecord>> {
  shard: Shard;
  private readonly options: ShardHarnessOptions<CoordinatorRecord, Shard>;
  private readonly log: LogEntry[] = [];
  private readonly calls = new Map<number, Call<unknown>>();
  private written: CoordinatorRecord[] = [];
  private wallMs: number;
  private monotonicMs = 0;
  private nextId = 1;

  constructor(options: ShardHarnessOptions<CoordinatorRecord, Shard>) {
    this.options = options;
    this.wallMs = options.wallMs ?? 1_700_000_000_000;
    this.shard = options.makeShard();
    this.apply(this.shard.loaded(this.now));
  }

  get now(): Now {
    return { wallMs: this.wallMs, monotonicMs: this.monotonicMs };
  }

  /** Runs one command; its answer may come now, later, or never. */
  run<Response>(
    command: (shard: Shard, pending: Pending<Response>, now: Now) => Outcome<CoordinatorRecord>,
  ): Call<Response> {
    const call = new Call<Response>(this.nextId++);
    this.calls.set(call.id, call);
    this.apply(command(this.shard, call, this.now));
    return call;
  }

  /** Runs one command that must be answered at once. */
  ask<Response>(command: (shard: Shard, pending: Pending<Response>, now: Now) => Outcome<CoordinatorRecord>): Response {
    return this.run(command).answer;
  }

  /** Moves both clocks forward and runs, in order of time, everything that falls due on the way. 0 runs what is due now. */
  advance(byMs: number): void {
    const targetMs = this.monotonicMs + byMs;
    for (;;) {
      const dueMs = this.shard.nextDeadlineMs();
      if (dueMs === null || dueMs > targetMs) break;
      this.move(Math.max(0, dueMs - this.monotonicMs));
      const outcome = this.shard.expire(this.now);
      assert.ok(outcome !== null, "a deadline that is due has an action");
      this.apply(outcome);
    }
    this.move(targetMs - this.monotonicMs);
  }

  /** The wall clock alone jumps, as an operator or NTP makes it. */
  jumpWallClock(byMs: number): void {
    this.wallMs += byMs;
  }

  /** The transaction coordinator's marker arrives on this partition. */
  endTransaction(marker: TransactionalProducer, committed: boolean): void {
    const order = this.log.push({ marker, committed }) - 1;
    this.shard.replayEndTransaction(marker.producerId, marker.producerEpoch, committed, order);
  }

  /** Writes records as if an earlier coordinator had. */
  seed(records: readonly CoordinatorRecord[], producer: TransactionalProducer | null = null): void {
    for (const record of records) this.keep(record, producer, true);
  }

  /** The records written since the last call, as they come out of their bytes. */
  takeRecords(): CoordinatorRecord[] {
    const taken = this.written;
    this.written = [];
    return taken;
  }

  /** Throws the shard away and loads a fresh one from all that was written. Requests that waited are never answered. */
  restart(): void {
    this.shard = this.options.makeShard();
    for (const [order, entry] of this.log.entries()) {
      if ("marker" in entry) {
        this.shard.replayEndTransaction(entry.marker.producerId, entry.marker.producerEpoch, entry.committed, order);
      } else {
        const record = this.options.codec.decode(entry.key, entry.value);
        if (record !== null) this.shard.replay(record, order, entry.producer);
      }
    }
    this.calls.clear();
    this.apply(this.shard.loaded(this.now));
  }

  private apply(outcome: Outcome<CoordinatorRecord>): void {
    for (const record of outcome.records) this.keep(record, outcome.producer ?? null, outcome.applied !== true);
    for (const { to, response } of outcome.replies) {
      const call = this.calls.get(to.id);
      assert.ok(call !== undefined, `request ${to.id} is answered twice, or was never asked`);
      this.calls.delete(to.id);
      call.response = response;
    }
  }

  private keep(record: CoordinatorRecord, producer: TransactionalProducer | null, replayed: boolean): void {
    const key = this.options.codec.encodeKey(record);
    const value = this.options.codec.encodeValue(record);
    const order = this.log.push({ key, value, producer }) - 1;
    const decoded = this.options.codec.decode(key, value);
    assert.ok(decoded !== null, "what is written can be read");
    this.written.push(decoded);
    // As the runtime does: what a record holds besides its bytes is lost with a restart only.
    if (replayed) this.shard.replay(record, order, producer);
  }

  private move(byMs: number): void {
    this.monotonicMs += byMs;
    this.wallMs += byMs;
  }
}
