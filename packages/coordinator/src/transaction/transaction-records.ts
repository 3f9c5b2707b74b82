// The records of __transaction_state, typed, and their bytes: one kind, the state of a transactional id (Kafka's TransactionLog).
// The last epoch is not among what is written, as in Kafka: who repeats a request over a restart of the coordinator is fenced.

import {
  decodeKey,
  decodeValue,
  encodeKey,
  encodeValue,
  recordTypeOf,
} from "@ottla/protocol/coordinator-records/frame.ts";
import { transactionLogKey, transactionLogValue } from "@ottla/protocol/coordinator-records/transaction-log.ts";
import type { TransactionLogValue } from "@ottla/protocol/coordinator-records/transaction-log.ts";
import type { CoordinatorRecordCodec } from "../runtime/shard.ts";
import { NO_EPOCH, NO_PARTITIONS, NO_PRODUCER_ID } from "./transaction.ts";
import type { Transaction, TransactionPartitions, TransactionState } from "./transaction.ts";

export interface TransactionRecord {
  readonly transactionalId: string;
  /** Null is a tombstone: the transactional id is forgotten. */
  readonly transaction: Transaction | null;
  /** 0 while the feature transaction.version is 0, else 1, which also has the neighbouring producer ids and the client's version. */
  readonly valueVersion: 0 | 1;
}

const idsByState: Readonly<Record<TransactionState, number>> = {
  Empty: 0,
  Ongoing: 1,
  PrepareCommit: 2,
  PrepareAbort: 3,
  CompleteCommit: 4,
  CompleteAbort: 5,
};
// Kafka has 6 (Dead) and 7 (PrepareEpochFence) as well and never writes them.
const statesById: ReadonlyMap<number, TransactionState> = new Map(
  (Object.keys(idsByState) as TransactionState[]).map((state) => [idsByState[state], state]),
);

export const transactionRecordCodec: CoordinatorRecordCodec<TransactionRecord> = {
  encodeKey: ({ transactionalId }) => encodeKey(transactionLogKey, { transactionalId }),
  encodeValue({ transaction, valueVersion }) {
    if (transaction === null) return null;
    return encodeValue(transactionLogValue, valueVersion, valueOf(transaction, valueVersion));
  },
  decode(key, value) {
    if (recordTypeOf(key) !== transactionLogKey.apiKey) return null;
    const { transactionalId } = decodeKey(transactionLogKey, key);
    if (value === null) return { transactionalId, transaction: null, valueVersion: 1 };
    const decoded = decodeValue(transactionLogValue, value);
    const state = decoded === null ? undefined : statesById.get(decoded.transactionStatus);
    // A version or a state that is not known: the record is passed over.
    if (decoded === null || state === undefined) return null;
    return {
      transactionalId,
      transaction: transactionOf(transactionalId, state, decoded),
      valueVersion: value.readInt16BE(0) === 0 ? 0 : 1,
    };
  },
};

function valueOf(transaction: Transaction, valueVersion: 0 | 1): TransactionLogValue {
  const isOld = valueVersion === 0;
  return {
    producerId: transaction.producerId,
    previousProducerId: isOld ? NO_PRODUCER_ID : transaction.previousProducerId,
    nextProducerId: isOld ? NO_PRODUCER_ID : transaction.nextProducerId,
    producerEpoch: transaction.producerEpoch,
    nextProducerEpoch: NO_EPOCH,
    transactionTimeoutMs: transaction.timeoutMs,
    transactionStatus: idsByState[transaction.state],
    transactionPartitions:
      transaction.state === "Empty"
        ? null
        : [...transaction.partitions].map(([topic, partitions]) => ({ topic, partitionIds: [...partitions] })),
    transactionLastUpdateTimestampMs: transaction.lastUpdateMs,
    transactionStartTimestampMs: transaction.startMs,
    clientTransactionVersion: isOld ? 0 : transaction.clientTransactionVersion,
  };
}

function transactionOf(transactionalId: string, state: TransactionState, value: TransactionLogValue): Transaction {
  return {
    transactionalId,
    state,
    producerId: value.producerId,
    previousProducerId: value.previousProducerId,
    nextProducerId: value.nextProducerId,
    producerEpoch: value.producerEpoch,
    lastProducerEpoch: NO_EPOCH,
    timeoutMs: value.transactionTimeoutMs,
    partitions: state === "Empty" ? NO_PARTITIONS : partitionsOf(value.transactionPartitions ?? []),
    startMs: value.transactionStartTimestampMs,
    lastUpdateMs: value.transactionLastUpdateTimestampMs,
    clientTransactionVersion: value.clientTransactionVersion,
  };
}

function partitionsOf(listed: readonly { topic: string; partitionIds: readonly number[] }[]): TransactionPartitions {
  if (listed.length === 0) return NO_PARTITIONS;
  return new Map(listed.map(({ topic, partitionIds }) => [topic, new Set(partitionIds)]));
}
