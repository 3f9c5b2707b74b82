// EndTxn, and the aborts that the coordinator itself decides: after a timeout, and when a new producer takes over a transactional id.
// Kafka's TransactionCoordinator.endTransaction and endTransactionWithTV1.
// Clients of KIP-890 (EndTxn 5) get a new epoch with the end of each transaction, so that nothing that is late can touch the next one.
// They may also abort when nothing was begun: after an error they do not know what the coordinator knows.

import { errorCodes } from "@ottla/protocol";
import { refused, taken } from "./decision.ts";
import type { Decision, DecisionContext } from "./decision.ts";
import type { ProducerClaim } from "./init-producer-id.ts";
import {
  completed,
  EPOCH_MAX,
  EPOCH_PER_TRANSACTION,
  isBeingEnded,
  isEpochExhausted,
  NO_EPOCH,
  NO_PRODUCER_ID,
  stepped,
} from "./transaction.ts";
import type { Transaction } from "./transaction.ts";

export interface EndRequest extends ProducerClaim {
  readonly committed: boolean;
  /** 2 for clients that get an epoch with each transaction, else 0. */
  readonly clientTransactionVersion: number;
}

export function decideEnd(before: Transaction | null, request: EndRequest, context: DecisionContext): Decision {
  if (before === null) return refused(errorCodes.INVALID_PRODUCER_ID_MAPPING);
  return request.clientTransactionVersion >= EPOCH_PER_TRANSACTION
    ? endWithNewEpoch(before, request, context)
    : endKeepingEpoch(before, request, context);
}

/** The steps that abort an open transaction and fence its producer; null when they need a producer id and there is none now. */
export function fencedAbort(before: Transaction, context: DecisionContext): readonly Transaction[] | null {
  if (context.transactionVersion >= EPOCH_PER_TRANSACTION) return abortWithNewEpoch(before, context);
  const step = stepped(before, {
    state: "PrepareAbort",
    producerEpoch: Math.min(EPOCH_MAX, before.producerEpoch + 1),
    lastProducerEpoch: NO_EPOCH,
    nextProducerId: NO_PRODUCER_ID,
    lastUpdateMs: context.nowMs,
    clientTransactionVersion: 0,
  });
  return withCompletion(step, context.nowMs);
}

// Repeated and late requests have the epoch of the transaction they mean: they cannot be told from the first, or from one for the next transaction.
function endKeepingEpoch(before: Transaction, request: EndRequest, context: DecisionContext): Decision {
  if (before.producerId !== request.producerId) return refused(errorCodes.INVALID_PRODUCER_ID_MAPPING);
  if (before.producerEpoch !== request.producerEpoch) return refused(errorCodes.PRODUCER_FENCED);
  if (isBeingEnded(before)) return refused(errorCodes.CONCURRENT_TRANSACTIONS);
  if (before.state === (request.committed ? "CompleteCommit" : "CompleteAbort")) return taken([]);
  if (before.state !== "Ongoing") return refused(errorCodes.INVALID_TXN_STATE);
  const step = stepped(before, {
    state: request.committed ? "PrepareCommit" : "PrepareAbort",
    nextProducerId: NO_PRODUCER_ID,
    lastUpdateMs: context.nowMs,
    clientTransactionVersion: 0,
  });
  return taken(withCompletion(step, context.nowMs));
}

function endWithNewEpoch(before: Transaction, request: EndRequest, context: DecisionContext): Decision {
  // First of all, as when partitions are added: the producer id may be about to change.
  if (isBeingEnded(before)) return refused(errorCodes.CONCURRENT_TRANSACTIONS);
  const isRepeatedAfterExchange =
    before.previousProducerId === request.producerId &&
    request.producerEpoch === EPOCH_MAX - 1 &&
    before.producerEpoch === 0;
  if (before.producerId !== request.producerId && !isRepeatedAfterExchange)
    return refused(errorCodes.INVALID_PRODUCER_ID_MAPPING);
  const isRepeated = isRepeatedAfterExchange || before.producerEpoch === request.producerEpoch + 1;
  const isComplete = before.state === "CompleteCommit" || before.state === "CompleteAbort";
  if (request.producerEpoch !== before.producerEpoch && !(isComplete && isRepeated))
    return refused(errorCodes.PRODUCER_FENCED);
  if (before.state === "Ongoing") return end(before, request.committed, context);
  if (isRepeated) {
    const ended = before.state === "CompleteCommit";
    if (!isComplete || ended !== request.committed) return refused(errorCodes.INVALID_TXN_STATE);
    const { producerId, producerEpoch } = before;
    return { errorCode: errorCodes.NONE, steps: [], producerId, producerEpoch };
  }
  return request.committed ? refused(errorCodes.INVALID_TXN_STATE) : end(before, false, context);
}

function end(before: Transaction, committed: boolean, context: DecisionContext): Decision {
  // No client has this epoch, unless an earlier broker was at fault; Kafka trips over it with an IllegalArgumentException.
  if (committed && before.producerEpoch === EPOCH_MAX) return refused(errorCodes.UNKNOWN_SERVER_ERROR);
  const steps = committed ? commitWithNewEpoch(before, context) : abortWithNewEpoch(before, context);
  if (steps === null) return refused(errorCodes.COORDINATOR_LOAD_IN_PROGRESS);
  // The client is told the producer that it will be, once the markers are written.
  const { producerId, producerEpoch } = completed(steps[0]!, context.nowMs);
  return { errorCode: errorCodes.NONE, steps, producerId, producerEpoch };
}

function commitWithNewEpoch(before: Transaction, context: DecisionContext): readonly Transaction[] | null {
  return endedWithNewEpoch(before, { state: "PrepareCommit", producerEpoch: before.producerEpoch + 1 }, context);
}

// A producer at the last epoch must still be able to abort.
function abortWithNewEpoch(before: Transaction, context: DecisionContext): readonly Transaction[] | null {
  const producerEpoch = Math.min(EPOCH_MAX, before.producerEpoch + 1);
  return endedWithNewEpoch(before, { state: "PrepareAbort", producerEpoch }, context);
}

function endedWithNewEpoch(
  before: Transaction,
  ending: { state: "PrepareCommit" | "PrepareAbort"; producerEpoch: number },
  context: DecisionContext,
): readonly Transaction[] | null {
  let nextProducerId: number = NO_PRODUCER_ID;
  if (isEpochExhausted(before.producerEpoch)) {
    const fresh = context.takeProducerId();
    if (fresh === null) return null;
    nextProducerId = fresh;
  }
  const step = stepped(before, {
    ...ending,
    lastProducerEpoch: before.producerEpoch,
    nextProducerId,
    // A transaction that is aborted before it began has to have begun at some time.
    startMs: before.state === "Ongoing" ? before.startMs : context.nowMs,
    lastUpdateMs: context.nowMs,
    clientTransactionVersion: EPOCH_PER_TRANSACTION,
  });
  return withCompletion(step, context.nowMs);
}

// Without partitions there are no markers to wait for.
function withCompletion(step: Transaction, nowMs: number): readonly Transaction[] {
  return step.partitions.size > 0 ? [step] : [step, completed(step, nowMs)];
}
