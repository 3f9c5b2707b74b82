// CreateTopics: ReplicationControlManager.createTopics, with the checks that Kafka makes before it in ControllerApis.
// Each topic succeeds or fails alone; validateOnly answers the same and records nothing.

import { randomUuid, ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { CreateTopicsRequest, CreateTopicsResponse } from "@ottla/protocol/messages/19-create-topics.ts";
import { effectiveTopicConfigs } from "../configs/effective-topic-configs.ts";
import { configResource } from "../image/image-types.ts";
import { hasCollisionCharacters, normalizedTopicName } from "../image/metadata-image.ts";
import { makeRecord } from "../records/metadata-record.ts";
import type { MetadataRecord } from "../records/metadata-record.ts";
import { checkTopicConfigs } from "./config-rules.ts";
import type { ErrorResult } from "./controller-api.ts";
import { isRefusal, MAX_RECORDS_PER_REQUEST, NO_ERROR, refusal, repeatedKeys } from "./decision.ts";
import type { Decision, DecisionContext } from "./decision.ts";
import { assignPartition, partitionRecordOf, placePartitions } from "./new-partitions.ts";
import type { NewPartition, NewPartitions } from "./new-partitions.ts";
import { CLUSTER_METADATA_TOPIC, refuseTopicName } from "../image/topic-name.ts";

type CreatableTopic = CreateTopicsRequest["topics"][number];
type TopicResult = CreateTopicsResponse["topics"][number];

export function decideCreateTopics(
  request: CreateTopicsRequest,
  context: DecisionContext,
): Decision<CreateTopicsResponse> {
  const repeated = repeatedKeys(request.topics, ({ name }) => name);
  const tooMany = countPartitions(request, context) > MAX_RECORDS_PER_REQUEST;
  const newNames = new Map<string, string>();
  const refusedNames = new Set<string>();
  const records: MetadataRecord[] = [];
  const topics: TopicResult[] = [];
  for (const topic of request.topics) {
    if (repeated.has(topic.name)) {
      if (refusedNames.has(topic.name)) continue;
      refusedNames.add(topic.name);
      topics.push(failed(topic.name, refusal(errorCodes.INVALID_REQUEST, "Duplicate topic name.")));
    } else if (tooMany) {
      topics.push(
        failed(topic.name, refusal(errorCodes.POLICY_VIOLATION, "Excessively large number of partitions per request.")),
      );
    } else {
      topics.push(createTopic(topic, newNames, records, context));
    }
  }
  return { records: request.validateOnly ? [] : records, response: { throttleTimeMs: 0, topics } };
}

/** Appends the topic's records when it can be created. `newNames` has the colliding names that this request creates. */
function createTopic(
  topic: CreatableTopic,
  newNames: Map<string, string>,
  records: MetadataRecord[],
  context: DecisionContext,
): TopicResult {
  const error = checkTopic(topic, newNames, context);
  if (isRefusal(error)) return failed(topic.name, error);
  const placed = topic.assignments.length > 0 ? assignAll(topic, context) : placeAll(topic, context);
  if ("error" in placed) return failed(topic.name, placed.error);
  const topicRecords = recordsOf(topic, placed.partitions, context);
  if (records.length + topicRecords.records.length > MAX_RECORDS_PER_REQUEST) {
    return failed(
      topic.name,
      refusal(errorCodes.POLICY_VIOLATION, "The request needs more records than one request may have."),
    );
  }
  records.push(...topicRecords.records);
  if (hasCollisionCharacters(topic.name)) newNames.set(normalizedTopicName(topic.name), topic.name);
  return succeeded(topic, topicRecords.topicId, placed.partitions, context);
}

function checkTopic(
  topic: CreatableTopic,
  newNames: ReadonlyMap<string, string>,
  context: DecisionContext,
): ErrorResult {
  const { name } = topic;
  if (name === CLUSTER_METADATA_TOPIC)
    return refusal(errorCodes.INVALID_REQUEST, `${name} is the cluster's own and cannot be created.`);
  const reason = refuseTopicName(name);
  if (reason !== null) return refusal(errorCodes.INVALID_TOPIC_EXCEPTION, `Topic name is invalid: ${reason}`);
  if (context.image.topic(name) !== undefined)
    return refusal(errorCodes.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`);
  const colliding = collision(name, newNames, context);
  if (colliding !== undefined) {
    return refusal(errorCodes.INVALID_TOPIC_EXCEPTION, `Topic '${name}' collides with existing topic: ${colliding}`);
  }
  return checkConfigs(topic);
}

function collision(name: string, newNames: ReadonlyMap<string, string>, context: DecisionContext): string | undefined {
  if (!hasCollisionCharacters(name)) return undefined;
  return context.image.collidingTopic(name) ?? newNames.get(normalizedTopicName(name));
}

function checkConfigs(topic: CreatableTopic): ErrorResult {
  const missing = topic.configs.filter(({ value }) => value === null).map(({ name }) => name);
  if (missing.length > 0) {
    return refusal(errorCodes.INVALID_CONFIG, `Null value not supported for topic configs: ${missing.join(",")}`);
  }
  return checkTopicConfigs(topic.name, topic.configs);
}

function assignAll(topic: CreatableTopic, context: DecisionContext): NewPartitions {
  if (topic.replicationFactor !== -1 || topic.numPartitions !== -1) {
    const which = topic.replicationFactor !== -1 ? "replication factor" : "numPartitions";
    return { error: refusal(errorCodes.INVALID_REQUEST, `A manual assignment was given, so ${which} must be -1.`) };
  }
  const partitions: NewPartition[] = [];
  const repeated = repeatedKeys(topic.assignments, ({ partitionIndex }) => String(partitionIndex));
  if (repeated.size > 0) return { error: refuseAssignment(`has partition ${[...repeated][0]} more than once`) };
  let replicationFactor: number | null = null;
  for (const { partitionIndex, brokerIds } of topic.assignments) {
    const partition = assignPartition(partitionIndex, brokerIds, replicationFactor, context);
    if ("error" in partition) return partition;
    replicationFactor = brokerIds.length;
    partitions[partitionIndex] = partition;
  }
  for (let index = 0; index < topic.assignments.length; index++) {
    if (partitions[index] === undefined)
      return { error: refuseAssignment("must name the partitions from 0 on without a gap") };
  }
  return { partitions };
}

function placeAll(topic: CreatableTopic, context: DecisionContext): NewPartitions {
  const { replicationFactor, numPartitions } = topic;
  if (replicationFactor < -1 || replicationFactor === 0) {
    const reason = "Replication factor must be larger than 0, or -1 to use the default value.";
    return { error: refusal(errorCodes.INVALID_REPLICATION_FACTOR, reason) };
  }
  if (numPartitions < -1 || numPartitions === 0) {
    return {
      error: refusal(errorCodes.INVALID_PARTITIONS, "Number of partitions was set to an invalid non-positive value."),
    };
  }
  const count = numPartitions === -1 ? context.config.get("num.partitions") : numPartitions;
  const factor = replicationFactor === -1 ? context.config.get("default.replication.factor") : replicationFactor;
  return placePartitions(count, factor, context);
}

/** In Kafka's order: topic, configs, partitions. */
function recordsOf(
  topic: CreatableTopic,
  partitions: readonly NewPartition[],
  context: DecisionContext,
): { topicId: string; records: MetadataRecord[] } {
  const topicId = randomUuid(context.random);
  const resource = { resourceType: configResource.TOPIC, resourceName: topic.name };
  const records: MetadataRecord[] = [
    makeRecord("topic", { name: topic.name, topicId }),
    ...topic.configs.map(({ name, value }) => makeRecord("config", { ...resource, name, value })),
    ...partitions.map((partition, index) => partitionRecordOf(topicId, index, partition, context)),
  ];
  return { topicId, records };
}

function succeeded(
  topic: CreatableTopic,
  topicId: string,
  partitions: readonly NewPartition[],
  context: DecisionContext,
): TopicResult {
  const overrides = new Map(topic.configs.map(({ name, value }) => [name, value!]));
  return {
    name: topic.name,
    topicId,
    ...NO_ERROR,
    topicConfigErrorCode: errorCodes.NONE,
    numPartitions: partitions.length,
    replicationFactor: partitions[0]!.replicas.length,
    configs: effectiveTopicConfigs(overrides, context.config).map(({ name, value, source }) => ({
      name,
      value,
      readOnly: false,
      configSource: source,
      isSensitive: false,
    })),
  };
}

function failed(name: string, error: ErrorResult): TopicResult {
  return {
    name,
    topicId: ZERO_UUID,
    ...error,
    topicConfigErrorCode: errorCodes.NONE,
    numPartitions: -1,
    replicationFactor: -1,
    configs: [],
  };
}

function refuseAssignment(reason: string): ErrorResult {
  return refusal(errorCodes.INVALID_REPLICA_ASSIGNMENT, `The manual assignment ${reason}.`);
}

function countPartitions(request: CreateTopicsRequest, context: DecisionContext): number {
  let count = 0;
  for (const { assignments, numPartitions } of request.topics) {
    if (assignments.length > 0) count += assignments.length;
    else count += numPartitions === -1 ? context.config.get("num.partitions") : Math.max(0, numPartitions);
  }
  return count;
}
