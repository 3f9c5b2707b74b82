// How requests about records and partitions are refused: each partition that the request names is told the error.

import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import { listOffsetsApi } from "@ottla/protocol/messages/02-list-offsets.ts";
import { deleteRecordsApi } from "@ottla/protocol/messages/21-delete-records.ts";
import { offsetForLeaderEpochApi } from "@ottla/protocol/messages/23-offset-for-leader-epoch.ts";
import { describeProducersApi } from "@ottla/protocol/messages/61-describe-producers.ts";
import { errorAnswer } from "./sketch.ts";
import type { ErrorAnswer } from "./sketch.ts";

/** From here on a Fetch answer says at its top what is wrong, and names no partitions (KIP-516). */
const FETCH_VERSION_WITHOUT_PARTITIONS = 13;

export const recordErrorAnswers: readonly ErrorAnswer[] = [
  errorAnswer(produceApi, ({ topicData }, { code, message }) => ({
    responses: topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map(({ index }) => ({
        index,
        errorCode: code,
        baseOffset: -1,
        errorMessage: message,
        currentLeader: { leaderId: -1, leaderEpoch: -1 },
      })),
    })),
  })),
  errorAnswer(fetchApi, ({ sessionId, topics }, { code }, version) => ({
    errorCode: code,
    sessionId,
    responses:
      version >= FETCH_VERSION_WITHOUT_PARTITIONS
        ? []
        : topics.map(({ topic, topicId, partitions }) => ({
            topic,
            topicId,
            partitions: partitions.map(({ partition }) => fetchPartitionError(partition, code)),
          })),
  })),
  errorAnswer(listOffsetsApi, ({ topics }, { code }) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: code })),
    })),
  })),
  errorAnswer(deleteRecordsApi, ({ topics }, { code }) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: code, lowWatermark: -1 })),
    })),
  })),
  errorAnswer(offsetForLeaderEpochApi, ({ topics }, { code }) => ({
    topics: topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => ({ partition, errorCode: code })),
    })),
  })),
  errorAnswer(describeProducersApi, ({ topics }, { code, message }) => ({
    topics: topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => ({
        partitionIndex,
        errorCode: code,
        errorMessage: message,
      })),
    })),
  })),
];

/** FetchResponse.partitionResponse: what a partition without records is told. */
export function fetchPartitionError(partitionIndex: number, errorCode: number) {
  return { partitionIndex, errorCode, highWatermark: -1, abortedTransactions: [], records: Buffer.alloc(0) };
}
