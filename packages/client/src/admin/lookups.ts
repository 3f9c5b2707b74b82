// Where keys are: leaders of partitions, coordinators of groups and transactional ids, the controller, all brokers.
// Leaders are asked for in each call; coordinators are remembered by the cluster until one turns out to have moved.

import { ZERO_UUID } from "@ottla/base";
import { errorCodes, isRetriable } from "@ottla/protocol";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import type { MetadataResponse } from "@ottla/protocol/messages/03-metadata.ts";
import { BrokerError, brokerError } from "../errors.ts";
import type { KafkaError } from "../errors.ts";
import type { CoordinatorKind } from "../network/cluster.ts";
import type { TopicPartition } from "../records.ts";
import { throwOnError } from "./admin-call.ts";
import type { AdminCall } from "./admin-call.ts";
import type { Locate, Outcome, Places } from "./keyed.ts";

/** The controller, or with KRaft a broker that forwards to it. */
export async function controllerOf<Key>(call: AdminCall, keys: readonly Key[], isFirst: boolean): Promise<Places<Key>> {
  const nodeId = await call.controller(!isFirst);
  return new Map(keys.map((key) => [key, nodeId]));
}

/** The key itself tells the broker. */
export function brokerNamedBy<Key>(nodeIdOf: (key: Key) => number | null): Locate<Key> {
  return (_call, keys) => Promise.resolve(new Map(keys.map((key) => [key, nodeIdOf(key)])));
}

/** Coordinators of groups or of transactional ids. Keys that are asked for at once share a request (KIP-699). */
export function coordinators(kind: CoordinatorKind): Locate<string> {
  return async (call, keys, isFirst) => {
    const places = await Promise.all(keys.map((key) => call.coordinator(kind, key, !isFirst)));
    return new Map(keys.map((key, index) => [key, places[index]!]));
  };
}

/** The cluster's metadata of some topics, never creating them. */
export async function topicsMetadata(call: AdminCall, topics: readonly string[]): Promise<MetadataResponse> {
  const response = await call.send(null, metadataApi, {
    topics: topics.map((name) => ({ name, topicId: ZERO_UUID })),
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  });
  throwOnError(response.errorCode);
  call.cluster.applyLeaders([], response.brokers);
  return response;
}

/**
 * Leaders of partitions, by the keys that name them. A topic or partition that does not exist fails after a few repetitions; Java's
 * client waits for it until the time is over in most calls, and not at all in listOffsets.
 */
export function partitionLeaders(partitions: ReadonlyMap<string, TopicPartition>): Locate<string> {
  return async (call, keys) => {
    const wanted = keys.map((key) => [key, partitions.get(key)!] as const);
    const response = await topicsMetadata(call, [...new Set(wanted.map(([, { topic }]) => topic))]);
    const topics = new Map(response.topics.map((topic) => [topic.name, topic]));
    return new Map(wanted.map(([key, partition]) => [key, leaderOf(topics.get(partition.topic), partition)]));
  };
}

function leaderOf(metadata: MetadataResponse["topics"][number] | undefined, key: TopicPartition): number | KafkaError {
  if (metadata === undefined) return brokerError(errorCodes.UNKNOWN_TOPIC_OR_PARTITION, null, key);
  if (metadata.errorCode !== errorCodes.NONE) return brokerError(metadata.errorCode, null, key);
  const partition = metadata.partitions.find(({ partitionIndex }) => partitionIndex === key.partition);
  if (partition === undefined) return brokerError(errorCodes.UNKNOWN_TOPIC_OR_PARTITION, null, key);
  // An offline replica or a lost disk elsewhere does not matter as long as there is a leader.
  if (partition.leaderId >= 0) return partition.leaderId;
  return brokerError(
    partition.errorCode === errorCodes.NONE ? errorCodes.LEADER_NOT_AVAILABLE : partition.errorCode,
    null,
    key,
  );
}

/** Ids of all brokers that are not fenced. */
export async function allBrokers(call: AdminCall): Promise<number[]> {
  const response = await call.retry(async () => {
    const answer = await topicsMetadata(call, []);
    if (answer.brokers.length === 0) throw brokerError(errorCodes.BROKER_NOT_AVAILABLE, null);
    return answer;
  });
  return response.brokers.map(({ nodeId }) => nodeId);
}

/** "topic-partition", as Java writes it: the key of a partition in results. */
export function partitionKey(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

/** The partitions by their keys; of those that are named twice, the last. */
export function byPartition<T extends TopicPartition>(partitions: Iterable<T>): Map<string, T> {
  const found = new Map<string, T>();
  for (const each of partitions) found.set(partitionKey(each.topic, each.partition), each);
  return found;
}

/** The partitions of each topic, in the order in which they come: how most requests want them. */
export function byTopic<T extends TopicPartition>(partitions: Iterable<T>): Map<string, T[]> {
  const topics = new Map<string, T[]>();
  for (const each of partitions) {
    const listed = topics.get(each.topic);
    if (listed === undefined) topics.set(each.topic, [each]);
    else listed.push(each);
  }
  return topics;
}

const coordinatorMoves: ReadonlySet<number> = new Set([
  errorCodes.COORDINATOR_LOAD_IN_PROGRESS,
  errorCodes.COORDINATOR_NOT_AVAILABLE,
  errorCodes.NOT_COORDINATOR,
]);

/** The coordinator has moved or is still loading: the only reasons to ask it again. */
export function isCoordinatorMoving(errorCode: number): boolean {
  return coordinatorMoves.has(errorCode);
}

/** What a code from a coordinator means for its key; null when it is NONE. */
export function coordinatorOutcome(
  errorCode: number,
  message: string | null,
  context: { groupId?: string; transactionalId?: string },
): Outcome<never> | null {
  if (errorCode === errorCodes.NONE) return null;
  const error = brokerError(errorCode, message, context);
  return isCoordinatorMoving(errorCode) ? { again: error } : { error };
}

/** What a code from a partition's leader means for its key; null when it is NONE. Retriable codes are repeated. */
export function leaderOutcome(errorCode: number, message: string | null, key: TopicPartition): Outcome<never> | null {
  if (errorCode === errorCodes.NONE) return null;
  const error = brokerError(errorCode, message, { topic: key.topic, partition: key.partition });
  return isRetriable(errorCode) ? { again: error } : { error };
}

/** Whether a broker told this code. */
export function isBrokerError(error: unknown, errorCode: number): boolean {
  return error instanceof BrokerError && error.errorCode === errorCode;
}
