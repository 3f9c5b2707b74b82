// What users see of a producer: send, flush, transactions, close. The work is done by the parts that producer-parts.ts puts together.

import { AbortedError, ClosedError, KafkaError, StateError, TimeoutError } from "../errors.ts";
import type { Metric } from "../metrics.ts";
import { ClientInstanceId } from "../network/client-instance-id.ts";
import type { Cluster, PartitionMetadata } from "../network/cluster.ts";
import type { CallOptions, RecordMetadata, RecordToSend, Topics } from "../records.ts";
import { interceptAcknowledgement, interceptSend } from "./interceptors.ts";
import { resolveProducerOptions } from "./producer-options.ts";
import type { ProducerOptions, ResolvedProducerOptions } from "./producer-options.ts";
import { ProducerParts } from "./producer-parts.ts";
import { SendCall } from "./send-call.ts";
import { Transaction } from "./transaction.ts";
import type { TransactionalSequencing } from "./transactional-sequencing.ts";
import { withinLimits } from "./within-limits.ts";

export interface CloseOptions {
  /** How long records that are not acknowledged yet, and an open transaction's abort, may take. Default: the client's `defaultApiTimeoutMs`. */
  readonly timeoutMs?: number;
}

let producers = 0;

/**
 * Sends records. What `send` gives back resolves when the record is acknowledged as `acks` asks, and rejects when it was given up; nobody
 * needs to look: a promise that is dropped never becomes an unhandled rejection, its error is counted (record-error-total) and logged.
 */
export class Producer<T extends Topics = {}> {
  private readonly cluster: Cluster;
  private readonly options: ResolvedProducerOptions;
  private readonly lane = `producer-${++producers}`;
  private readonly parts: ProducerParts;
  private readonly onClosed: () => void;
  private readonly instanceId: ClientInstanceId;
  /** The last that was begun. */
  private current: Transaction<T> | null = null;
  private closing: Promise<void> | null = null;

  /** @throws ConfigError */
  constructor(cluster: Cluster, options: ProducerOptions = {}, events: { readonly onClosed?: () => void } = {}) {
    this.cluster = cluster;
    this.onClosed = events.onClosed ?? nothing;
    this.options = resolveProducerOptions(options, cluster.options);
    this.parts = new ProducerParts(cluster, this.options, this.lane);
    this.instanceId = new ClientInstanceId(cluster, this.lane);
  }

  /**
   * Sends one record, or many at once. Records of one partition are written in the order of the calls. `timeoutMs` bounds the wait for
   * metadata and memory (default `maxBlockMs`); once a record is in a batch, `deliveryTimeoutMs` does. An abort ends the wait of the caller,
   * and of records that are in no batch yet; others may still be written. With a `transactionalId`, send through the transaction instead.
   * @throws BrokerError, TimeoutError (code DELIVERY_TIMEOUT, or TIMEOUT for metadata and memory), SerializationError, AbortedError,
   * ClosedError, StateError; SendError when several records fared differently
   */
  send<Name extends string>(record: RecordToSend<T, Name>, options?: CallOptions): Promise<RecordMetadata>;
  send<Name extends string>(
    records: readonly RecordToSend<T, Name>[],
    options?: CallOptions,
  ): Promise<RecordMetadata[]>;
  send(
    records: RecordToSend<T> | readonly RecordToSend<T>[],
    options?: CallOptions,
  ): Promise<RecordMetadata | RecordMetadata[]> {
    const isMisplaced = this.options.transactionalId !== null;
    const refusal = isMisplaced ? new StateError("a transactional producer sends through its transactions") : null;
    return this.dispatch(records as unknown as RecordToSend, options, refusal, null);
  }

  /**
   * Runs `work` in a transaction: commits when it resolves, aborts when it throws, and passes on what it came to. What was sent need not be
   * awaited. With an error that is `abortable` or `retriable` the whole can be done again; a `fatal` one ends the producer. A commit that did
   * not end in time fails with COMMIT_UNKNOWN: it may succeed yet, so the whole must not be done again; the next transaction waits for it.
   * @throws what `work` threw, or what the commit failed with after the abort, or the fatal error of the abort
   */
  async transaction<Result>(
    work: (transaction: Transaction<T>) => Promise<Result> | Result,
    options: CallOptions = {},
  ): Promise<Result> {
    const transaction = await this.beginTransaction(options);
    try {
      const result = await work(transaction);
      if (transaction.isCutOff) throw new ClosedError("producer");
      if (!transaction.isEnded) await transaction.commit(options);
      return result;
    } catch (error) {
      throw transaction.isCommitting ? this.leave(transaction, error) : await this.abortAfter(transaction, error);
    }
  }

  /**
   * Begins a transaction; one at a time: a commit or abort that is still under way is waited for. The first call gets the producer id, and so ends what an earlier producer with the same
   * transactional id left behind. @throws ProducerFencedError, BrokerError, TimeoutError, StateError
   */
  async beginTransaction(options: CallOptions = {}): Promise<Transaction<T>> {
    const sequencing = this.transactional();
    await this.initTransactions(options);
    await this.current?.settled(options);
    if (this.closing !== null) throw new ClosedError("producer");
    sequencing.begin();
    const onFailure = (error: KafkaError): void => sequencing.recordFailed(error);
    this.current = new Transaction<T>({
      sequencing,
      meters: this.parts.meters,
      clock: this.cluster.clock,
      maxBlockMs: this.options.maxBlockMs,
      send: (records, callOptions, refusal) => this.dispatch(records, callOptions, refusal, onFailure),
    });
    return this.current;
  }

  /** Gets the producer id now and not at the first transaction: an earlier producer with the same transactional id is fenced from here on. */
  async initTransactions(options: CallOptions = {}): Promise<void> {
    const sequencing = this.transactional();
    if (this.closing !== null) throw new ClosedError("producer");
    const { timeoutMs = this.options.maxBlockMs, signal } = options;
    const sentence = "no producer id could be had in time";
    await withinLimits(this.cluster.clock, this.parts.meters.timed("txn-init", sequencing.initialize()), {
      timeoutMs,
      signal,
      sentence,
    });
  }

  /** Resolves when everything that was sent before has its outcome, whatever that is. Nothing lingers meanwhile. @throws AbortedError, TimeoutError */
  async flush(options: CallOptions = {}): Promise<void> {
    const { timeoutMs, signal } = options;
    const sentence = "the producer was not flushed in time";
    await withinLimits(this.cluster.clock, this.parts.meters.timed("flush", this.parts.flushed()), {
      timeoutMs,
      signal,
      sentence,
    });
  }

  /** The partitions of a topic. @throws BrokerError, TimeoutError */
  async partitionsFor(topic: string, options: CallOptions = {}): Promise<readonly PartitionMetadata[]> {
    const { timeoutMs = this.options.maxBlockMs, signal } = options;
    const limits = signal === undefined ? { timeoutMs } : { timeoutMs, signal };
    const metadata = await this.cluster.topicMetadata(topic, limits);
    return metadata.partitions;
  }

  /** The id under which brokers know this producer in its metrics (KIP-714). @throws BrokerError UNSUPPORTED_VERSION where they take none */
  async clientInstanceId(options: CallOptions = {}): Promise<string> {
    if (this.closing !== null) throw new ClosedError("producer");
    return this.instanceId.get(options);
  }

  /** What this producer counts, named as Java's; `Kafka.metrics` has those of all. */
  metrics(): Metric[] {
    return this.cluster.metrics.snapshot().filter(({ tags }) => tags["producer"] === this.lane);
  }

  /**
   * Sends what is there and aborts an open transaction, within `timeoutMs`; what is left then is rejected with ClosedError. Calls of `send`
   * from now on are rejected. A second call waits for the first.
   */
  close(options: CloseOptions = {}): Promise<void> {
    this.closing ??= this.shutDown(options.timeoutMs ?? this.cluster.options.defaultApiTimeoutMs);
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private dispatch(
    records: RecordToSend | readonly RecordToSend[],
    options: CallOptions | undefined,
    refusal: KafkaError | null,
    onFailure: ((error: KafkaError) => void) | null,
  ): Promise<RecordMetadata | RecordMetadata[]> {
    const isMany = Array.isArray(records);
    const call = new SendCall(isMany ? (records as readonly RecordToSend[]).length : null);
    const ended = this.closing === null ? refusal : new ClosedError("producer");
    call.onFailure = ended === null ? onFailure : null;
    if (ended !== null) call.abandon(ended);
    else if (options === undefined || this.obey(call, options)) {
      const maxBlockMs = options?.timeoutMs ?? this.options.maxBlockMs;
      const nowMs = this.cluster.clock.nowMs();
      if (isMany) {
        const many = records as readonly RecordToSend[];
        for (let index = 0; index < many.length; index++) this.take(many[index]!, call, index, nowMs, maxBlockMs);
      } else {
        this.take(records as RecordToSend, call, 0, nowMs, maxBlockMs);
      }
    }
    return call.promise as Promise<RecordMetadata | RecordMetadata[]>;
  }

  private take(record: RecordToSend, call: SendCall, ordinal: number, nowMs: number, maxBlockMs: number): void {
    // What is no record at all is not shown to interceptors.
    const isPlain = this.options.interceptors.length === 0 || typeof record !== "object" || record === null;
    if (isPlain) this.parts.intake.accept(record, call, ordinal, nowMs, maxBlockMs);
    else this.takeIntercepted(record, call, ordinal, nowMs, maxBlockMs);
  }

  // Interceptors see each record's own outcome, so each gets a call of its own, which settles its place in the user's.
  private takeIntercepted(
    record: RecordToSend,
    call: SendCall,
    ordinal: number,
    nowMs: number,
    maxBlockMs: number,
  ): void {
    const { interceptors } = this.options;
    const { logger } = this.cluster;
    const sent = interceptSend(interceptors, record, logger);
    const own = new SendCall(null);
    (call.children ??= []).push(own);
    own.promise.then(
      (value) => {
        const metadata = value as RecordMetadata;
        interceptAcknowledgement(interceptors, { metadata, error: null, record: sent }, logger);
        call.delivered(ordinal, metadata);
      },
      (error: KafkaError) => {
        interceptAcknowledgement(interceptors, { metadata: null, error, record: sent }, logger);
        call.failed(ordinal, error);
      },
    );
    this.parts.intake.accept(sent, own, 0, nowMs, maxBlockMs);
  }

  // False when the call is over before it began.
  private obey(call: SendCall, { signal }: CallOptions): boolean {
    if (signal === undefined) return true;
    if (signal.aborted) {
      call.cancel(new AbortedError(signal));
      return false;
    }
    const onAbort = (): void => {
      call.cancel(new AbortedError(signal));
      this.parts.intake.sweepSoon();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    call.cleanUp = () => signal.removeEventListener("abort", onAbort);
    return true;
  }

  private transactional(): TransactionalSequencing {
    const { transactions } = this.parts;
    if (transactions === null) throw new StateError("the producer has no transactionalId");
    return transactions;
  }

  /** What to throw in the end. */
  private async abortAfter(transaction: Transaction<T>, reason: unknown): Promise<unknown> {
    if (transaction.isEnded || (reason instanceof KafkaError && reason.fatal)) return reason;
    try {
      await transaction.abort();
    } catch (error) {
      this.cluster.logger.warn({ error, reason }, "the transaction could not be aborted");
      if (error instanceof KafkaError && error.fatal) return error;
    }
    return reason;
  }

  /** The caller stops waiting for the commit. What to throw. */
  private leave(transaction: Transaction<T>, reason: unknown): unknown {
    transaction.abortUnlessCommitted((error) => {
      this.cluster.logger.warn({ error, reason }, "the transaction could be neither committed nor aborted");
    });
    if (!(reason instanceof TimeoutError)) return reason;
    const message = "nobody knows whether the transaction was committed: the commit did not end in time";
    return new KafkaError(message, { code: "COMMIT_UNKNOWN", context: reason.context, cause: reason });
  }

  private async shutDown(timeoutMs: number): Promise<void> {
    const { parts, cluster } = this;
    const closed = new ClosedError("producer");
    try {
      const sentence = "the producer was not closed in time";
      await withinLimits(cluster.clock, this.settle(), { timeoutMs, signal: undefined, sentence });
    } catch (error) {
      cluster.logger.warn({ error }, "the producer is closed with records that have no outcome");
    }
    parts.stop();
    parts.failAll(closed, { sparing: "none" });
    cluster.closeLane(this.lane);
    this.onClosed();
  }

  private async settle(): Promise<void> {
    const { current } = this;
    if (current !== null && !current.isEnded) await current.endForClose();
    await this.parts.flushed();
  }
}

function nothing(): void {}
