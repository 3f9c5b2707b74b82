// Whether a batch may follow what the log has of its producer: Kafka's ProducerAppendInfo, without its effects.
// Replicated batches are never refused: their leader has judged them.

import { errorCodes } from "@ottla/protocol";
import type { AppendOrigin, BatchSummary } from "@ottla/protocol";
import type { ProducerEntry } from "./producer-entry.ts";
import { NO_GUARD, VERSION_WITH_EPOCH_PER_TRANSACTION } from "./transaction-verifications.ts";
import type { TransactionVerification } from "./transaction-verifications.ts";

const SEQUENCE_MAX = 0x7fff_ffff;
const EPOCH_MAX = 0x7fff;

export type ProducerVerdict =
  | { kind: "append" }
  | { kind: "duplicate"; baseOffset: number; lastOffset: number; timestamp: number }
  | { kind: "refused"; errorCode: number; errorMessage: string };

/** What the rules look at of a batch; a BatchSummary has it all. */
export type ProducerBatch = Pick<
  BatchSummary,
  | "producerId"
  | "producerEpoch"
  | "baseSequence"
  | "lastSequence"
  | "lastOffsetDelta"
  | "maxTimestamp"
  | "isTransactional"
  | "isControl"
  | "marker"
>;

const APPEND: ProducerVerdict = { kind: "append" };

/** What an append says of its transactions; AppendOptions has it. */
export interface TransactionTerms {
  /** Of the WriteTxnMarkers request that a marker came with (transaction.version 0 to 2). Default 0. */
  transactionVersion?: number | undefined;
  /** The guard of the verification that was made for it, 0 for none. Without it, transactions begin unverified. */
  verificationGuard?: number | undefined;
}

/**
 * Judges a batch of a producer with an id.
 * @param entry what the log has of the producer, null for nothing
 * @param verification that is under way for the producer
 */
export function judgeBatch(
  entry: ProducerEntry | null,
  batch: ProducerBatch,
  origin: AppendOrigin,
  terms: TransactionTerms,
  verification: TransactionVerification | undefined,
): ProducerVerdict {
  if (origin === "replication") return APPEND;
  if (batch.isControl) return entry === null ? APPEND : judgeMarker(entry, batch, terms.transactionVersion ?? 0);
  if (origin === "client" && entry !== null) {
    const known = entry.findBatch(batch.producerEpoch, batch.baseSequence, batch.lastSequence);
    if (known !== null) {
      return {
        kind: "duplicate",
        baseOffset: known.lastOffset - known.offsetDelta,
        lastOffset: known.lastOffset,
        timestamp: known.timestamp,
      };
    }
  }
  if (entry !== null && batch.producerEpoch < entry.epoch) return staleEpoch(entry, batch);
  if (batch.isTransactional && !isUnderWay(entry, batch.producerEpoch) && !isVerified(terms, verification))
    return refused(errorCodes.INVALID_TXN_STATE, "The records are not part of a transaction that is under way.");
  if (origin === "client") {
    const sequence = judgeSequence(entry, batch, verification);
    if (sequence !== null) return sequence;
  }
  if (entry !== null && entry.transactionFirstOffset >= 0 && !batch.isTransactional) {
    return refused(
      errorCodes.INVALID_TXN_STATE,
      `Producer ${batch.producerId} has a transaction open and writes outside of it.`,
    );
  }
  return APPEND;
}

/** Whether the producer has a transaction open in this epoch. */
export function isUnderWay(entry: ProducerEntry | null, producerEpoch: number): boolean {
  return entry !== null && entry.transactionFirstOffset >= 0 && entry.epoch === producerEpoch;
}

function isVerified(
  { verificationGuard }: TransactionTerms,
  verification: TransactionVerification | undefined,
): boolean {
  if (verificationGuard === undefined) return true;
  return verificationGuard !== NO_GUARD && verification?.guard === verificationGuard;
}

// An unknown producer may begin anywhere: its records may have been deleted. So may one whose entry remembers no epoch.
// Not so in a transaction with an epoch of its own, which cannot have lost its beginning.
function judgeSequence(
  entry: ProducerEntry | null,
  batch: ProducerBatch,
  verification: TransactionVerification | undefined,
): ProducerVerdict | null {
  const next = batch.baseSequence;
  if (verification !== undefined) {
    if (verification.epochPerTransaction && next !== 0 && (entry === null || entry.lastBatch() === null))
      return outOfOrder(batch, "a new transaction begins at 0");
    if (next > verification.lowestSequence) return outOfOrder(batch, `${verification.lowestSequence} comes first`);
  }
  if (entry === null || entry.epoch < 0) return null;
  const last = batch.producerEpoch === entry.epoch ? entry.lastSequence() : -1;
  const follows =
    batch.producerEpoch === entry.epoch ? next === last + 1 || (next === 0 && last === SEQUENCE_MAX) : next === 0;
  return follows ? null : outOfOrder(batch, `it does not follow ${last}`);
}

function outOfOrder(batch: ProducerBatch, why: string): ProducerVerdict {
  const { producerId, producerEpoch, baseSequence } = batch;
  const sentence = `Producer ${producerId}, epoch ${producerEpoch}: sequence ${baseSequence} is out of order, ${why}.`;
  return refused(errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER, sentence);
}

function judgeMarker(entry: ProducerEntry, batch: ProducerBatch, transactionVersion: number): ProducerVerdict {
  if (batch.marker === null) return APPEND;
  const strict = transactionVersion >= VERSION_WITH_EPOCH_PER_TRANSACTION;
  const repeated =
    strict &&
    batch.producerEpoch === entry.epoch &&
    (entry.transactionFirstOffset < 0 || batch.producerEpoch === EPOCH_MAX);
  const stale = strict ? batch.producerEpoch <= entry.epoch : batch.producerEpoch < entry.epoch;
  if (stale && !repeated) return staleEpoch(entry, batch);
  if (entry.coordinatorEpoch > batch.marker.coordinatorEpoch) {
    const sentence = `A marker of coordinator epoch ${batch.marker.coordinatorEpoch} after one of ${entry.coordinatorEpoch}.`;
    return refused(errorCodes.TRANSACTION_COORDINATOR_FENCED, sentence);
  }
  return APPEND;
}

// INVALID_PRODUCER_EPOCH, not PRODUCER_FENCED: the client may abort and go on (KIP-588).
function staleEpoch(entry: ProducerEntry, batch: ProducerBatch): ProducerVerdict {
  return refused(
    errorCodes.INVALID_PRODUCER_EPOCH,
    `Producer ${batch.producerId} is at epoch ${entry.epoch}, the batch has ${batch.producerEpoch}.`,
  );
}

function refused(errorCode: number, errorMessage: string): ProducerVerdict {
  return { kind: "refused", errorCode, errorMessage };
}
