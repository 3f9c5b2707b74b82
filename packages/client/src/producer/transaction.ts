// One transaction as users see it: records and offsets that become visible together, or not at all.

import type { Clock } from "@ottla/base";
import { StateError } from "../errors.ts";
import type { KafkaError } from "../errors.ts";
import type { CallOptions, GroupMetadata, OffsetToCommit, RecordMetadata, RecordToSend, Topics } from "../records.ts";
import type { ProducerMeters } from "./producer-meters.ts";
import type { TransactionalSequencing } from "./transactional-sequencing.ts";
import { withinLimits } from "./within-limits.ts";

type SendFunction = (
  records: RecordToSend | readonly RecordToSend[],
  options: CallOptions | undefined,
  refusal: KafkaError | null,
) => Promise<RecordMetadata | RecordMetadata[]>;

export interface TransactionParts {
  readonly sequencing: TransactionalSequencing;
  readonly meters: ProducerMeters;
  readonly clock: Clock;
  readonly maxBlockMs: number;
  readonly send: SendFunction;
}

/** From `producer.beginTransaction()` or `producer.transaction(…)`. Left open at the end of an `await using` block, it is aborted. */
export class Transaction<T extends Topics = {}> {
  private readonly parts: TransactionParts;
  private ending: { readonly how: "commit" | "abort"; readonly work: Promise<void> } | null = null;
  private hasEnded = false;
  private cutOff = false;

  constructor(parts: TransactionParts) {
    this.parts = parts;
  }

  /** Committed, or aborted. */
  get isEnded(): boolean {
    return this.hasEnded;
  }

  /** The producer was closed before it was committed or aborted. */
  get isCutOff(): boolean {
    return this.cutOff;
  }

  /** A commit is under way, whether or not anybody waits for it. */
  get isCommitting(): boolean {
    return this.ending?.how === "commit";
  }

  /** As the producer's `send`. When it fails, the transaction can only be aborted. Need not be awaited: `commit` waits. */
  send<Name extends string>(record: RecordToSend<T, Name>, options?: CallOptions): Promise<RecordMetadata>;
  send<Name extends string>(
    records: readonly RecordToSend<T, Name>[],
    options?: CallOptions,
  ): Promise<RecordMetadata[]>;
  send(
    records: RecordToSend<T> | readonly RecordToSend<T>[],
    options?: CallOptions,
  ): Promise<RecordMetadata | RecordMetadata[]> {
    return this.parts.send(records as unknown as RecordToSend, options, this.refusal());
  }

  /**
   * The group's committed offsets move with the transaction (KIP-447: `group` fences members of an earlier generation). Calls may overlap;
   * each is sent. @throws CommitFailedError and BrokerError, abortable; ProducerFencedError
   */
  async sendOffsets(
    offsets: readonly OffsetToCommit[],
    group: GroupMetadata | string,
    options: CallOptions = {},
  ): Promise<void> {
    const refusal = this.refusal();
    if (refusal !== null) throw refusal;
    if (offsets.length === 0) return;
    const metadata = typeof group === "string" ? groupWithoutMember(group) : group;
    const { sequencing, meters } = this.parts;
    const work = meters.timed("txn-send-offsets", sequencing.sendOffsets(offsets, metadata));
    await this.within(work, options, "the offsets were not sent in time");
  }

  /**
   * Waits for what was sent and makes it visible. A TimeoutError leaves the commit under way: calling again waits for the same. `timeoutMs`
   * defaults to `maxBlockMs`. @throws KafkaError `abortable` when `abort` is what is left, `fatal` when the producer has to be closed
   */
  commit(options: CallOptions = {}): Promise<void> {
    return this.end("commit", options);
  }

  /** Nothing of it becomes visible; records that were not sent yet fail with TRANSACTION_ABORTED. @throws KafkaError, fatal; TimeoutError as with `commit` */
  abort(options: CallOptions = {}): Promise<void> {
    return this.end("abort", options);
  }

  /** The producer is closed: a commit or abort that is under way may end, else it is aborted (as Java's close does). */
  async endForClose(): Promise<void> {
    this.cutOff = this.ending === null;
    await (this.ending?.work ?? this.end("abort", {}));
  }

  /** The commit goes on with nobody waiting: when it fails, an abort follows it at once. */
  abortUnlessCommitted(onFailure: (error: unknown) => void): void {
    this.ending?.work.catch(() => this.end("abort", {})).catch(onFailure);
  }

  /** Resolves when no commit or abort is under way, whatever came of it. @throws TimeoutError, AbortedError */
  async settled(options: CallOptions): Promise<void> {
    for (let { ending } = this; ending !== null; { ending } = this) {
      const work = ending.work.catch(() => {});
      await this.within(work, options, "the transaction before did not end in time");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.hasEnded) await this.abort();
  }

  private end(how: "commit" | "abort", options: CallOptions): Promise<void> {
    if (this.hasEnded) return Promise.reject(new StateError("the transaction has ended"));
    if (this.ending !== null && this.ending.how !== how)
      return Promise.reject(new StateError(`the transaction's ${this.ending.how} is under way`));
    this.ending ??= { how, work: this.work(how) };
    return this.within(this.ending.work, options, `the ${how} did not end in time`);
  }

  private async work(how: "commit" | "abort"): Promise<void> {
    const { sequencing, meters } = this.parts;
    try {
      await meters.timed(`txn-${how}`, how === "commit" ? sequencing.commit() : sequencing.abort());
      this.hasEnded = true;
    } finally {
      this.ending = null;
    }
  }

  private refusal(): KafkaError | null {
    if (this.hasEnded) return new StateError("the transaction has ended");
    if (this.ending !== null) return new StateError(`the transaction's ${this.ending.how} is under way`);
    try {
      this.parts.sequencing.checkOpen();
      return null;
    } catch (error) {
      return error as KafkaError;
    }
  }

  private within(work: Promise<void>, options: CallOptions, sentence: string): Promise<void> {
    const { clock, maxBlockMs } = this.parts;
    const { timeoutMs = maxBlockMs, signal } = options;
    work.catch(() => {});
    return withinLimits(clock, work, { timeoutMs, signal, sentence });
  }
}

function groupWithoutMember(groupId: string): GroupMetadata {
  return { groupId, generationId: -1, memberId: "", groupInstanceId: null };
}
