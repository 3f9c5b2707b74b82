// Topics: create, delete, list, describe, add partitions. Java: Admin.createTopics and its neighbours (KIP-4, KIP-464, KIP-516).
// What changes topics goes to the controller; a quota on such changes (KIP-599) is waited out unless told otherwise.

import { ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { createPartitionsApi } from "@ottla/protocol/messages/37-create-partitions.ts";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import { deleteTopicsApi } from "@ottla/protocol/messages/20-delete-topics.ts";
import type { CreateTopicsResponse } from "@ottla/protocol/messages/19-create-topics.ts";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import { brokerError } from "../errors.ts";
import type { KafkaError } from "../errors.ts";
import type { CallOptions } from "../records.ts";
import type { AdminCall } from "./admin-call.ts";
import { needsVersion, throwOnError } from "./admin-call.ts";
import { createdEntry } from "./configs.ts";
import type { ConfigEntry, ConfigValue } from "./configs.ts";
import { performKeyed } from "./keyed.ts";
import type { Outcome } from "./keyed.ts";
import { controllerOf } from "./lookups.ts";

export interface NewTopic {
  readonly name: string;
  /** Default: the broker's num.partitions. */
  readonly partitions?: number;
  /** Default: the broker's default.replication.factor. */
  readonly replicationFactor?: number;
  /** Broker ids of each partition's replicas, by partition; the first is the preferred leader. Instead of the two numbers above. */
  readonly assignments?: readonly (readonly number[])[];
  /** Topic configs by Kafka's names, such as `{ "cleanup.policy": "compact" }`. */
  readonly configs?: Readonly<Record<string, ConfigValue>>;
}

export interface TopicChangeOptions extends CallOptions {
  /** When the quota on changes is used up (KIP-599), wait and go on. Default true; false fails with THROTTLING_QUOTA_EXCEEDED. */
  readonly retryOnQuotaViolation?: boolean;
}

export interface CreateTopicsOptions extends TopicChangeOptions {
  /** Only check whether it would succeed. Default false. */
  readonly validateOnly?: boolean;
}

export interface CreatedTopic {
  readonly name: string;
  /** ZERO_UUID from brokers before 2.8, and when the topic was only validated. */
  readonly topicId: string;
  /** -1 when the broker does not tell (before 2.4, or not allowed to describe configs). */
  readonly partitions: number;
  readonly replicationFactor: number;
  /** null when the broker does not tell. */
  readonly configs: ReadonlyMap<string, ConfigEntry> | null;
}

/** Topics by name, or by id where the broker can (2.8 and later; KIP-516). */
export type TopicSelection = readonly string[] | { readonly topicIds: readonly string[] };

export interface NewPartitions {
  readonly topic: string;
  /** How many there are to be, those of now included. */
  readonly count: number;
  /** Broker ids of the replicas of each new partition. Default: the broker's choice. */
  readonly assignments?: readonly (readonly number[])[];
}

export interface TopicListing {
  readonly name: string;
  readonly topicId: string;
  readonly isInternal: boolean;
}

export interface ListTopicsOptions extends CallOptions {
  /** Such as __consumer_offsets. Default false. */
  readonly includeInternal?: boolean;
}

/** Java: Admin.createTopics. */
export async function createTopics(
  call: AdminCall,
  topics: readonly (string | NewTopic)[],
  options: CreateTopicsOptions,
): Promise<Map<string, CreatedTopic>> {
  const wanted = new Map(
    topics.map((each) => (typeof each === "string" ? { name: each } : each)).map((t) => [t.name, t]),
  );
  return performKeyed<string, CreatedTopic>(call, {
    keys: wanted.keys(),
    locate: controllerOf,
    perform: async (nodeId, names) => {
      const response = await call.send(nodeId, createTopicsApi, (version) => ({
        topics: names.map((name) => topicToCreate(wanted.get(name)!, version)),
        timeoutMs: call.requestTimeoutMs,
        validateOnly: options.validateOnly ?? false,
      }));
      return new Map(
        response.topics.map((result) => [
          result.name,
          changeOutcome(result, response.throttleTimeMs, options) ?? { value: createdTopic(result) },
        ]),
      );
    },
  });
}

function topicToCreate(topic: NewTopic, version: number) {
  const { name, partitions, replicationFactor, assignments, configs } = topic;
  if (assignments === undefined && (partitions === undefined || replicationFactor === undefined))
    needsVersion(createTopicsApi, version, 4, "leaving partitions or replication factor to the broker");
  return {
    name,
    numPartitions: assignments === undefined ? (partitions ?? -1) : -1,
    replicationFactor: assignments === undefined ? (replicationFactor ?? -1) : -1,
    assignments: (assignments ?? []).map((brokerIds, partitionIndex) => ({
      partitionIndex,
      brokerIds: [...brokerIds],
    })),
    configs: Object.entries(configs ?? {}).map(([key, value]) => ({ name: key, value: String(value) })),
  };
}

function createdTopic(result: CreateTopicsResponse["topics"][number]): CreatedTopic {
  const configs =
    result.topicConfigErrorCode !== errorCodes.NONE || result.numPartitions < 0 || result.configs === null
      ? null
      : new Map(result.configs.map((config) => [config.name, createdEntry(config)]));
  const { name, topicId, numPartitions, replicationFactor } = result;
  return { name, topicId, partitions: numPartitions, replicationFactor, configs };
}

/** Java: Admin.deleteTopics. */
export async function deleteTopics(
  call: AdminCall,
  selection: TopicSelection,
  options: TopicChangeOptions,
): Promise<void> {
  const isByName = isNames(selection);
  await performKeyed<string, null>(call, {
    keys: isByName ? selection : selection.topicIds,
    locate: controllerOf,
    perform: async (nodeId, keys) => {
      const response = await call.send(nodeId, deleteTopicsApi, (version) => {
        if (!isByName) needsVersion(deleteTopicsApi, version, 6, "deleting topics by id");
        return {
          topics: keys.map((key) => (isByName ? { name: key, topicId: ZERO_UUID } : { name: null, topicId: key })),
          topicNames: isByName ? [...keys] : [],
          timeoutMs: call.requestTimeoutMs,
        };
      });
      return new Map(
        response.responses.map((result) => [
          isByName ? result.name! : result.topicId,
          changeOutcome(result, response.throttleTimeMs, options) ?? { value: null },
        ]),
      );
    },
  });
}

/** Java: Admin.createPartitions (KIP-195). */
export async function createPartitions(
  call: AdminCall,
  changes: readonly NewPartitions[],
  options: CreateTopicsOptions,
): Promise<void> {
  const wanted = new Map(changes.map((change) => [change.topic, change]));
  await performKeyed<string, null>(call, {
    keys: wanted.keys(),
    locate: controllerOf,
    perform: async (nodeId, names) => {
      const response = await call.send(nodeId, createPartitionsApi, {
        topics: names.map((name) => {
          const { count, assignments } = wanted.get(name)!;
          return { name, count, assignments: assignments?.map((brokerIds) => ({ brokerIds: [...brokerIds] })) ?? null };
        }),
        timeoutMs: call.requestTimeoutMs,
        validateOnly: options.validateOnly ?? false,
      });
      return new Map(
        response.results.map((result) => [
          result.name,
          changeOutcome(result, response.throttleTimeMs, options) ?? { value: null },
        ]),
      );
    },
  });
}

/** Java: Admin.listTopics. */
export async function listTopics(call: AdminCall, options: ListTopicsOptions): Promise<Map<string, TopicListing>> {
  const response = await call.retry(async () => {
    const answer = await call.send(null, metadataApi, {
      topics: null,
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    });
    throwOnError(answer.errorCode);
    return answer;
  });
  const listed = response.topics
    .filter(({ name, isInternal }) => name !== null && (options.includeInternal === true || !isInternal))
    .map(({ name, topicId, isInternal }) => ({ name: name!, topicId, isInternal }));
  return new Map(listed.map((topic) => [topic.name, topic]));
}

/** Whether topics were selected by name. */
export function isNames(selection: TopicSelection): selection is readonly string[] {
  return Array.isArray(selection);
}

/** What the controller's code means for a topic; null when the change was made. */
function changeOutcome(
  result: { errorCode: number; errorMessage: string | null; name: string | null },
  throttleTimeMs: number,
  options: TopicChangeOptions,
): Outcome<never> | null {
  const { errorCode, errorMessage, name } = result;
  if (errorCode === errorCodes.NONE) return null;
  const error: KafkaError = brokerError(errorCode, errorMessage, name === null ? {} : { topic: name });
  if (errorCode === errorCodes.NOT_CONTROLLER) return { again: error };
  if (errorCode === errorCodes.THROTTLING_QUOTA_EXCEEDED && options.retryOnQuotaViolation !== false)
    return { again: error, afterMs: throttleTimeMs };
  return { error };
}
