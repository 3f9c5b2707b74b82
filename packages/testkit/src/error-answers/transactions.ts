// How requests of transactions are refused.

import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import { addPartitionsToTxnApi } from "@ottla/protocol/messages/24-add-partitions-to-txn.ts";
import { addOffsetsToTxnApi } from "@ottla/protocol/messages/25-add-offsets-to-txn.ts";
import { endTxnApi } from "@ottla/protocol/messages/26-end-txn.ts";
import { writeTxnMarkersApi } from "@ottla/protocol/messages/27-write-txn-markers.ts";
import { txnOffsetCommitApi } from "@ottla/protocol/messages/28-txn-offset-commit.ts";
import { describeTransactionsApi } from "@ottla/protocol/messages/65-describe-transactions.ts";
import { listTransactionsApi } from "@ottla/protocol/messages/66-list-transactions.ts";
import { errorAnswer } from "./sketch.ts";
import type { ErrorAnswer } from "./sketch.ts";

const ADD_PARTITIONS_WITH_TOP_LEVEL_ERROR = 4;

export const transactionErrorAnswers: readonly ErrorAnswer[] = [
  errorAnswer(initProducerIdApi, (_request, { code }) => ({ errorCode: code, producerId: -1, producerEpoch: -1 })),
  errorAnswer(addPartitionsToTxnApi, ({ v3AndBelowTopics }, { code }, version) =>
    version >= ADD_PARTITIONS_WITH_TOP_LEVEL_ERROR
      ? { errorCode: code }
      : {
          resultsByTopicV3AndBelow: v3AndBelowTopics.map(({ name, partitions }) => ({
            name,
            resultsByPartition: partitions.map((partitionIndex) => ({ partitionIndex, partitionErrorCode: code })),
          })),
        },
  ),
  errorAnswer(addOffsetsToTxnApi, (_request, { code }) => ({ errorCode: code })),
  errorAnswer(endTxnApi, (_request, { code }) => ({ errorCode: code })),
  errorAnswer(writeTxnMarkersApi, ({ markers }, { code }) => ({
    markers: markers.map(({ producerId, topics }) => ({
      producerId,
      topics: topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode: code })),
      })),
    })),
  })),
  errorAnswer(txnOffsetCommitApi, ({ topics }, { code }) => ({
    topics: topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: code })),
    })),
  })),
  errorAnswer(describeTransactionsApi, ({ transactionalIds }, { code }) => ({
    transactionStates: transactionalIds.map((transactionalId) => ({ transactionalId, errorCode: code })),
  })),
  errorAnswer(listTransactionsApi, (_request, { code }) => ({ errorCode: code })),
];
