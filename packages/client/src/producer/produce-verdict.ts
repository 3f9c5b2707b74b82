// What an answer to a Produce request means for a batch: the table of Sender.completeBatch and TransactionManager.canRetry of Java's
// client. Pure. Where Java compares sequence numbers to find whether a batch is the first of its line, the line itself is asked.

import { errorCodes, isRetriable } from "@ottla/protocol";
import type { Batch } from "./batch.ts";

/**
 * written; duplicate: written before, the broker no longer knows where. split: in smaller pieces. retry: as it is. newEpoch: after the
 * epoch was raised, and sequences from 0. refused: never.
 */
export type Verdict = "written" | "duplicate" | "split" | "retry" | "newEpoch" | "refused";

export interface BatchAnswer {
  readonly errorCode: number;
  readonly logStartOffset: number;
}

export interface VerdictContext {
  readonly idempotent: boolean;
  readonly transactional: boolean;
  readonly retries: number;
}

/** What to do; `isFirst`: no batch of the partition comes before it. */
export function judge(batch: Batch, answer: BatchAnswer, isFirst: boolean, context: VerdictContext): Verdict {
  const { errorCode } = answer;
  if (errorCode === errorCodes.NONE) return "written";
  if (errorCode === errorCodes.DUPLICATE_SEQUENCE_NUMBER) return "duplicate";
  if (errorCode === errorCodes.MESSAGE_TOO_LARGE && batch.recordCount > 1) return "split";
  if (batch.attempts > context.retries) return "refused";
  if (context.idempotent) {
    if (errorCode === errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER) return outOfOrder(batch, isFirst, context.transactional);
    if (errorCode === errorCodes.UNKNOWN_PRODUCER_ID) return unknownProducer(batch, answer, context.transactional);
  }
  return isRetriable(errorCode) ? "retry" : "refused";
}

// Behind a batch that has no answer yet or is to be tried again, being out of order is what to expect. The first in line has a gap before it:
// records that were acknowledged are gone from the leader, or a batch before was given up and not written after all.
function outOfOrder(batch: Batch, isFirst: boolean, transactional: boolean): Verdict {
  const { sequences } = batch.partition;
  if (sequences.isPassed(batch)) return "duplicate";
  if (!isFirst) return "retry";
  if (!transactional) return !sequences.isUnresolved || sequences.followsUnresolved(batch) ? "newEpoch" : "retry";
  return batch.sequenceWasReset && !sequences.isUnresolved ? "retry" : "refused";
}

// The broker has lost what it knew of the producer, and takes sequence 0 only (before Kafka 2.5; KIP-360). In a transaction that is for
// the abort to heal.
function unknownProducer(batch: Batch, answer: BatchAnswer, transactional: boolean): Verdict {
  if (answer.logStartOffset === -1 || batch.sequenceWasReset) return "retry";
  return transactional ? "refused" : "newEpoch";
}

/** Errors that tell of outdated metadata: leaders are asked for anew (InvalidMetadataException). */
export function asksForMetadata(errorCode: number): boolean {
  return staleMetadata.has(errorCode);
}

const staleMetadata: ReadonlySet<number> = new Set([
  errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
  errorCodes.LEADER_NOT_AVAILABLE,
  errorCodes.NOT_LEADER_OR_FOLLOWER,
  errorCodes.REPLICA_NOT_AVAILABLE,
  errorCodes.KAFKA_STORAGE_ERROR,
  errorCodes.LISTENER_NOT_FOUND,
  errorCodes.FENCED_LEADER_EPOCH,
  errorCodes.UNKNOWN_LEADER_EPOCH,
  errorCodes.UNKNOWN_TOPIC_ID,
  errorCodes.INCONSISTENT_TOPIC_ID,
]);
