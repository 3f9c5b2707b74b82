// Metadata: brokers, and topics with their partitions and leaders. Versions 0 to 13.
// A topic that does not exist is created when the client and auto.create.topics.enable allow it, and the answer waits
// until it can be produced to, so that no client sees LEADER_NOT_AVAILABLE for a topic it just named.

import { ZERO_UUID } from "@ottla/base";
import type { TopicImage } from "@ottla/metadata";
import { errorCodes } from "@ottla/protocol";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import type { MetadataRequest, MetadataResponse } from "@ottla/protocol/messages/03-metadata.ts";
import { clusterOperations, NOT_ASKED, topicOperations } from "../authorized-operations.ts";
import { createMissingTopics } from "../auto-topic-creation.ts";
import type { Broker } from "../broker.ts";
import type { Handler, RequestContext } from "../handler.ts";

type TopicAnswer = MetadataResponse["topics"][number];

export const metadataHandler: Handler<MetadataRequest, MetadataResponse> = {
  api: metadataApi,
  async handle(request, context) {
    const { broker, apiVersion } = context;
    // Version 0 could not say null: an empty list means all topics there.
    const wanted = apiVersion === 0 && request.topics?.length === 0 ? null : request.topics;
    const refusals = wanted === null ? NO_REFUSALS : await autoCreate(request, wanted, context);
    const topics = wanted === null ? allTopics(broker) : wanted.map((topic) => answerFor(topic, refusals, context));
    if (request.includeTopicAuthorizedOperations) {
      for (const topic of topics)
        if (topic.errorCode === errorCodes.NONE) topic.topicAuthorizedOperations = topicOperations;
    }
    return {
      throttleTimeMs: 0,
      brokers: broker.endpoints(context.connection),
      clusterId: broker.clusterId,
      controllerId: broker.controllerIdForClients(),
      topics,
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? clusterOperations : NOT_ASKED,
      errorCode: errorCodes.NONE,
    };
  },
};

const NO_REFUSALS: ReadonlyMap<string, number> = new Map();

async function autoCreate(
  request: MetadataRequest,
  wanted: NonNullable<MetadataRequest["topics"]>,
  context: RequestContext,
): Promise<ReadonlyMap<string, number>> {
  const { broker, apiVersion } = context;
  const allowed = (apiVersion < 4 || request.allowAutoTopicCreation) && broker.config.get("auto.create.topics.enable");
  if (!allowed) return NO_REFUSALS;
  const missing = new Set<string>();
  for (const { name, topicId } of wanted) {
    if (name !== null && topicId === ZERO_UUID && broker.topic(name) === undefined) missing.add(name);
  }
  return missing.size === 0 ? NO_REFUSALS : createMissingTopics(broker, [...missing]);
}

function answerFor(
  wanted: NonNullable<MetadataRequest["topics"]>[number],
  refusals: ReadonlyMap<string, number>,
  context: RequestContext,
): TopicAnswer {
  const { broker } = context;
  if (wanted.topicId !== ZERO_UUID) {
    const byId = broker.topicById(wanted.topicId);
    return byId === undefined
      ? unknownTopic(null, wanted.topicId, errorCodes.UNKNOWN_TOPIC_ID)
      : topicAnswer(broker, byId);
  }
  const name = wanted.name ?? "";
  const topic = broker.topic(name);
  if (topic !== undefined) return topicAnswer(broker, topic);
  return unknownTopic(name, ZERO_UUID, refusals.get(name) ?? broker.missingTopicError(name));
}

function unknownTopic(name: string | null, topicId: string, errorCode: number): TopicAnswer {
  return { errorCode, name, topicId, isInternal: false, partitions: [], topicAuthorizedOperations: NOT_ASKED };
}

function allTopics(broker: Broker): TopicAnswer[] {
  const answers: TopicAnswer[] = [];
  for (const topic of broker.topics()) answers.push(topicAnswer(broker, topic));
  return answers;
}

function topicAnswer(broker: Broker, topic: TopicImage): TopicAnswer {
  return {
    errorCode: errorCodes.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: broker.isInternalTopic(topic.name),
    partitions: topic.partitions.map((partition, partitionIndex) => ({
      errorCode: broker.isAlive(partition.leader) ? errorCodes.NONE : errorCodes.LEADER_NOT_AVAILABLE,
      partitionIndex,
      leaderId: partition.leader,
      leaderEpoch: partition.leaderEpoch,
      replicaNodes: [...partition.replicas],
      isrNodes: [...partition.isr],
      offlineReplicas: partition.replicas.filter((replica) => !broker.isAlive(replica)),
    })),
    topicAuthorizedOperations: NOT_ASKED,
  };
}
