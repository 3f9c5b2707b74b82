// DescribeTopicPartitions: topics with their partitions, page by page (KIP-966). Version 0.
// Topics come in order of name; a cursor says where the next page begins. When topics are named, it is one of them.

import { ZERO_UUID } from "@ottla/base";
import type { PartitionImage, TopicImage } from "@ottla/metadata";
import { errorCodes } from "@ottla/protocol";
import { describeTopicPartitionsApi } from "@ottla/protocol/messages/75-describe-topic-partitions.ts";
import type {
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse,
} from "@ottla/protocol/messages/75-describe-topic-partitions.ts";
import { NOT_ASKED, topicOperations } from "../authorized-operations.ts";
import type { Broker } from "../broker.ts";
import type { Handler } from "../handler.ts";

type TopicAnswer = DescribeTopicPartitionsResponse["topics"][number];
type Cursor = DescribeTopicPartitionsResponse["nextCursor"];

export const describeTopicPartitionsHandler: Handler<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse> =
  {
    api: describeTopicPartitionsApi,
    handle(request, context) {
      const { broker } = context;
      const { cursor } = request;
      if (cursor !== null && !isGoodCursor(cursor, request)) return refused(request);
      const limit = Math.max(
        1,
        Math.min(request.responsePartitionLimit, broker.config.get("max.request.partition.size.limit")),
      );
      const names = wantedNames(request, broker).filter((name) => cursor === null || name >= cursor.topicName);
      const topics: TopicAnswer[] = [];
      let room = limit;
      for (const name of names) {
        if (room === 0) return page(topics, { topicName: name, partitionIndex: 0 });
        const topic = broker.topic(name);
        if (topic === undefined) {
          topics.push(missing(name, broker));
          continue;
        }
        const first = cursor !== null && cursor.topicName === name ? cursor.partitionIndex : 0;
        const end = Math.min(topic.partitions.length, first + room);
        topics.push(describe(topic, broker, first, end));
        room -= Math.max(0, end - first);
        if (end < topic.partitions.length) return page(topics, { topicName: name, partitionIndex: end });
      }
      return page(topics, null);
    },
  };

// Kafka's DescribeTopicPartitionsRequestHandler. The page before may have ended in a topic that was deleted since; all topics were asked then.
function isGoodCursor(cursor: NonNullable<Cursor>, { topics }: DescribeTopicPartitionsRequest): boolean {
  return cursor.partitionIndex >= 0 && (topics.length === 0 || topics.some(({ name }) => name === cursor.topicName));
}

// The response has no room for an error but with a topic.
function refused({ topics }: DescribeTopicPartitionsRequest): DescribeTopicPartitionsResponse {
  const answers = topics.map(({ name }) => ({
    errorCode: errorCodes.INVALID_REQUEST,
    name,
    topicId: ZERO_UUID,
    isInternal: false,
    partitions: [],
    topicAuthorizedOperations: NOT_ASKED,
  }));
  return page(answers, null);
}

function wantedNames(request: DescribeTopicPartitionsRequest, broker: Broker): string[] {
  const names = new Set<string>(request.topics.map(({ name }) => name));
  if (names.size === 0) for (const { name } of broker.topics()) names.add(name);
  return [...names].toSorted();
}

function page(topics: TopicAnswer[], nextCursor: Cursor): DescribeTopicPartitionsResponse {
  return { throttleTimeMs: 0, topics, nextCursor };
}

function missing(name: string, broker: Broker): TopicAnswer {
  const errorCode = broker.missingTopicError(name);
  return {
    errorCode,
    name,
    topicId: ZERO_UUID,
    isInternal: false,
    partitions: [],
    topicAuthorizedOperations: topicOperations,
  };
}

function describe(topic: TopicImage, broker: Broker, first: number, end: number): TopicAnswer {
  return {
    errorCode: errorCodes.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: broker.isInternalTopic(topic.name),
    partitions: topic.partitions
      .slice(first, end)
      .map((partition, index) => describePartition(partition, first + index, broker)),
    topicAuthorizedOperations: topicOperations,
  };
}

function describePartition(
  partition: PartitionImage,
  partitionIndex: number,
  broker: Broker,
): TopicAnswer["partitions"][number] {
  return {
    errorCode: broker.isAlive(partition.leader) ? errorCodes.NONE : errorCodes.LEADER_NOT_AVAILABLE,
    partitionIndex,
    leaderId: partition.leader,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: [...partition.replicas],
    isrNodes: [...partition.isr],
    eligibleLeaderReplicas: [...partition.eligibleLeaderReplicas],
    lastKnownElr: [...partition.lastKnownElr],
    offlineReplicas: partition.replicas.filter((replica) => !broker.isAlive(replica)),
  };
}
