// Whether a batch may follow what the log has of its producer: Kafka's ProducerAppendInfo, without its effects.
// Replicated batches are never refused: their leader has judged them.

import { errorCodes } from "@ottla/protocol";
import type { AppendOrigin, BatchSummary } from "@ottla/protocol";
import type { ProducerEntry } from "./producer-entry.ts";

const SEQUENCE_MAX = 0x7fff_ffff;
const EPOCH_MAX = 0x7fff;
/** From this version of the transaction protocol on, every marker has a higher epoch than its transaction (KIP-890). */
const VERSION_WITH_EPOCH_PER_TRANSACTION = 2;

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

/**
 * What KIP-890 adds for transactions belongs here too: a transactional batch with no open transaction needs the coordinator's word,
 * else INVALID_TXN_STATE, and with epoch bumps a transaction of an unknown producer must begin at sequence 0.
 * @param transactionVersion of the WriteTxnMarkers request that a marker came with (transaction.version 0 to 2).
 */
export function judgeBatch(
  entry: ProducerEntry | null,
  batch: ProducerBatch,
  origin: AppendOrigin,
  transactionVersion: number,
): ProducerVerdict {
  if (entry === null || origin === "replication") return APPEND;
  if (batch.isControl) return judgeMarker(entry, batch, transactionVersion);
  if (origin === "client") {
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
  if (batch.producerEpoch < entry.epoch) return staleEpoch(entry, batch);
  if (origin === "client") {
    const sequence = judgeSequence(entry, batch);
    if (sequence !== null) return sequence;
  }
  if (entry.transactionFirstOffset >= 0 && !batch.isTransactional) {
    return refused(
      errorCodes.INVALID_TXN_STATE,
      `Producer ${batch.producerId} has a transaction open and writes outside of it.`,
    );
  }
  return APPEND;
}

// An unknown producer may begin anywhere: its records may have been deleted. So may one whose entry remembers no epoch.
function judgeSequence(entry: ProducerEntry, batch: ProducerBatch): ProducerVerdict | null {
  if (entry.epoch < 0) return null;
  const last = batch.producerEpoch === entry.epoch ? entry.lastSequence() : -1;
  const next = batch.baseSequence;
  const follows =
    batch.producerEpoch === entry.epoch ? next === last + 1 || (next === 0 && last === SEQUENCE_MAX) : next === 0;
  if (follows) return null;
  const sentence = `Producer ${batch.producerId}, epoch ${batch.producerEpoch}: sequence ${next} does not follow ${last}.`;
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
