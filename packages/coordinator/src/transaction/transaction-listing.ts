// What DescribeTransactions and ListTransactions tell (KIP-664, KIP-994, KIP-1152).

import { errorCodes } from "@ottla/protocol";
import type { DescribeTransactionsResponse } from "@ottla/protocol/messages/65-describe-transactions.ts";
import type { ListTransactionsResponse } from "@ottla/protocol/messages/66-list-transactions.ts";
import type { Transaction, TransactionPartitions } from "./transaction.ts";

export type TransactionDescription = DescribeTransactionsResponse["transactionStates"][number];
export type TransactionListing = ListTransactionsResponse["transactionStates"][number];

export interface TransactionFilter {
  /** Empty for all. */
  readonly producerIds: ReadonlySet<number>;
  /** Names as Kafka spells them; empty for all. */
  readonly states: ReadonlySet<string>;
  /** Only transactions that began longer ago than this; -1 for all. */
  readonly longerThanMs: number;
  /** Which transactional ids; null for all. */
  readonly matches: ((transactionalId: string) => boolean) | null;
}

/** The states that a filter may name: Dead and PrepareEpochFence are Kafka's passing states, in which nothing is ever seen here. */
export const filterableStates: ReadonlySet<string> = new Set([
  "Empty",
  "Ongoing",
  "PrepareCommit",
  "PrepareAbort",
  "CompleteCommit",
  "CompleteAbort",
  "Dead",
  "PrepareEpochFence",
]);

/** @param partitions where the transaction's marker is still missing, or all of its partitions before it is decided */
export function describeTransaction(
  transaction: Transaction,
  partitions: TransactionPartitions,
): TransactionDescription {
  return {
    errorCode: errorCodes.NONE,
    transactionalId: transaction.transactionalId,
    transactionState: transaction.state,
    transactionTimeoutMs: transaction.timeoutMs,
    transactionStartTimeMs: transaction.startMs,
    producerId: transaction.producerId,
    producerEpoch: transaction.producerEpoch,
    topics: [...partitions].map(([topic, indexes]) => ({ topic, partitions: [...indexes] })),
  };
}

export function undescribed(transactionalId: string, errorCode: number): TransactionDescription {
  return {
    errorCode,
    transactionalId,
    transactionState: "",
    transactionTimeoutMs: 0,
    transactionStartTimeMs: 0,
    producerId: 0,
    producerEpoch: 0,
    topics: [],
  };
}

export function listTransactions(
  transactions: Iterable<Transaction>,
  filter: TransactionFilter,
  nowMs: number,
): TransactionListing[] {
  const listed: TransactionListing[] = [];
  for (const { transactionalId, producerId, state, startMs } of transactions) {
    if (filter.producerIds.size > 0 && !filter.producerIds.has(producerId)) continue;
    if (filter.states.size > 0 && !filter.states.has(state)) continue;
    // What has not begun is as old as can be, as in Kafka.
    if (filter.longerThanMs >= 0 && nowMs - startMs <= filter.longerThanMs) continue;
    if (filter.matches !== null && !filter.matches(transactionalId)) continue;
    listed.push({ transactionalId, producerId, transactionState: state });
  }
  return listed;
}
