// ListOffsets and OffsetForLeaderEpoch to one broker, and what their error codes mean: found, to be asked again, or failed for good.
// Kafka's OffsetFetcherUtils.handleListOffsetResponse and OffsetsForLeaderEpochUtils.handleResponse are the models.

import { errorCodes } from "@ottla/protocol";
import { listOffsetsApi } from "@ottla/protocol/messages/02-list-offsets.ts";
import { offsetForLeaderEpochApi } from "@ottla/protocol/messages/23-offset-for-leader-epoch.ts";
import { brokerError } from "../../errors.ts";
import type { KafkaError } from "../../errors.ts";
import type { Cluster, RequestOptions } from "../../network/cluster.ts";
import type { TopicPartition } from "../../records.ts";

export interface OffsetQuestion extends TopicPartition {
  /** Milliseconds since 1970, or one of Kafka's special timestamps below zero. */
  readonly timestamp: number;
  /** As we know it; -1 when we do not. */
  readonly leaderEpoch: number;
}

export interface EpochQuestion extends TopicPartition {
  /** The leader epoch of the record before the position. */
  readonly epoch: number;
  /** As we know it. */
  readonly leaderEpoch: number;
}

export type Answered<Question> =
  /** `offset` -1: there is none, such as no record as young as the timestamp. */
  | {
      readonly kind: "found";
      readonly question: Question;
      readonly offset: number;
      readonly timestamp: number;
      readonly leaderEpoch: number;
    }
  | { readonly kind: "retry"; readonly question: Question; readonly errorCode: number }
  | { readonly kind: "failed"; readonly question: Question; readonly error: KafkaError };

const NOT_FOUND = -1;

/** Asks one broker. Questions that the answer leaves out are to be asked again. @throws what `cluster.send` throws */
export async function listOffsets(
  cluster: Cluster,
  nodeId: number,
  questions: readonly OffsetQuestion[],
  options: RequestOptions & { readCommitted: boolean },
): Promise<Answered<OffsetQuestion>[]> {
  const { readCommitted, ...request } = options;
  const body = {
    replicaId: -1,
    isolationLevel: readCommitted ? 1 : 0,
    topics: byTopic(questions, ({ partition: partitionIndex, leaderEpoch, timestamp }) => ({
      partitionIndex,
      currentLeaderEpoch: leaderEpoch,
      timestamp,
    })).map(({ topic: name, partitions }) => ({ name, partitions })),
    timeoutMs: Math.ceil(options.timeoutMs ?? cluster.options.requestTimeoutMs),
  };
  const answer = await cluster.send(nodeId, listOffsetsApi, body, request);
  const parts = new Map(
    answer.topics.flatMap(({ name, partitions }) => partitions.map((part) => [`${name}-${part.partitionIndex}`, part])),
  );
  return questions.map((question) => {
    const part = parts.get(`${question.topic}-${question.partition}`);
    if (part === undefined) return { kind: "retry", question, errorCode: errorCodes.UNKNOWN_SERVER_ERROR };
    // Before 0.10 there were no timestamps: as if no record was found.
    if (part.errorCode === errorCodes.UNSUPPORTED_FOR_MESSAGE_FORMAT)
      return { kind: "found", question, offset: NOT_FOUND, timestamp: -1, leaderEpoch: -1 };
    return judge(question, part.errorCode, part, "ListOffsets");
  });
}

/** Where the epochs end on the leader. @throws what `cluster.send` throws */
export async function epochEnds(
  cluster: Cluster,
  nodeId: number,
  questions: readonly EpochQuestion[],
  options: RequestOptions,
): Promise<Answered<EpochQuestion>[]> {
  const topics = byTopic(questions, ({ partition, leaderEpoch: currentLeaderEpoch, epoch: leaderEpoch }) => ({
    partition,
    currentLeaderEpoch,
    leaderEpoch,
  }));
  const answer = await cluster.send(nodeId, offsetForLeaderEpochApi, { replicaId: -1, topics }, options);
  const parts = new Map(
    answer.topics.flatMap(({ topic, partitions }) => partitions.map((part) => [`${topic}-${part.partition}`, part])),
  );
  return questions.map((question) => {
    const part = parts.get(`${question.topic}-${question.partition}`);
    if (part === undefined) return { kind: "retry", question, errorCode: errorCodes.UNKNOWN_SERVER_ERROR };
    const { endOffset: offset, leaderEpoch } = part;
    return judge(question, part.errorCode, { offset, timestamp: -1, leaderEpoch }, "OffsetForLeaderEpoch");
  });
}

function judge<Question extends TopicPartition>(
  question: Question,
  errorCode: number,
  found: { offset: number; timestamp: number; leaderEpoch: number },
  api: string,
): Answered<Question> {
  const { topic, partition } = question;
  switch (errorCode) {
    case errorCodes.NONE:
      return {
        kind: "found",
        question,
        offset: found.offset,
        timestamp: found.timestamp,
        leaderEpoch: found.leaderEpoch,
      };
    case errorCodes.TOPIC_AUTHORIZATION_FAILED:
    case errorCodes.UNSUPPORTED_VERSION:
    case errorCodes.INVALID_REQUEST:
    case errorCodes.INVALID_TOPIC_EXCEPTION:
      return { kind: "failed", question, error: brokerError(errorCode, null, { topic, partition, api }) };
    default:
      return { kind: "retry", question, errorCode };
  }
}

function byTopic<Q extends TopicPartition, P>(
  questions: readonly Q[],
  part: (question: Q) => P,
): { topic: string; partitions: P[] }[] {
  const topics = new Map<string, P[]>();
  for (const question of questions) {
    const partitions = topics.get(question.topic);
    if (partitions === undefined) topics.set(question.topic, [part(question)]);
    else partitions.push(part(question));
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }));
}
