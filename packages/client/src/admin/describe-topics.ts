// Describing topics: by name through DescribeTopicPartitions, page by page (KIP-966), and by id or where that is not served through
// Metadata. Both give one shape. Java: Admin.describeTopics.

import { ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { describeTopicPartitionsApi } from "@ottla/protocol/messages/75-describe-topic-partitions.ts";
import type { DescribeTopicPartitionsResponse } from "@ottla/protocol/messages/75-describe-topic-partitions.ts";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import type { MetadataResponse } from "@ottla/protocol/messages/03-metadata.ts";
import { brokerError } from "../errors.ts";
import type { KafkaError } from "../errors.ts";
import type { CallOptions } from "../records.ts";
import { incompleteAnswer, needsVersion, throwOnError } from "./admin-call.ts";
import type { AdminCall } from "./admin-call.ts";
import { authorizedOperations } from "./acl-names.ts";
import type { AclOperation } from "./acl-names.ts";
import { valuesOrError } from "./admin-error.ts";
import { isBrokerError } from "./lookups.ts";
import { isNames } from "./topics.ts";
import type { TopicSelection } from "./topics.ts";

export interface DescribeTopicsOptions extends CallOptions {
  /** Also tell what the caller may do with the topics (KIP-430). Default false. */
  readonly includeAuthorizedOperations?: boolean;
  /** Partitions per page, of DescribeTopicPartitions. Default 2000; the broker may send fewer. */
  readonly partitionLimitPerResponse?: number;
}

export interface PartitionDescription {
  readonly partition: number;
  /** null when there is none at the moment. */
  readonly leaderId: number | null;
  /** -1 when unknown. */
  readonly leaderEpoch: number;
  /** Broker ids; the first is the preferred leader. */
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly offlineReplicas: readonly number[];
  /** KIP-966; null when the broker does not tell. */
  readonly eligibleLeaderReplicas: readonly number[] | null;
  readonly lastKnownEligibleLeaderReplicas: readonly number[] | null;
}

export interface TopicDescription {
  readonly name: string;
  readonly topicId: string;
  readonly isInternal: boolean;
  /** By partition number. */
  readonly partitions: readonly PartitionDescription[];
  /** null unless asked for. */
  readonly authorizedOperations: readonly AclOperation[] | null;
}

/** By name, or by id when selected so. */
export async function describeTopics(
  call: AdminCall,
  selection: TopicSelection,
  options: DescribeTopicsOptions,
): Promise<Map<string, TopicDescription>> {
  if (!isNames(selection)) return describeByMetadata(call, { topicIds: [...new Set(selection.topicIds)] }, options);
  const names = [...new Set(selection)].sort();
  if (names.length === 0) return new Map();
  try {
    return await describeByPages(call, names, options);
  } catch (error) {
    if (!isBrokerError(error, errorCodes.UNSUPPORTED_VERSION)) throw error;
    return describeByMetadata(call, { names }, options);
  }
}

async function describeByPages(
  call: AdminCall,
  names: readonly string[],
  options: DescribeTopicsOptions,
): Promise<Map<string, TopicDescription>> {
  type Topic = DescribeTopicPartitionsResponse["topics"][number];
  const found = new Map<string, Topic>();
  const errors = new Map<string, KafkaError>();
  let cursor: { topicName: string; partitionIndex: number } | null = null;
  do {
    const from: typeof cursor = cursor;
    const page: DescribeTopicPartitionsResponse = await call.retry(() =>
      call.send(null, describeTopicPartitionsApi, {
        topics: names.filter((name) => from === null || name >= from.topicName).map((name) => ({ name })),
        responsePartitionLimit: options.partitionLimitPerResponse ?? 2000,
        cursor: from,
      }),
    );
    for (const topic of page.topics) {
      const name = topic.name ?? "";
      if (topic.errorCode !== errorCodes.NONE) errors.set(name, brokerError(topic.errorCode, null, { topic: name }));
      else if (found.has(name)) found.get(name)!.partitions.push(...topic.partitions);
      else found.set(name, topic);
    }
    // A cursor that does not move would ask for the same page for ever.
    const next = page.nextCursor;
    if (next !== null && from !== null && !isAfter(next, from))
      throw incompleteAnswer("DescribeTopicPartitions", next.topicName);
    cursor = next;
  } while (cursor !== null);
  for (const name of names) {
    if (!found.has(name) && !errors.has(name)) errors.set(name, incompleteAnswer("DescribeTopicPartitions", name));
  }
  const described = [...found].filter(([name]) => !errors.has(name));
  return valuesOrError(new Map(described.map(([name, topic]) => [name, description(topic, options)])), errors);
}

type Cursor = { readonly topicName: string; readonly partitionIndex: number };

function isAfter(next: Cursor, from: Cursor): boolean {
  return (
    next.topicName > from.topicName || (next.topicName === from.topicName && next.partitionIndex > from.partitionIndex)
  );
}

async function describeByMetadata(
  call: AdminCall,
  wanted: { names: readonly string[] } | { topicIds: readonly string[] },
  options: DescribeTopicsOptions,
): Promise<Map<string, TopicDescription>> {
  const isByName = "names" in wanted;
  const keys = isByName ? wanted.names : wanted.topicIds;
  if (keys.length === 0) return new Map();
  const response = await call.retry(async () => {
    const answer = await call.send(null, metadataApi, (version) => {
      if (!isByName) needsVersion(metadataApi, version, 12, "describing topics by id");
      return {
        topics: keys.map((key) => (isByName ? { name: key, topicId: ZERO_UUID } : { name: null, topicId: key })),
        allowAutoTopicCreation: false,
        includeClusterAuthorizedOperations: false,
        includeTopicAuthorizedOperations: options.includeAuthorizedOperations ?? false,
      };
    });
    throwOnError(answer.errorCode);
    return answer;
  });
  const topics = new Map(response.topics.map((topic) => [isByName ? topic.name! : topic.topicId, topic]));
  const values = new Map<string, TopicDescription>();
  const errors = new Map<string, KafkaError>();
  for (const key of keys) {
    const topic = topics.get(key);
    const context = isByName ? { topic: key } : {};
    if (topic === undefined)
      errors.set(
        key,
        brokerError(isByName ? errorCodes.UNKNOWN_TOPIC_OR_PARTITION : errorCodes.UNKNOWN_TOPIC_ID, null, context),
      );
    else if (topic.errorCode !== errorCodes.NONE) errors.set(key, brokerError(topic.errorCode, null, context));
    else values.set(key, description(topic, options));
  }
  return valuesOrError(values, errors);
}

type AnyTopic = DescribeTopicPartitionsResponse["topics"][number] | MetadataResponse["topics"][number];

function description(topic: AnyTopic, options: DescribeTopicsOptions): TopicDescription {
  const partitions = topic.partitions.map((partition) => ({
    partition: partition.partitionIndex,
    leaderId: partition.leaderId < 0 ? null : partition.leaderId,
    leaderEpoch: partition.leaderEpoch,
    replicas: partition.replicaNodes,
    isr: partition.isrNodes,
    offlineReplicas: partition.offlineReplicas,
    eligibleLeaderReplicas: "eligibleLeaderReplicas" in partition ? partition.eligibleLeaderReplicas : null,
    lastKnownEligibleLeaderReplicas: "lastKnownElr" in partition ? partition.lastKnownElr : null,
  }));
  return {
    name: topic.name ?? "",
    topicId: topic.topicId,
    isInternal: topic.isInternal,
    partitions: partitions.sort((one, other) => one.partition - other.partition),
    authorizedOperations:
      options.includeAuthorizedOperations === true ? authorizedOperations(topic.topicAuthorizedOperations) : null,
  };
}
