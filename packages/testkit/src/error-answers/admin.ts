// How requests about topics, configs and the cluster are refused.

import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import { apiVersionsApi } from "@ottla/protocol/messages/18-api-versions.ts";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import { deleteTopicsApi } from "@ottla/protocol/messages/20-delete-topics.ts";
import { describeConfigsApi } from "@ottla/protocol/messages/32-describe-configs.ts";
import { alterConfigsApi } from "@ottla/protocol/messages/33-alter-configs.ts";
import { describeLogDirsApi } from "@ottla/protocol/messages/35-describe-log-dirs.ts";
import { createPartitionsApi } from "@ottla/protocol/messages/37-create-partitions.ts";
import { incrementalAlterConfigsApi } from "@ottla/protocol/messages/44-incremental-alter-configs.ts";
import { describeClusterApi } from "@ottla/protocol/messages/60-describe-cluster.ts";
import { describeTopicPartitionsApi } from "@ottla/protocol/messages/75-describe-topic-partitions.ts";
import { apiKeyEntry, errorCodes } from "@ottla/protocol";
import { errorAnswer } from "./sketch.ts";
import type { ErrorAnswer, ErrorToTell } from "./sketch.ts";

const DELETE_TOPICS_WITH_IDS = 6;

export const adminErrorAnswers: readonly ErrorAnswer[] = [
  errorAnswer(metadataApi, ({ topics }, { code }) => ({
    errorCode: code,
    // Kafka's answer says that a topic without a name is called "".
    topics: (topics ?? []).map(({ name, topicId }) => ({ errorCode: code, name: name ?? "", topicId })),
  })),
  errorAnswer(apiVersionsApi, (_request, { code }) => ({
    errorCode: code,
    // KIP-511: the one error after which the client is told which versions it may ask in.
    apiKeys: code === errorCodes.UNSUPPORTED_VERSION ? [versionsOfApiVersions()] : [],
  })),
  errorAnswer(createTopicsApi, ({ topics }, { code, message }) => ({
    topics: topics.map(({ name }) => ({ name, errorCode: code, errorMessage: message })),
  })),
  errorAnswer(deleteTopicsApi, ({ topics, topicNames }, { code }, version) => ({
    responses:
      version >= DELETE_TOPICS_WITH_IDS
        ? topics.map(({ name, topicId }) => ({ name, topicId, errorCode: code }))
        : topicNames.map((name) => ({ name, errorCode: code })),
  })),
  errorAnswer(describeConfigsApi, ({ resources }, error) => ({
    results: resources.map((resource) => refusedResource(resource, error)),
  })),
  errorAnswer(alterConfigsApi, ({ resources }, error) => ({
    responses: resources.map((resource) => refusedResource(resource, error)),
  })),
  errorAnswer(describeLogDirsApi, (_request, { code }) => ({ errorCode: code })),
  errorAnswer(createPartitionsApi, ({ topics }, { code, message }) => ({
    results: topics.map(({ name }) => ({ name, errorCode: code, errorMessage: message })),
  })),
  errorAnswer(incrementalAlterConfigsApi, ({ resources }, error) => ({
    responses: resources.map((resource) => refusedResource(resource, error)),
  })),
  errorAnswer(describeClusterApi, (_request, { code, message }) => ({ errorCode: code, errorMessage: message })),
  errorAnswer(describeTopicPartitionsApi, ({ topics }, { code }) => ({
    topics: topics.map(({ name }) => ({ name, errorCode: code })),
  })),
];

function refusedResource(
  { resourceType, resourceName }: { resourceType: number; resourceName: string },
  { code, message }: ErrorToTell,
) {
  return { resourceType, resourceName, errorCode: code, errorMessage: message };
}

function versionsOfApiVersions() {
  const { key, versions } = apiKeyEntry(apiVersionsApi.key)!;
  return { apiKey: key, minVersion: versions.from, maxVersion: versions.to };
}
