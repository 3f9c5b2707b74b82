// Partitions enter a transaction, which begins it: AddPartitionsToTxn, AddOffsetsToTxn, and a first Produce or TxnOffsetCommit of KIP-890's clients.
// Verifying only asks whether they did (TransactionCoordinator.handleAddPartitionsToTransaction and handleVerifyPartitionsInTransaction).

import { errorCodes } from "@ottla/protocol";
import { refused, taken } from "./decision.ts";
import type { Decision, DecisionContext } from "./decision.ts";
import type { ProducerClaim } from "./init-producer-id.ts";
import { hasPartition, isBeingEnded, stepped } from "./transaction.ts";
import type { Transaction, TransactionPartitions } from "./transaction.ts";

export interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** @param clientTransactionVersion 2 for clients and brokers that speak KIP-890's second part, else 0 */
export function decideAddPartitions(
  before: Transaction | null,
  request: ProducerClaim & { topics: readonly TopicPartitions[]; clientTransactionVersion: number },
  context: DecisionContext,
): Decision {
  if (before === null) return refused(errorCodes.INVALID_PRODUCER_ID_MAPPING);
  // First of all: an id that has no epoch left is being exchanged, and the client may already speak for the new one.
  if (isBeingEnded(before)) return refused(errorCodes.CONCURRENT_TRANSACTIONS);
  if (before.producerId !== request.producerId) return refused(errorCodes.INVALID_PRODUCER_ID_MAPPING);
  if (before.producerEpoch !== request.producerEpoch) return refused(errorCodes.PRODUCER_FENCED);
  const isOngoing = before.state === "Ongoing";
  if (isOngoing && hasAll(before.partitions, request.topics)) return taken([]);
  const after = stepped(before, {
    state: "Ongoing",
    partitions: withAll(before.partitions, request.topics),
    startMs: isOngoing ? before.startMs : context.nowMs,
    lastUpdateMs: context.nowMs,
    clientTransactionVersion: request.clientTransactionVersion,
  });
  return taken([after]);
}

/** The error of the whole request, or a function that tells that of each partition. */
export function verifyPartitions(
  transaction: Transaction | null,
  claim: ProducerClaim,
): number | ((topic: string, partition: number) => number) {
  if (transaction === null) return errorCodes.INVALID_PRODUCER_ID_MAPPING;
  if (transaction.producerId !== claim.producerId) return errorCodes.INVALID_PRODUCER_ID_MAPPING;
  if (transaction.producerEpoch !== claim.producerEpoch) return errorCodes.PRODUCER_FENCED;
  if (isBeingEnded(transaction)) return errorCodes.CONCURRENT_TRANSACTIONS;
  return (topic, partition) =>
    hasPartition(transaction.partitions, topic, partition) ? errorCodes.NONE : errorCodes.TRANSACTION_ABORTABLE;
}

function hasAll(partitions: TransactionPartitions, topics: readonly TopicPartitions[]): boolean {
  for (const { topic, partitions: asked } of topics)
    for (const partition of asked) if (!hasPartition(partitions, topic, partition)) return false;
  return true;
}

function withAll(partitions: TransactionPartitions, topics: readonly TopicPartitions[]): TransactionPartitions {
  const all = new Map(partitions);
  for (const { topic, partitions: added } of topics) {
    if (added.length > 0) all.set(topic, new Set([...(all.get(topic) ?? []), ...added]));
  }
  return all;
}
