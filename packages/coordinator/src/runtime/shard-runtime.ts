// Runs the state machine of one partition: takes commands, replays their records at once, appends them in one batch for each turn of the event
// loop, and gives the answers when the batch is kept (Kafka's CoordinatorRuntime, without its threads and snapshots).
// Invariants: answers leave in the order of their commands and only after everything appended before them is kept;
// when an append fails nothing that depended on it is answered with success, and the shard is thrown away to be loaded again.

import { assert } from "@ottla/base";
import type { Clock, Logger, Timer } from "@ottla/base";
import { batchFormat, errorCodes, RecordBatchBuilder } from "@ottla/protocol";
import { replayBatches } from "./replay-batches.ts";
import type { Now, Outcome, Pending, Reply, TransactionalProducer } from "./outcome.ts";
import type { CoordinatorRecordCodec, CoordinatorShard } from "./shard.ts";

/** What the log judges a transaction's batch by. */
export interface BatchTerms {
  /** Of a marker: the transaction.version that the producer's client speaks. */
  readonly transactionVersion?: number;
  readonly verificationGuard?: number;
}

/** The partition that a shard writes. */
export interface ShardLog {
  /** The most bytes that one batch may have. */
  maxBatchBytes(): number;
  /** Appends one batch; `done` is called once, with NONE when the batch is kept: in the order of the calls, but refusals may come earlier. */
  append(batch: Buffer, terms: BatchTerms, done: (errorCode: number) => void): void;
}

export interface ShardRuntimeOptions<CoordinatorRecord, Shard> {
  readonly shard: Shard;
  readonly codec: CoordinatorRecordCodec<CoordinatorRecord>;
  readonly log: ShardLog;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Runs an action when the commands of this turn of the event loop were taken. */
  endOfTurn(action: () => void): void;
  /** The shard is closed, because an append failed: load a new one. */
  onFailed(errorCode: number): void;
}

interface Waiting {
  readonly refused: (errorCode: number) => unknown;
  readonly resolve: (response: unknown) => void;
}

/** A batch that is being gathered or kept, and what to do when it is. */
interface HeldBatch {
  replies: Reply[];
  whenKept: (() => void) | null;
  /** The log may refuse it for its producer's sake; that is no failure of the shard. */
  onRefused: ((errorCode: number) => void) | null;
  /** What came of its append; null while it is under way. */
  result: number | null;
}

const NO_TERMS: BatchTerms = {};

/** Room that a record takes in a batch besides key and value. */
const RECORD_OVERHEAD_BYTES = 32;

export class ShardRuntime<CoordinatorRecord, Shard extends CoordinatorShard<CoordinatorRecord>> {
  readonly shard: Shard;
  private readonly options: ShardRuntimeOptions<CoordinatorRecord, Shard>;
  private state: "loading" | "active" | "closed" = "loading";
  private readonly waiting = new Map<number, Waiting>();
  private nextPendingId = 1;
  private order = 0;
  private builder: RecordBatchBuilder | null = null;
  private gathering: HeldBatch | null = null;
  private readonly inFlight: HeldBatch[] = [];
  private timer: Timer | null = null;
  private timerDueMs = Infinity;

  constructor(options: ShardRuntimeOptions<CoordinatorRecord, Shard>) {
    this.options = options;
    this.shard = options.shard;
  }

  get isActive(): boolean {
    return this.state === "active";
  }

  /** Closed because of a failure, or for good. */
  get isClosed(): boolean {
    return this.state === "closed";
  }

  /** Requests that wait for an answer. */
  get waitingCount(): number {
    return this.waiting.size;
  }

  /** Replays whole batches of the log, in order. @throws DecodeError */
  load(batches: Buffer): void {
    assert(this.state === "loading", "batches are loaded before the shard is active");
    this.order = replayBatches(batches, this.options.codec, this.shard, this.options.logger) ?? this.order;
  }

  /** The whole log was loaded: commands may come. */
  activate(): void {
    assert(this.state === "loading", "a shard becomes active once");
    this.state = "active";
    this.perform(this.shard.loaded(this.now()));
    this.arm();
  }

  /** Runs one command; resolves with its answer, when it was decided and what it rests on is kept. */
  run<Response>(
    refused: (errorCode: number) => Response,
    command: (shard: Shard, pending: Pending<Response>, now: Now) => Outcome<CoordinatorRecord>,
  ): Promise<Response> {
    if (this.state === "loading") return Promise.resolve(refused(errorCodes.COORDINATOR_LOAD_IN_PROGRESS));
    if (this.state === "closed") return Promise.resolve(refused(errorCodes.NOT_COORDINATOR));
    return new Promise((resolve, reject) => {
      const pending: Pending<Response> = { id: this.nextPendingId++, refused };
      this.waiting.set(pending.id, { refused, resolve: resolve as (response: unknown) => void });
      try {
        this.perform(command(this.shard, pending, this.now()));
        this.arm();
      } catch (error) {
        // A bug: the state may be half changed, so it is loaded again.
        this.waiting.delete(pending.id);
        reject(error);
        this.fail(errorCodes.UNKNOWN_SERVER_ERROR);
      }
    });
  }

  /** Does something that nobody waits for, such as following new metadata. */
  perform(outcome: Outcome<CoordinatorRecord>): void {
    if (this.state === "closed") return;
    if (outcome.producer !== undefined) this.appendTransactional(outcome, outcome.producer);
    else if (outcome.records.length > 0) this.gather(outcome);
    else this.hold(outcome.replies);
  }

  /** After something was performed from outside: sets the timer anew. */
  arm(): void {
    const dueMs = this.state === "active" ? this.shard.nextDeadlineMs() : null;
    if (dueMs === null || dueMs >= this.timerDueMs) return;
    this.timer?.cancel();
    this.timerDueMs = dueMs;
    this.timer = this.options.clock.schedule(Math.max(0, dueMs - this.options.clock.monotonicMs()), () =>
      this.expire(),
    );
  }

  /** Appends a transaction's marker and then lets what the producer wrote here count, or not. Resolves with an error code. */
  endTransaction(marker: Buffer, producer: TransactionalProducer & BatchTerms, committed: boolean): Promise<number> {
    if (this.state === "loading") return Promise.resolve(errorCodes.COORDINATOR_LOAD_IN_PROGRESS);
    if (this.state === "closed") return Promise.resolve(errorCodes.NOT_COORDINATOR);
    this.flush();
    const order = this.order++;
    return new Promise((resolve) => {
      this.appendBatch(marker, producer, {
        replies: [],
        whenKept: () => {
          this.shard.replayEndTransaction(producer.producerId, producer.producerEpoch, committed, order);
          resolve(errorCodes.NONE);
        },
        onRefused: resolve,
        result: null,
      });
    });
  }

  /** No command is taken any more; who waits is told `errorCode`. What was appended stays appended. */
  close(errorCode: number): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.timer?.cancel();
    this.builder = null;
    this.gathering = null;
    for (const held of this.inFlight) held.onRefused?.(errorCode);
    this.inFlight.length = 0;
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    for (const { resolve, refused } of waiting) resolve(refused(errorCode));
  }

  private now(): Now {
    const { clock } = this.options;
    return { wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
  }

  private expire(): void {
    this.timer = null;
    this.timerDueMs = Infinity;
    try {
      for (;;) {
        const outcome = this.state === "active" ? this.shard.expire(this.now()) : null;
        if (outcome === null) break;
        this.perform(outcome);
      }
      this.arm();
    } catch (error) {
      this.options.logger.error({ error }, "a deadline of a coordinator could not be kept");
      this.fail(errorCodes.UNKNOWN_SERVER_ERROR);
    }
  }

  // Answers wait for the last batch before them; when there is none they leave at once.
  private hold(replies: readonly Reply[]): void {
    const last = this.gathering ?? this.inFlight.at(-1);
    if (last === undefined) this.give(replies);
    else for (const reply of replies) last.replies.push(reply);
  }

  private give(replies: readonly Reply[]): void {
    for (const { to, response } of replies) {
      const waiting = this.waiting.get(to.id);
      // Whoever waited may have been refused already, when the shard was closed.
      if (waiting === undefined) continue;
      this.waiting.delete(to.id);
      waiting.resolve(response);
    }
  }

  private gather(outcome: Outcome<CoordinatorRecord>): void {
    const encoded = this.encode(outcome.records);
    const limit = this.options.log.maxBatchBytes();
    if (outcome.splittable !== true && batchFormat.HEADER_BYTES + encoded.bytes > limit) {
      this.refuseTooLarge(outcome, encoded.bytes);
      return;
    }
    if (outcome.splittable !== true && this.gatheredBytes() + encoded.bytes > limit) this.flush();
    const timestamp = this.options.clock.nowMs();
    for (const [index, record] of outcome.records.entries()) {
      const { key, value } = encoded.records[index]!;
      if (outcome.splittable === true && this.gatheredBytes() + bytesOf(key, value) > limit) this.flush();
      this.open().append({ timestamp, key, value });
      if (outcome.applied !== true) this.shard.replay(record, this.order, null);
      this.order++;
    }
    this.hold(outcome.replies);
  }

  private encode(records: readonly CoordinatorRecord[]): {
    records: { key: Buffer; value: Buffer | null }[];
    bytes: number;
  } {
    let bytes = 0;
    const encoded = records.map((record) => {
      const key = this.options.codec.encodeKey(record);
      const value = this.options.codec.encodeValue(record);
      bytes += bytesOf(key, value);
      return { key, value };
    });
    return { records: encoded, bytes };
  }

  // Nothing of it was replayed, so the state is as it was; only one whose state was changed already must be loaded again.
  private refuseTooLarge(outcome: Outcome<CoordinatorRecord>, bytes: number): void {
    this.options.logger.error(
      { bytes, records: outcome.records.length },
      "a coordinator's records do not fit one batch",
    );
    for (const { to } of outcome.replies) this.hold([{ to, response: to.refused(errorCodes.UNKNOWN_SERVER_ERROR) }]);
    if (outcome.applied === true) this.fail(errorCodes.UNKNOWN_SERVER_ERROR);
  }

  private gatheredBytes(): number {
    return this.builder?.sizeInBytes() ?? 0;
  }

  private open(): RecordBatchBuilder {
    if (this.builder === null) {
      this.builder = new RecordBatchBuilder();
      this.gathering = { replies: [], whenKept: null, onRefused: null, result: null };
      this.options.endOfTurn(() => this.flush());
    }
    return this.builder;
  }

  private flush(): void {
    if (this.builder === null) return;
    const batch = this.builder.build();
    const held = this.gathering!;
    this.builder = null;
    this.gathering = null;
    this.appendBatch(batch, NO_TERMS, held);
  }

  // Replayed at once like all others, so that whoever asks for stable offsets meanwhile learns that these are not (KIP-447).
  private appendTransactional(outcome: Outcome<CoordinatorRecord>, producer: TransactionalProducer): void {
    this.flush();
    const { producerId, producerEpoch } = producer;
    const builder = new RecordBatchBuilder({ producerId, producerEpoch, isTransactional: true });
    const timestamp = this.options.clock.nowMs();
    for (const { key, value } of this.encode(outcome.records).records) builder.append({ timestamp, key, value });
    const firstOrder = this.order;
    for (const record of outcome.records) this.shard.replay(record, this.order++, producer);
    this.appendBatch(builder.build(), producer, {
      replies: [],
      whenKept: () => this.give(outcome.replies),
      onRefused: (errorCode) => {
        for (const [index, record] of outcome.records.entries()) {
          this.shard.takeBack?.(record, firstOrder + index, producer);
        }
        for (const { to } of outcome.replies) this.give([{ to, response: to.refused(errorForClients(errorCode)) }]);
      },
      result: null,
    });
  }

  private appendBatch(batch: Buffer, terms: BatchTerms, held: HeldBatch): void {
    this.inFlight.push(held);
    this.options.log.append(batch, terms, (errorCode) => {
      held.result = errorCode;
      this.settleInFlight();
    });
  }

  // A batch that the log refuses is known to be before those in front of it are written; what hangs on it waits for them.
  private settleInFlight(): void {
    for (let held = this.inFlight[0]; held !== undefined && held.result !== null; held = this.inFlight[0]) {
      this.inFlight.shift();
      this.settle(held, held.result);
    }
  }

  private settle(held: HeldBatch, errorCode: number): void {
    if (errorCode === errorCodes.NONE) {
      held.whenKept?.();
      this.give(held.replies);
      this.arm();
    } else if (held.onRefused !== null) {
      held.onRefused(errorCode);
      this.give(held.replies);
    } else {
      this.fail(errorCode);
    }
  }

  private fail(errorCode: number): void {
    if (this.state === "closed") return;
    this.close(errorForClients(errorCode));
    this.options.onFailed(errorCode);
  }
}

function bytesOf(key: Buffer, value: Buffer | null): number {
  return RECORD_OVERHEAD_BYTES + key.length + (value?.length ?? 0);
}

/** What clients are told when an append failed (Kafka's CoordinatorOperationExceptionHelper). */
export function errorForClients(errorCode: number): number {
  switch (errorCode) {
    case errorCodes.UNKNOWN_TOPIC_OR_PARTITION:
    case errorCodes.NOT_ENOUGH_REPLICAS:
    case errorCodes.NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case errorCodes.REQUEST_TIMED_OUT:
      return errorCodes.COORDINATOR_NOT_AVAILABLE;
    case errorCodes.NOT_LEADER_OR_FOLLOWER:
    case errorCodes.KAFKA_STORAGE_ERROR:
      return errorCodes.NOT_COORDINATOR;
    case errorCodes.MESSAGE_TOO_LARGE:
    case errorCodes.RECORD_LIST_TOO_LARGE:
      return errorCodes.UNKNOWN_SERVER_ERROR;
    default:
      return errorCode;
  }
}
