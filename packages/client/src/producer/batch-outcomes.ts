// Brings batches to their ends: by an answer, by a connection that broke, by time. The only place that settles calls of `send` whose
// records are in a batch. What follows for other batches is decided by `judge` and the sequencing.

import type { Logger } from "@ottla/base";
import { errorCodes, errorName, isRetriable } from "@ottla/protocol";
import { announcer } from "../diagnostics.ts";
import { brokerError, KafkaError, ProducerFencedError, TimeoutError } from "../errors.ts";
import type { Accumulator } from "./accumulator.ts";
import type { Batch } from "./batch.ts";
import { judge } from "./produce-verdict.ts";
import type { PartitionAnswer } from "./produce-request.ts";
import type { ProducerMeters } from "./producer-meters.ts";
import type { Sequencing } from "./sequencing.ts";
import { CONCURRENT_TRANSACTIONS_BACKOFF_MS } from "./transaction-errors.ts";

export interface BatchMessage {
  readonly topic: string;
  readonly partition: number;
  readonly records: number;
  readonly bytes: number;
  readonly attempts: number;
  /** -1 when it failed, or when the broker did not tell. */
  readonly baseOffset: number;
  readonly error: KafkaError | null;
}

export const batchEnded = announcer<BatchMessage>("producer:batch");

export interface OutcomeParts {
  readonly accumulator: Accumulator;
  readonly sequencing: Sequencing;
  readonly meters: ProducerMeters;
  readonly logger: Logger;
  readonly retries: number;
  /** Whether a socket is done with a batch's memory when its request is answered; not so without acknowledgements. */
  readonly isAcknowledged: boolean;
  readonly backoffMs: (attempt: number) => number;
}

export class BatchOutcomes {
  private readonly parts: OutcomeParts;

  constructor(parts: OutcomeParts) {
    this.parts = parts;
  }

  /** The broker's answer for a batch in flight. */
  answered(batch: Batch, answer: PartitionAnswer, nowMs: number): void {
    const { partition } = batch;
    const isFirst = partition.batches[0] === batch;
    partition.inFlight--;
    if (batch.state === "done") this.lateAnswer(batch, answer);
    else this.apply(batch, answer, isFirst, nowMs);
    this.parts.sequencing.settled(partition);
  }

  /** No answer came, or none for this batch: it may have been written, or not. */
  unanswered(batch: Batch, error: KafkaError, nowMs: number): void {
    const { sequencing, retries } = this.parts;
    const { partition } = batch;
    partition.inFlight--;
    batch.fateUnknown = true;
    if (batch.state === "done") this.discard(batch, { refused: false, reusable: false });
    else if (error.retriable && batch.attempts <= retries) this.retry(batch, nowMs, errorCodes.NETWORK_EXCEPTION);
    else this.refuse(batch, error, { refused: false, reusable: false });
    sequencing.settled(partition);
  }

  /** Time is up. In flight, a late answer still tells what became of its sequence. */
  expire(batch: Batch, nowMs: number): void {
    const { topic, partition } = batch.partition;
    const what = batch.attempts === 0 ? "sent" : "acknowledged";
    const message = `${batch.recordCount} records for ${topic}-${partition} were not ${what} within ${Math.round(nowMs - batch.createdMs)} ms`;
    this.giveUp(batch, new TimeoutError(message, { code: "DELIVERY_TIMEOUT", context: { topic, partition } }));
  }

  /** Ends a batch that is not done, whatever it is waiting for. */
  giveUp(batch: Batch, error: KafkaError): void {
    if (batch.state !== "inFlight") {
      this.refuse(batch, error, { refused: false, reusable: !batch.fateUnknown });
      this.parts.sequencing.settled(batch.partition);
      return;
    }
    this.tell(batch, error, () => error);
    this.parts.accumulator.forget(batch);
  }

  /** acks=0: handed to the socket is all that will be known. */
  handedOver(batch: Batch): void {
    batch.partition.inFlight--;
    if (batch.state === "done") this.discard(batch, { refused: false, reusable: false });
    else this.written(batch, -1, -1);
  }

  private apply(batch: Batch, answer: PartitionAnswer, isFirst: boolean, nowMs: number): void {
    const { sequencing, retries } = this.parts;
    const context = {
      idempotent: sequencing.identity !== null,
      transactional: sequencing.transactionalId !== null,
      retries,
    };
    const verdict = judge(batch, answer, isFirst, context);
    switch (verdict) {
      case "written":
        return this.written(batch, answer.baseOffset, answer.logAppendTimeMs);
      case "duplicate":
        return this.written(batch, -1, -1);
      case "split":
        return this.split(batch);
      case "newEpoch":
        sequencing.needNewEpoch(batch.partition);
        return this.retry(batch, nowMs, answer.errorCode);
      case "retry":
        return this.retry(batch, nowMs, answer.errorCode);
      case "refused":
        return this.refuseWith(batch, answer);
    }
  }

  private written(batch: Batch, baseOffset: number, logAppendTimeMs: number): void {
    const { accumulator, isAcknowledged } = this.parts;
    const { partition } = batch;
    if (batch.hasSequence) partition.sequences.acknowledged(batch);
    partition.remove(batch);
    batch.complete(baseOffset, logAppendTimeMs);
    if (batchEnded.hasSubscribers) publish(batch, baseOffset, null);
    accumulator.forget(batch);
    batch.release(isAcknowledged);
  }

  // Without memory pressure of its own: the split batches take what the whole one gives back.
  private split(batch: Batch): void {
    const { accumulator, meters, logger } = this.parts;
    const { topic, partition } = batch.partition;
    logger.warn({ topic, partition, bytes: batch.wireBytes }, "the broker takes no batch of this size; it is split");
    accumulator.split(batch);
    batch.dissolve();
    accumulator.forget(batch);
    batch.release(true);
    meters.split();
  }

  private retry(batch: Batch, nowMs: number, errorCode: number): void {
    const { accumulator, sequencing, meters, logger, backoffMs } = this.parts;
    const { givesUp } = sequencing;
    if (givesUp !== null) return this.refuse(batch, givesUp, { refused: false, reusable: !batch.fateUnknown });
    const { topic, partition } = batch.partition;
    batch.enter("retry");
    const isConcurrent = errorCode === errorCodes.CONCURRENT_TRANSACTIONS;
    batch.retryAtMs = nowMs + (isConcurrent ? CONCURRENT_TRANSACTIONS_BACKOFF_MS : backoffMs(batch.attempts - 1));
    accumulator.pending.add(batch.partition);
    meters.retried(batch);
    const code = errorName(errorCode);
    logger.debug({ topic, partition, code, attempts: batch.attempts }, "a batch is to be sent again");
  }

  private refuseWith(batch: Batch, answer: PartitionAnswer): void {
    const { transactionalId } = this.parts.sequencing;
    const errorOf = produceErrors(batch, answer, transactionalId);
    const reason = errorOf(null);
    this.tell(batch, reason, (index) => errorOf(index));
    this.parts.accumulator.forget(batch);
    this.discard(batch, { refused: !isRetriable(answer.errorCode), reusable: true });
  }

  private refuse(batch: Batch, error: KafkaError, end: { refused: boolean; reusable: boolean }): void {
    this.tell(batch, error, () => error);
    this.parts.accumulator.forget(batch);
    this.discard(batch, end);
  }

  private tell(batch: Batch, reason: KafkaError, errorOf: (index: number) => KafkaError): void {
    const { sequencing, meters, logger } = this.parts;
    const { topic, partition } = batch.partition;
    sequencing.recordsFailed(batch, reason);
    batch.fail(errorOf);
    meters.failed(topic, batch.recordCount);
    logger.warn({ topic, partition, records: batch.recordCount, code: reason.code }, "records were not delivered");
    if (batchEnded.hasSubscribers) publish(batch, -1, reason);
  }

  private lateAnswer(batch: Batch, answer: PartitionAnswer): void {
    const { sequences } = batch.partition;
    const isWritten = answer.errorCode === errorCodes.NONE || answer.errorCode === errorCodes.DUPLICATE_SEQUENCE_NUMBER;
    if (!isWritten) return this.discard(batch, { refused: !isRetriable(answer.errorCode), reusable: true });
    if (batch.hasSequence) sequences.acknowledged(batch);
    batch.partition.remove(batch);
    batch.release(true);
  }

  private discard(batch: Batch, end: { refused: boolean; reusable: boolean }): void {
    batch.partition.remove(batch);
    batch.release(end.reusable);
    if (batch.hasSequence) this.parts.sequencing.sequenceLost(batch, end.refused);
  }
}

function publish(batch: Batch, baseOffset: number, error: KafkaError | null): void {
  const { topic, partition } = batch.partition;
  const { recordCount: records, wireBytes: bytes, attempts } = batch;
  batchEnded.publish({ topic, partition, records, bytes, attempts, baseOffset, error });
}

/**
 * The errors of a refused batch. Where the broker names the guilty records (KIP-467), each of them gets its own sentence and the others are
 * told that they were in bad company. `null` asks for the batch's own error.
 */
function produceErrors(
  batch: Batch,
  answer: PartitionAnswer,
  transactionalId: string | null,
): (index: number | null) => KafkaError {
  const { topic, partition } = batch.partition;
  const context = { topic, partition, ...(transactionalId === null ? {} : { transactionalId }) };
  const errorFor = (code: number, message: string | null): KafkaError =>
    code === errorCodes.PRODUCER_FENCED ? new ProducerFencedError(code, context) : brokerError(code, message, context);
  const whole = errorFor(answer.errorCode, answer.errorMessage);
  const guilty = new Map(answer.recordErrors.map((each) => [each.batchIndex, each.batchIndexErrorMessage]));
  if (guilty.size === 0) return () => whole;
  const code = guilty.size === 1 ? answer.errorCode : errorCodes.INVALID_RECORD;
  const innocent = new KafkaError("the record was in one batch with a record that the broker refused", {
    code: "BATCH_REFUSED",
    retriable: true,
    context,
    cause: whole,
  });
  return (index) => {
    if (index === null) return whole;
    return guilty.has(index) ? errorFor(code, guilty.get(index) ?? answer.errorMessage) : innocent;
  };
}
