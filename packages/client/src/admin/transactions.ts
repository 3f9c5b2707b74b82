// Transactions and the producers behind them: list, describe, abort, fence.
// Java: Admin.listTransactions, describeTransactions, describeProducers, abortTransaction (KIP-664), fenceProducers (KIP-691),
// forceTerminateTransaction (KIP-939).

import { errorCodes } from "@ottla/protocol";
import { describeProducersApi } from "@ottla/protocol/messages/61-describe-producers.ts";
import type { DescribeProducersResponse } from "@ottla/protocol/messages/61-describe-producers.ts";
import { describeTransactionsApi } from "@ottla/protocol/messages/65-describe-transactions.ts";
import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import { listTransactionsApi } from "@ottla/protocol/messages/66-list-transactions.ts";
import { writeTxnMarkersApi } from "@ottla/protocol/messages/27-write-txn-markers.ts";
import { brokerError } from "../errors.ts";
import type { CallOptions, TopicPartition } from "../records.ts";
import { incompleteAnswer, needsVersion } from "./admin-call.ts";
import type { AdminCall } from "./admin-call.ts";
import { settled, valuesOrError } from "./admin-error.ts";
import { performKeyed } from "./keyed.ts";
import type { Outcome } from "./keyed.ts";
import {
  allBrokers,
  brokerNamedBy,
  byPartition,
  byTopic,
  coordinatorOutcome,
  coordinators,
  leaderOutcome,
  partitionKey,
  partitionLeaders,
} from "./lookups.ts";

/** Java: org.apache.kafka.clients.admin.TransactionState. */
export type TransactionState =
  | "Ongoing"
  | "PrepareAbort"
  | "PrepareCommit"
  | "CompleteAbort"
  | "CompleteCommit"
  | "Empty"
  | "PrepareEpochFence"
  | "Dead"
  | "Unknown";

export interface ListTransactionsOptions extends CallOptions {
  /** Default: in every state. */
  readonly states?: readonly TransactionState[];
  /** Default: of every producer. */
  readonly producerIds?: readonly number[];
  /** Only those that have run for longer than this (KIP-994). Default: all. */
  readonly longerThanMs?: number;
  /** Regular expression of RE2 that the whole transactional id matches (KIP-1152, Kafka 4.1). Default: all. */
  readonly transactionalIdPattern?: string;
}

export interface TransactionListing {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly state: TransactionState;
  /** The broker that coordinates it. */
  readonly coordinatorId: number;
}

export interface TransactionDescription extends TransactionListing {
  readonly producerEpoch: number;
  readonly timeoutMs: number;
  /** Milliseconds since 1970; null when none is open. */
  readonly startTimeMs: number | null;
  readonly partitions: readonly TopicPartition[];
}

export interface DescribeProducersOptions extends CallOptions {
  /** A replica to ask instead of the leaders. */
  readonly brokerId?: number;
}

export interface ProducerState {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly lastSequence: number;
  /** Milliseconds since 1970; -1 when unknown. */
  readonly lastTimestamp: number;
  /** null before its first marker. */
  readonly coordinatorEpoch: number | null;
  /** null when it has no open transaction here. */
  readonly transactionStartOffset: number | null;
}

export interface PartitionProducers extends TopicPartition {
  readonly activeProducers: readonly ProducerState[];
}

/** A transaction on one partition, as `describeProducers` shows it. */
export interface TransactionToAbort extends TopicPartition {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** -1, as Java, when the producer state has none. */
  readonly coordinatorEpoch: number;
}

export interface FencedProducer {
  readonly transactionalId: string;
  readonly producerId: number;
  /** Older epochs are fenced. */
  readonly producerEpoch: number;
}

/** Java: Admin.listTransactions. Asks every broker; those that fail are in the AdminError by their ids. */
export async function listTransactions(
  call: AdminCall,
  options: ListTransactionsOptions,
): Promise<Map<string, TransactionListing>> {
  const listings = await settled(
    performKeyed<number, TransactionListing[]>(call, {
      keys: await allBrokers(call),
      locate: brokerNamedBy((nodeId) => nodeId),
      perform: async (nodeId, keys) => {
        const response = await call.send(nodeId, listTransactionsApi, (version) => filtersOf(options, version));
        const listed = response.transactionStates.map(({ transactionalId, producerId, transactionState }) => ({
          transactionalId,
          producerId,
          state: transactionState as TransactionState,
          coordinatorId: nodeId!,
        }));
        return new Map(keys.map((key) => [key, listOutcome(response.errorCode, nodeId!, listed)]));
      },
    }),
  );
  const found = [...listings.values.values()].flat();
  return valuesOrError(new Map(found.map((each) => [each.transactionalId, each])), listings.errors);
}

function listOutcome<T>(errorCode: number, nodeId: number, value: T): Outcome<T> {
  if (errorCode === errorCodes.NONE) return { value };
  const error = brokerError(errorCode, null, { nodeId });
  // Any other code, COORDINATOR_NOT_AVAILABLE of a broker on its way out as well, is that broker's last word.
  return errorCode === errorCodes.COORDINATOR_LOAD_IN_PROGRESS ? { again: error } : { error };
}

function filtersOf(options: ListTransactionsOptions, version: number) {
  const { states = [], producerIds = [], longerThanMs, transactionalIdPattern } = options;
  if (longerThanMs !== undefined) needsVersion(listTransactionsApi, version, 1, "listing transactions by duration");
  if (transactionalIdPattern !== undefined)
    needsVersion(listTransactionsApi, version, 2, "listing transactions by pattern");
  return {
    stateFilters: [...states],
    producerIdFilters: [...producerIds],
    durationFilter: longerThanMs ?? -1,
    transactionalIdPattern: transactionalIdPattern ?? null,
  };
}

/** Java: Admin.describeTransactions. */
export async function describeTransactions(
  call: AdminCall,
  transactionalIds: readonly string[],
): Promise<Map<string, TransactionDescription>> {
  return performKeyed<string, TransactionDescription>(call, {
    keys: transactionalIds,
    locate: coordinators("transaction"),
    perform: async (nodeId, keys) => {
      const response = await call.send(nodeId, describeTransactionsApi, { transactionalIds: [...keys] });
      return new Map(
        response.transactionStates.map((each): [string, Outcome<TransactionDescription>] => {
          const { transactionalId, producerId, producerEpoch } = each;
          const failed = coordinatorOutcome(each.errorCode, null, { transactionalId });
          const value = {
            transactionalId,
            producerId,
            state: each.transactionState as TransactionState,
            coordinatorId: nodeId!,
            producerEpoch,
            timeoutMs: each.transactionTimeoutMs,
            startTimeMs: each.transactionStartTimeMs < 0 ? null : each.transactionStartTimeMs,
            partitions: each.topics.flatMap(({ topic, partitions }) =>
              partitions.map((partition) => ({ topic, partition })),
            ),
          };
          return [transactionalId, failed ?? { value }];
        }),
      );
    },
  });
}

/** Java: Admin.describeProducers. A broker that was named and does not lead the partition fails it; a leader that moved is looked up anew. */
export async function describeProducers(
  call: AdminCall,
  partitions: readonly TopicPartition[],
  options: DescribeProducersOptions,
): Promise<Map<string, PartitionProducers>> {
  const wanted = byPartition(partitions);
  const { brokerId } = options;
  return performKeyed<string, PartitionProducers>(call, {
    keys: wanted.keys(),
    locate: brokerId === undefined ? partitionLeaders(wanted) : brokerNamedBy(() => brokerId),
    perform: async (nodeId, keys) => {
      const response = await call.send(nodeId, describeProducersApi, {
        topics: [...byTopic(keys.map((key) => wanted.get(key)!))].map(([name, those]) => ({
          name,
          partitionIndexes: those.map(({ partition }) => partition),
        })),
      });
      const outcomes = new Map<string, Outcome<PartitionProducers>>();
      for (const { name: topic, partitions: answers } of response.topics) {
        for (const answer of answers) {
          const place = { topic, partition: answer.partitionIndex };
          const failed = leaderOutcome(answer.errorCode, answer.errorMessage, place);
          const isFinal =
            failed !== null && "again" in failed && brokerId !== undefined && isMisplaced(answer.errorCode);
          const outcome = isFinal ? { error: failed.again } : failed;
          outcomes.set(partitionKey(topic, place.partition), outcome ?? { value: producersOf(place, answer) });
        }
      }
      return outcomes;
    },
  });
}

function isMisplaced(errorCode: number): boolean {
  return errorCode === errorCodes.NOT_LEADER_OR_FOLLOWER || errorCode === errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
}

type ProducersAnswer = DescribeProducersResponse["topics"][number]["partitions"][number];

function producersOf(place: TopicPartition, answer: ProducersAnswer): PartitionProducers {
  const activeProducers = answer.activeProducers.map((each) => ({
    producerId: each.producerId,
    producerEpoch: each.producerEpoch,
    lastSequence: each.lastSequence,
    lastTimestamp: each.lastTimestamp,
    coordinatorEpoch: each.coordinatorEpoch < 0 ? null : each.coordinatorEpoch,
    transactionStartOffset: each.currentTxnStartOffset < 0 ? null : each.currentTxnStartOffset,
  }));
  return { ...place, activeProducers };
}

/** Java: Admin.abortTransaction: writes an abort marker on one partition, for a transaction that its coordinator has forgotten. */
export async function abortTransaction(call: AdminCall, transaction: TransactionToAbort): Promise<void> {
  const { topic, partition, producerId, producerEpoch, coordinatorEpoch } = transaction;
  const key = partitionKey(topic, partition);
  const { errors } = await settled(
    performKeyed<string, null>(call, {
      keys: [key],
      locate: partitionLeaders(new Map([[key, transaction]])),
      perform: async (nodeId) => {
        const topics = [{ name: topic, partitionIndexes: [partition] }];
        const response = await call.send(nodeId, writeTxnMarkersApi, {
          markers: [{ producerId, producerEpoch, transactionResult: false, topics, coordinatorEpoch }],
        });
        const answer = response.markers[0]?.topics[0]?.partitions[0];
        if (answer === undefined) throw incompleteAnswer("WriteTxnMarkers", key);
        return new Map([[key, leaderOutcome(answer.errorCode, null, transaction) ?? { value: null }]]);
      },
    }),
  );
  const [error] = errors.values();
  if (error !== undefined) throw error;
}

/** Java: Admin.fenceProducers: takes the transactional ids over, so that their producers of now are fenced. */
export async function fenceProducers(
  call: AdminCall,
  transactionalIds: readonly string[],
): Promise<Map<string, FencedProducer>> {
  return performKeyed<string, FencedProducer>(call, {
    keys: transactionalIds,
    locate: coordinators("transaction"),
    isUnbatched: true,
    perform: async (nodeId, [transactionalId = ""]) => {
      const response = await call.send(nodeId, initProducerIdApi, {
        transactionalId,
        // Bounds the coordinator's own append, no transaction is begun.
        transactionTimeoutMs: call.requestTimeoutMs,
        producerId: -1,
        producerEpoch: -1,
      });
      const { errorCode, producerId, producerEpoch } = response;
      const isBusy = errorCode === errorCodes.CONCURRENT_TRANSACTIONS;
      const failed: Outcome<never> | null = isBusy
        ? { again: brokerError(errorCode, null, { transactionalId }) }
        : coordinatorOutcome(errorCode, null, { transactionalId });
      return new Map([[transactionalId, failed ?? { value: { transactionalId, producerId, producerEpoch } }]]);
    },
  });
}
