// What the coordinator knows of one transactional id, as an immutable value, and the steps from one value to the next (Kafka's TransactionMetadata).
// Not here: which step a request leads to (init-producer-id.ts, add-partitions.ts, end-transaction.ts). There is no PrepareEpochFence among
// the states: Kafka passes through it between two locks, here fencing and aborting are one step.
// Invariants: a step is legal by the table below; an epoch grows by one at most, or begins at 0 under another producer id.

import { assert } from "@ottla/base";

export type TransactionState =
  | "Empty"
  | "Ongoing"
  | "PrepareCommit"
  | "PrepareAbort"
  | "CompleteCommit"
  | "CompleteAbort";

/** What may follow. An id that is forgotten leaves from Empty, CompleteCommit or CompleteAbort. */
const legalNextStates: Readonly<Record<TransactionState, readonly TransactionState[]>> = {
  Empty: ["Empty", "Ongoing", "PrepareAbort"],
  Ongoing: ["Ongoing", "PrepareCommit", "PrepareAbort"],
  PrepareCommit: ["CompleteCommit"],
  PrepareAbort: ["CompleteAbort"],
  CompleteCommit: ["Empty", "Ongoing", "PrepareAbort"],
  CompleteAbort: ["Empty", "Ongoing", "PrepareAbort"],
};

/** Partition numbers by topic. */
export type TransactionPartitions = ReadonlyMap<string, ReadonlySet<number>>;

export const NO_PARTITIONS: TransactionPartitions = new Map();
export const NO_PRODUCER_ID = -1;
export const NO_EPOCH = -1;
/** The highest epoch; no client is ever given it, so that the coordinator can fence whoever there is. */
export const EPOCH_MAX = 0x7fff;
/** The timeout of transactions that another coordinator decides (two-phase commit): they never time out. */
export const NEVER_TIMES_OUT = 0x7fff_ffff;
/** From this level of the feature transaction.version on, each transaction has an epoch of its own (KIP-890). */
export const EPOCH_PER_TRANSACTION = 2;

export interface Transaction {
  readonly transactionalId: string;
  readonly state: TransactionState;
  readonly producerId: number;
  /** The producer id before the last step. It differs from `producerId` only right after an id was exchanged. */
  readonly previousProducerId: number;
  /** The producer id that follows when this transaction is complete, because this one has no epoch left; else -1. */
  readonly nextProducerId: number;
  readonly producerEpoch: number;
  /** The epoch before, so that a repeated InitProducerId or EndTxn is known as such; -1 when there is none. Not in the log, as in Kafka. */
  readonly lastProducerEpoch: number;
  readonly timeoutMs: number;
  readonly partitions: TransactionPartitions;
  /** Wall time of its beginning; -1 in state Empty. */
  readonly startMs: number;
  readonly lastUpdateMs: number;
  /** The transaction.version that the client spoke at the last step. */
  readonly clientTransactionVersion: number;
}

export type TransactionStep = Partial<Omit<Transaction, "transactionalId" | "previousProducerId">> &
  Pick<Transaction, "state" | "lastUpdateMs">;

/** The transaction after a step; everything that the step does not name stays. */
export function stepped(before: Transaction, step: TransactionStep): Transaction {
  assert(legalNextStates[before.state].includes(step.state), "transactions change state by the table");
  const after: Transaction = { ...before, ...step, previousProducerId: before.producerId };
  assert(after.producerId >= 0 && after.producerEpoch >= 0, "a transaction has a producer");
  assert(after.producerEpoch <= EPOCH_MAX, "an epoch has 15 bits");
  const growth = after.producerEpoch - before.producerEpoch;
  assert(
    after.producerId === before.producerId ? growth === 0 || growth === 1 : after.producerEpoch === 0,
    "epochs grow one by one",
  );
  assert(after.state !== "Empty" || after.partitions.size === 0, "an empty transaction has no partitions");
  return after;
}

/** The first state of a transactional id. */
export function newTransaction(
  transactionalId: string,
  producer: { producerId: number; timeoutMs: number },
  nowMs: number,
): Transaction {
  return {
    transactionalId,
    state: "Empty",
    producerId: producer.producerId,
    previousProducerId: producer.producerId,
    nextProducerId: NO_PRODUCER_ID,
    producerEpoch: 0,
    lastProducerEpoch: NO_EPOCH,
    timeoutMs: producer.timeoutMs,
    partitions: NO_PARTITIONS,
    startMs: -1,
    lastUpdateMs: nowMs,
    clientTransactionVersion: 0,
  };
}

/** Between the decision and the last marker nothing else may happen. */
export function isBeingEnded(transaction: Transaction): boolean {
  return transaction.state === "PrepareCommit" || transaction.state === "PrepareAbort";
}

/** Whether no epoch is left that a client may be given. */
export function isEpochExhausted(epoch: number): boolean {
  return epoch >= EPOCH_MAX - 1;
}

/** The step after the last marker. Where the producer id is exchanged, that happens here, and `lastProducerEpoch` stays what the client saw. */
export function completed(before: Transaction, nowMs: number): Transaction {
  const exchanges =
    before.clientTransactionVersion >= EPOCH_PER_TRANSACTION && before.nextProducerId !== NO_PRODUCER_ID;
  return stepped(before, {
    state: before.state === "PrepareCommit" ? "CompleteCommit" : "CompleteAbort",
    producerId: exchanges ? before.nextProducerId : before.producerId,
    producerEpoch: exchanges ? 0 : before.producerEpoch,
    nextProducerId: NO_PRODUCER_ID,
    partitions: NO_PARTITIONS,
    lastUpdateMs: nowMs,
  });
}

export function hasPartition(partitions: TransactionPartitions, topic: string, partition: number): boolean {
  return partitions.get(topic)?.has(partition) === true;
}
