// Transactions of one producer: Java's TransactionManager without its queue. Decides which partitions may be sent to and with which id and
// epoch, what a failure does to the transaction, and takes a transaction through begin, commit, abort. One transaction at a time.
// After a failure the epoch is always raised before the next transaction begins (by EndTxn in the second protocol, by InitProducerId in the
// first), so sequences start anew and nothing that is still on its way can slip into it.

import type { Logger } from "@ottla/base";
import { KafkaError, StateError } from "../errors.ts";
import type { GroupMetadata, OffsetToCommit } from "../records.ts";
import { asKafkaError } from "./as-kafka-error.ts";
import type { Batch } from "./batch.ts";
import type { ProducerPartition } from "./producer-partition.ts";
import type { Sequencing } from "./sequencing.ts";
import { NO_IDENTITY } from "./sequences.ts";
import type { ProducerIdentity } from "./sequences.ts";
import { asAbortable, isFatalForProducer } from "./transaction-errors.ts";
import type { TransactionRequests } from "./transaction-requests.ts";
import { nextState } from "./transaction-state.ts";
import type { TransactionState } from "./transaction-state.ts";

/** The last version of Produce that does not add partitions to transactions by itself. */
const LAST_FIRST_PROTOCOL_PRODUCE = 11;

/** What transactions ask of the producer around them. */
export interface TransactionHost {
  readonly logger: Logger;
  drainSoon(): void;
  /** Resolves when every record of now has its outcome. */
  flushed(): Promise<void>;
  /** Fails the records that are in no request at the moment. */
  dropUnsent(error: KafkaError): void;
  /** Resolves when no Produce request is out. */
  quiet(): Promise<void>;
}

export class TransactionalSequencing implements Sequencing {
  readonly transactionalId: string;
  private readonly requests: TransactionRequests;
  private readonly host: TransactionHost;
  private state: TransactionState = "uninitialized";
  private current: ProducerIdentity = NO_IDENTITY;
  private isSecond = false;
  private canRaiseEpoch = true;
  private mustRaiseEpoch = false;
  /** Why the transaction can only be aborted, or the producer only be closed. */
  private error: KafkaError | null = null;
  private initializing: Promise<void> | null = null;
  /** Counts transactions; a partition that has the number belongs to this one, or is being added to it. */
  private number = 0;
  private readonly added = new Set<ProducerPartition>();
  private toAdd: ProducerPartition[] = [];
  /** The broker may know of the transaction: it has to be ended there as well. */
  private isStarted = false;

  constructor(transactionalId: string, requests: TransactionRequests, host: TransactionHost) {
    this.transactionalId = transactionalId;
    this.requests = requests;
    this.host = host;
  }

  get identity(): ProducerIdentity {
    return this.current;
  }

  get maxProduceVersion(): number | undefined {
    return this.isSecond ? undefined : LAST_FIRST_PROTOCOL_PRODUCE;
  }

  get gapsAreRefused(): boolean {
    return this.isSecond;
  }

  get isHurried(): boolean {
    return this.state === "committing";
  }

  get givesUp(): KafkaError | null {
    return this.state === "failed" || this.state === "aborting" || this.state === "fatal" ? this.error : null;
  }

  /** A transaction was begun and has not ended. */
  get isOpen(): boolean {
    return this.state === "open" || this.state === "failed" || this.state === "committing" || this.state === "aborting";
  }

  prepare(): boolean {
    return this.state === "open" || this.state === "committing";
  }

  maySend(partition: ProducerPartition): boolean {
    return this.isSecond ? partition.transaction === this.number : this.added.has(partition);
  }

  /** A record of the open transaction goes to this partition. */
  placed(partition: ProducerPartition): void {
    if (partition.transaction === this.number) return;
    partition.transaction = this.number;
    if (this.isSecond) {
      this.isStarted = true;
      return;
    }
    this.toAdd.push(partition);
    if (this.toAdd.length === 1) queueMicrotask(() => this.addPartitions());
  }

  recordsFailed(_batch: Batch, error: KafkaError): void {
    this.recordFailed(error);
  }

  /** A record of the transaction was not written: the rest must not be either. */
  recordFailed(error: KafkaError): void {
    if (this.state !== "open" && this.state !== "committing") return;
    this.fail(error);
  }

  sequenceLost(): void {
    this.mustRaiseEpoch = true;
  }

  needNewEpoch(): void {
    this.mustRaiseEpoch = true;
  }

  settled(): void {}

  /** Gets the id, which ends what an earlier producer with the same transactional id left open, and fences it. */
  initialize(): Promise<void> {
    if (this.state === "fatal") return Promise.reject(this.error!);
    if (this.state !== "uninitialized" && this.state !== "initializing") return Promise.resolve();
    this.initializing ??= this.acquire().finally(() => (this.initializing = null));
    return this.initializing;
  }

  begin(): void {
    if (this.state === "fatal") throw this.error!;
    if (this.isOpen) throw new StateError("a transaction is open already; this producer has one at a time");
    if (this.state !== "ready") throw new StateError("the transactional producer is not initialized");
    this.enter("open");
    this.number++;
  }

  /** Throws unless records and offsets may be added. */
  checkOpen(): void {
    if (this.error !== null) throw this.error;
    if (this.state !== "open") throw new StateError("no transaction is open");
  }

  async sendOffsets(offsets: readonly OffsetToCommit[], group: GroupMetadata): Promise<void> {
    this.checkOpen();
    if (this.isSecond) this.isStarted = true;
    try {
      await this.requests.commitOffsets(this.current, offsets, group, {
        isSecond: this.isSecond,
        onAdded: () => (this.isStarted = true),
      });
    } catch (error) {
      const failure = asKafkaError(error, "offsets could not be sent");
      if (this.state === "open" || this.state === "committing") this.fail(failure);
      throw failure;
    }
  }

  /** @throws KafkaError: `abortable` when an abort is what is left to do */
  async commit(): Promise<void> {
    this.checkOpen();
    this.enter("committing");
    this.host.drainSoon();
    await this.host.flushed();
    await this.requests.idle();
    if (this.error !== null) throw this.error;
    await this.end(true);
  }

  async abort(): Promise<void> {
    if (this.state === "fatal") throw this.error!;
    if (this.state !== "open" && this.state !== "failed") throw new StateError("no transaction is open");
    this.error ??= new KafkaError("the transaction was aborted", { code: "TRANSACTION_ABORTED" });
    this.enter("aborting");
    this.toAdd = [];
    this.host.dropUnsent(this.error);
    await this.host.quiet();
    await this.requests.idle();
    await this.end(false);
  }

  private async acquire(): Promise<void> {
    this.enter("initializing");
    try {
      this.current = await this.requests.initialize(NO_IDENTITY);
      ({ isSecond: this.isSecond, canRaiseEpoch: this.canRaiseEpoch } = await this.requests.abilities());
      this.enter("ready");
    } catch (error) {
      const failure = asKafkaError(error, "the transactional producer could not be initialized");
      if (failure.fatal) this.becomeFatal(failure);
      else this.enter("uninitialized");
      throw failure;
    }
  }

  // Ends the transaction at the coordinator, when that knows of it, and raises the epoch if something went wrong.
  private async end(isCommit: boolean): Promise<void> {
    try {
      if (this.isStarted)
        this.current = (await this.requests.end(this.current, isCommit, this.isSecond)) ?? this.current;
      if (this.mustRaiseEpoch && !this.isSecond) this.current = await this.requests.initialize(this.current);
    } catch (error) {
      const failure = asKafkaError(error, "the transaction could not be ended");
      if (failure.fatal || this.state === "aborting") this.becomeFatal(failure);
      else this.fail(failure);
      throw this.error!;
    }
    this.enter("ready");
    this.error = null;
    this.mustRaiseEpoch = false;
    this.isStarted = false;
    this.added.clear();
    this.toAdd = [];
    this.number++;
  }

  private addPartitions(): void {
    const partitions = this.toAdd;
    this.toAdd = [];
    if (partitions.length === 0 || !this.prepare()) return;
    this.requests.addPartitions(this.current, partitions).then(
      () => {
        this.isStarted = true;
        for (const partition of partitions) this.added.add(partition);
        this.host.drainSoon();
      },
      (error: unknown) => {
        const failure = asKafkaError(error, "partitions could not be added to the transaction");
        if (this.state === "open" || this.state === "committing") this.fail(failure);
      },
    );
  }

  private fail(error: KafkaError): void {
    if (isFatalForProducer(error) || !this.canRaiseEpoch) return this.becomeFatal(error);
    const failure = asAbortable(error);
    this.error = failure;
    this.mustRaiseEpoch = true;
    this.enter("failed");
    this.host.logger.warn(
      { transactionalId: this.transactionalId, code: error.code },
      "the transaction has to be aborted",
    );
    // Not at once: whoever reports the failure is in the midst of ending a batch.
    queueMicrotask(() => {
      if (this.state === "failed") this.host.dropUnsent(failure);
    });
  }

  private becomeFatal(error: KafkaError): void {
    const fatal = error.fatal
      ? error
      : new KafkaError(`the producer cannot go on: ${error.message}`, { code: error.code, fatal: true, cause: error });
    this.error = fatal;
    this.enter("fatal");
    this.host.logger.error({ transactionalId: this.transactionalId, code: error.code }, "the producer cannot go on");
    queueMicrotask(() => this.host.dropUnsent(fatal));
  }

  private enter(state: TransactionState): void {
    this.state = nextState(this.state, state);
  }
}
