// What users see of a producer: send, flush, close. The work is done by the parts that producer-parts.ts puts together.

import { AbortedError, ClosedError } from "../errors.ts";
import type { KafkaError } from "../errors.ts";
import type { Cluster, PartitionMetadata } from "../network/cluster.ts";
import type { CallOptions, RecordMetadata, RecordToSend, Topics } from "../records.ts";
import { interceptAcknowledgement, interceptSend } from "./interceptors.ts";
import { resolveProducerOptions } from "./producer-options.ts";
import type { ProducerOptions, ResolvedProducerOptions } from "./producer-options.ts";
import { assembleProducer } from "./producer-parts.ts";
import type { ProducerParts } from "./producer-parts.ts";
import { SendCall } from "./send-call.ts";
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
  private closing: Promise<void> | null = null;

  /** @throws ConfigError */
  constructor(cluster: Cluster, options: ProducerOptions = {}, events: { readonly onClosed?: () => void } = {}) {
    this.cluster = cluster;
    this.onClosed = events.onClosed ?? nothing;
    this.options = resolveProducerOptions(options, cluster.options);
    this.parts = assembleProducer(cluster, this.options, this.lane);
  }

  /**
   * Sends one record, or many at once. Records of one partition are written in the order of the calls. `timeoutMs` bounds the wait for
   * metadata and memory (default `maxBlockMs`); once a record is in a batch, `deliveryTimeoutMs` does. An abort ends the wait of the caller,
   * and of records that are in no batch yet; others may still be written.
   * @throws BrokerError, TimeoutError (code DELIVERY_TIMEOUT, or TIMEOUT for metadata and memory), SerializationError, AbortedError,
   * ClosedError; SendError when several records fared differently
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
    const call = new SendCall(Array.isArray(records) ? records.length : null);
    if (options !== undefined && !this.obey(call, options)) return call.promise as Promise<RecordMetadata>;
    const maxBlockMs = options?.timeoutMs ?? this.options.maxBlockMs;
    const nowMs = this.cluster.clock.nowMs();
    if (Array.isArray(records)) {
      const many = records as readonly RecordToSend[];
      for (let index = 0; index < many.length; index++) this.take(many[index]!, call, index, nowMs, maxBlockMs);
    } else {
      this.take(records as unknown as RecordToSend, call, 0, nowMs, maxBlockMs);
    }
    return call.promise as Promise<RecordMetadata>;
  }

  /** Resolves when everything that was sent before has its outcome, whatever that is. Nothing lingers meanwhile. @throws AbortedError, TimeoutError */
  async flush(options: CallOptions = {}): Promise<void> {
    const { accumulator, intake, sender } = this.parts;
    accumulator.flushing++;
    try {
      await this.within(
        (async () => {
          sender.drainSoon();
          await intake.entered();
          const flushed = accumulator.flushed();
          sender.drainSoon();
          await flushed;
        })(),
        options,
      );
    } finally {
      accumulator.flushing--;
    }
  }

  /** The partitions of a topic. @throws BrokerError, TimeoutError */
  async partitionsFor(topic: string, options: CallOptions = {}): Promise<readonly PartitionMetadata[]> {
    const { timeoutMs = this.options.maxBlockMs, signal } = options;
    const metadata = await this.cluster.topicMetadata(
      topic,
      signal === undefined ? { timeoutMs } : { timeoutMs, signal },
    );
    return metadata.partitions;
  }

  /**
   * Sends what is there, within `timeoutMs`; what is left then is rejected with ClosedError. Calls of `send` from now on are rejected. A second
   * call waits for the first.
   */
  close(options: CloseOptions = {}): Promise<void> {
    this.closing ??= this.shutDown(options.timeoutMs ?? this.cluster.options.defaultApiTimeoutMs);
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private take(record: RecordToSend, call: SendCall, ordinal: number, nowMs: number, maxBlockMs: number): void {
    if (this.closing !== null) return call.failed(ordinal, new ClosedError("producer"));
    if (this.options.interceptors.length === 0) this.parts.intake.accept(record, call, ordinal, nowMs, maxBlockMs);
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
    own.promise.then(
      (metadata) => {
        interceptAcknowledgement(
          interceptors,
          { metadata: metadata as RecordMetadata, error: null, record: sent },
          logger,
        );
        call.delivered(ordinal, metadata as RecordMetadata);
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
      call.abandon(new AbortedError(signal));
      return false;
    }
    const onAbort = (): void => call.abandon(new AbortedError(signal));
    signal.addEventListener("abort", onAbort, { once: true });
    call.cleanUp = () => signal.removeEventListener("abort", onAbort);
    return true;
  }

  private async shutDown(timeoutMs: number): Promise<void> {
    const { parts, cluster } = this;
    try {
      await this.flush({ timeoutMs });
    } catch (error) {
      cluster.logger.warn({ error }, "the producer is closed with records that were not acknowledged");
    }
    const closed = new ClosedError("producer");
    parts.intake.failAll(closed);
    parts.failBatches(closed);
    parts.stop();
    cluster.closeLane(this.lane);
    this.onClosed();
  }

  private within(work: Promise<void>, { timeoutMs, signal }: CallOptions): Promise<void> {
    return withinLimits(this.cluster.clock, work, {
      timeoutMs,
      signal,
      sentence: "the producer was not flushed in time",
    });
  }
}

function nothing(): void {}
