// InitProducerId with a transactional id: who holds it from now on. Kafka's TransactionCoordinator.handleInitProducerId.
// A producer that names its id and epoch goes on after an error (KIP-360); any other fences whoever held the transactional id.
// An open transaction is aborted first, under an epoch that no client ever gets; the client asks again.

import { assert } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { refused, taken } from "./decision.ts";
import type { Decision, DecisionContext } from "./decision.ts";
import { fencedAbort } from "./end-transaction.ts";
import { isBeingEnded, isEpochExhausted, newTransaction, NO_EPOCH, NO_PARTITIONS, stepped } from "./transaction.ts";
import type { Transaction } from "./transaction.ts";

/** The producer that a client believes to be. */
export interface ProducerClaim {
  readonly producerId: number;
  readonly producerEpoch: number;
}

export interface InitProducer {
  readonly transactionalId: string;
  readonly timeoutMs: number;
  /** Null for a client that begins. */
  readonly claim: ProducerClaim | null;
}

/** @param before null for a transactional id that is not known */
export function decideInitProducerId(
  before: Transaction | null,
  request: InitProducer,
  context: DecisionContext,
): Decision {
  if (before === null) return begin(request, context);
  if (isBeingEnded(before)) return refused(errorCodes.CONCURRENT_TRANSACTIONS);
  const { claim } = request;
  if (claim !== null && !mayClaim(before, claim)) return refused(errorCodes.PRODUCER_FENCED);
  if (before.state === "Ongoing") {
    const steps = fencedAbort(before, context);
    if (steps === null) return refused(errorCodes.COORDINATOR_LOAD_IN_PROGRESS);
    return taken(steps, errorCodes.CONCURRENT_TRANSACTIONS);
  }
  if (isEpochExhausted(before.producerEpoch)) {
    // Kafka trips over this one with an IllegalStateException.
    if (claim !== null && claim.producerEpoch !== before.producerEpoch) return refused(errorCodes.UNKNOWN_SERVER_ERROR);
    return exchangeProducerId(before, request, context);
  }
  return bumpEpoch(before, request, context.nowMs);
}

function begin(request: InitProducer, context: DecisionContext): Decision {
  const producerId = context.takeProducerId();
  if (producerId === null) return refused(errorCodes.COORDINATOR_LOAD_IN_PROGRESS);
  return granted(newTransaction(request.transactionalId, { producerId, timeoutMs: request.timeoutMs }, context.nowMs));
}

// The id of now, or the one before when its last epoch is repeated: then the answer with the new id was lost.
function mayClaim(before: Transaction, claim: ProducerClaim): boolean {
  if (claim.producerId === before.producerId) return true;
  return claim.producerId === before.previousProducerId && isEpochExhausted(claim.producerEpoch);
}

function exchangeProducerId(before: Transaction, request: InitProducer, context: DecisionContext): Decision {
  const producerId = context.takeProducerId();
  if (producerId === null) return refused(errorCodes.COORDINATOR_LOAD_IN_PROGRESS);
  const lastProducerEpoch = request.claim === null ? NO_EPOCH : before.producerEpoch;
  return granted(emptied(before, request, { producerId, producerEpoch: 0, lastProducerEpoch }, context.nowMs));
}

function bumpEpoch(before: Transaction, request: InitProducer, nowMs: number): Decision {
  const { claim } = request;
  const { producerId, producerEpoch, lastProducerEpoch } = before;
  const next = { producerId, producerEpoch: producerEpoch + 1 };
  if (claim === null) return granted(emptied(before, request, { ...next, lastProducerEpoch: NO_EPOCH }, nowMs));
  if (claim.producerEpoch === producerEpoch)
    return granted(emptied(before, request, { ...next, lastProducerEpoch: producerEpoch }, nowMs));
  // Repeated by the one who has the epoch already: whoever else came in between would have set the last epoch to -1.
  if (claim.producerEpoch === lastProducerEpoch)
    return granted(emptied(before, request, { producerId, producerEpoch, lastProducerEpoch }, nowMs));
  return refused(errorCodes.PRODUCER_FENCED);
}

function emptied(
  before: Transaction,
  request: InitProducer,
  producer: Pick<Transaction, "producerId" | "producerEpoch" | "lastProducerEpoch">,
  nowMs: number,
): Transaction {
  return stepped(before, {
    ...producer,
    state: "Empty",
    timeoutMs: request.timeoutMs,
    partitions: NO_PARTITIONS,
    startMs: -1,
    lastUpdateMs: nowMs,
  });
}

function granted(after: Transaction): Decision {
  assert(after.state === "Empty", "a producer begins without a transaction");
  const { producerId, producerEpoch } = after;
  return { errorCode: errorCodes.NONE, steps: [after], producerId, producerEpoch };
}
