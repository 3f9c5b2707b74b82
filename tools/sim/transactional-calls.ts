// What a producer with a transactional id asks of a broker, as plain calls that answer with an error code. "new" is a client of KIP-890
// (Produce 12 and TxnOffsetCommit 5 add to the transaction, EndTxn 5 gives the next epoch), "old" one that adds by itself and keeps its epoch.
// Keeps the producer id and epoch that it was given last; decides nothing, repeats nothing.

import { ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { offsetFetchApi } from "@ottla/protocol/messages/09-offset-fetch.ts";
import { findCoordinatorApi } from "@ottla/protocol/messages/10-find-coordinator.ts";
import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import { addPartitionsToTxnApi } from "@ottla/protocol/messages/24-add-partitions-to-txn.ts";
import { addOffsetsToTxnApi } from "@ottla/protocol/messages/25-add-offsets-to-txn.ts";
import { endTxnApi } from "@ottla/protocol/messages/26-end-txn.ts";
import { txnOffsetCommitApi } from "@ottla/protocol/messages/28-txn-offset-commit.ts";
import type { Place } from "./simulated-producer.ts";
import type { Told } from "./transaction-history.ts";
import type { Caller } from "./wire-client.ts";

export type ClientGeneration = "new" | "old";

/** Who a member of a group is; nobody in particular: -1, "", null. */
export interface MemberClaim {
  readonly generation: number;
  readonly member: string;
  readonly instance: string | null;
}

export const NO_MEMBER: MemberClaim = { generation: -1, member: "", instance: null };

/** Error codes after which the same call is tried again, because they do not say whether it was done. */
const OPEN = new Set<number>([
  errorCodes.CONCURRENT_TRANSACTIONS,
  errorCodes.COORDINATOR_LOAD_IN_PROGRESS,
  errorCodes.COORDINATOR_NOT_AVAILABLE,
  errorCodes.KAFKA_STORAGE_ERROR,
  errorCodes.NOT_COORDINATOR,
  errorCodes.NOT_ENOUGH_REPLICAS,
  errorCodes.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
  errorCodes.NOT_LEADER_OR_FOLLOWER,
  errorCodes.REQUEST_TIMED_OUT,
  errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
]);

export function toldBy(errorCode: number): Told {
  if (errorCode === errorCodes.NONE) return "yes";
  return OPEN.has(errorCode) ? "unknown" : "no";
}

export class TransactionalCalls {
  readonly transactionalId: string;
  readonly generation: ClientGeneration;
  producerId = -1;
  producerEpoch = -1;
  private readonly caller: () => Caller;

  constructor(caller: () => Caller, transactionalId: string, generation: ClientGeneration) {
    this.caller = caller;
    this.transactionalId = transactionalId;
    this.generation = generation;
  }

  /** Both coordinators' topics are made by the first who asks for them. */
  async findCoordinators(group: string): Promise<number> {
    for (const [keyType, key] of [
      [0, group],
      [1, this.transactionalId],
    ] as const) {
      const response = await this.caller().call(findCoordinatorApi, 4, { key: "", keyType, coordinatorKeys: [key] });
      const { errorCode } = response.coordinators[0]!;
      if (errorCode !== errorCodes.NONE) return errorCode;
    }
    return errorCodes.NONE;
  }

  /** As a new instance, or (KIP-360) with the id and epoch that this has. */
  async init(timeoutMs: number, asNew = true): Promise<number> {
    const response = await this.caller().call(initProducerIdApi, 4, {
      transactionalId: this.transactionalId,
      transactionTimeoutMs: timeoutMs,
      producerId: asNew ? -1 : this.producerId,
      producerEpoch: asNew ? -1 : this.producerEpoch,
    });
    if (response.errorCode === errorCodes.NONE) this.adopt(response);
    return response.errorCode;
  }

  /** Only for old clients: before the first record for a partition in a transaction. */
  async addPartition({ topic, partition }: Place): Promise<number> {
    const response = await this.caller().call(addPartitionsToTxnApi, 3, {
      transactions: [],
      v3AndBelowTransactionalId: this.transactionalId,
      v3AndBelowProducerId: this.producerId,
      v3AndBelowProducerEpoch: this.producerEpoch,
      v3AndBelowTopics: [{ name: topic, partitions: [partition] }],
    });
    return response.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode;
  }

  /** Appends a batch that has this producer's id and epoch. */
  async produce({ topic, partition }: Place, records: Buffer): Promise<number> {
    const partitionData = [{ index: partition, records: Buffer.from(records) }];
    const response = await this.caller().call(produceApi, this.generation === "new" ? 12 : 11, {
      transactionalId: this.transactionalId,
      acks: -1,
      timeoutMs: 10_000,
      topicData: [{ name: topic, topicId: ZERO_UUID, partitionData }],
    });
    return response.responses[0]!.partitionResponses[0]!.errorCode;
  }

  /** Only for old clients: before the first offset of a group in a transaction. */
  async addGroup(groupId: string): Promise<number> {
    const { transactionalId, producerId, producerEpoch } = this;
    const request = { transactionalId, producerId, producerEpoch, groupId };
    const response = await this.caller().call(addOffsetsToTxnApi, 3, request);
    return response.errorCode;
  }

  async commitOffset(
    groupId: string,
    { topic, partition }: Place,
    committedOffset: number,
    claim = NO_MEMBER,
  ): Promise<number> {
    const { transactionalId, producerId, producerEpoch } = this;
    const response = await this.caller().call(txnOffsetCommitApi, this.generation === "new" ? 5 : 4, {
      transactionalId,
      groupId,
      producerId,
      producerEpoch,
      generationIdOrMemberEpoch: claim.generation,
      memberId: claim.member,
      groupInstanceId: claim.instance,
      topics: [
        {
          name: topic,
          topicId: ZERO_UUID,
          partitions: [{ partitionIndex: partition, committedOffset, committedMetadata: "" }],
        },
      ],
    });
    return response.topics[0]!.partitions[0]!.errorCode;
  }

  /** With an epoch given it is that of an earlier transaction; then nothing is learned from the answer. */
  async end(committed: boolean, late?: { producerId: number; producerEpoch: number }): Promise<number> {
    const { producerId, producerEpoch } = late ?? this;
    const request = { transactionalId: this.transactionalId, producerId, producerEpoch, committed };
    const response = await this.caller().call(endTxnApi, this.generation === "new" ? 5 : 4, request);
    if (response.errorCode === errorCodes.NONE && this.generation === "new" && late === undefined) this.adopt(response);
    return response.errorCode;
  }

  private adopt({ producerId, producerEpoch }: { producerId: number; producerEpoch: number }): void {
    this.producerId = producerId;
    this.producerEpoch = producerEpoch;
  }
}

/** How far a group has read, with nothing pending (KIP-447); UNSTABLE_OFFSET_COMMIT while a transaction is. */
export async function fetchStableOffset(
  caller: Caller,
  group: string,
  { topic, partition }: Place,
): Promise<{ errorCode: number; offset: number }> {
  const response = await caller.call(offsetFetchApi, 8, {
    groupId: "",
    topics: [],
    groups: [{ groupId: group, topics: [{ name: topic, topicId: ZERO_UUID, partitionIndexes: [partition] }] }],
    requireStable: true,
  });
  const answer = response.groups[0]!;
  const found = answer.topics[0]?.partitions[0];
  return { errorCode: answer.errorCode || (found?.errorCode ?? 0), offset: found?.committedOffset ?? -1 };
}
