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

type WantedTopic = NonNullable<MetadataRequest["topics"]>[number];
type TopicAnswer = MetadataResponse["topics"][number];

export const metadataHandler: Handler<MetadataRequest, MetadataResponse> = {
  api: metadataApi,
  async handle(request, context) {
    const { broker, apiVersion } = context;
    if (request.topics !== null && apiVersion < FIRST_VERSION_WITH_IDS && request.topics.some(namesNoTopic)) {
      return refused(request.topics);
    }
    // Version 0 could not say null: an empty list means all topics there.
    const wanted = request.topics === null || (apiVersion === 0 && request.topics.length === 0) ? null : request.topics;
    const topics = wanted === null ? allTopics(broker) : await answersFor(wanted, request, context);
    return {
      throttleTimeMs: 0,
      brokers: broker.endpoints(context.connection),
      clusterId: broker.clusterId,
      controllerId: broker.controllerIdForClients(),
      topics: request.includeTopicAuthorizedOperations ? topics.map(withOperations) : topics,
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? clusterOperations : NOT_ASKED,
      errorCode: errorCodes.NONE,
    };
  },
};

// Versions 10 and 11 have room for an id, but brokers serve ids from 12 on.
const FIRST_VERSION_WITH_IDS = 12;

function namesNoTopic({ name, topicId }: WantedTopic): boolean {
  return name === null || topicId !== ZERO_UUID;
}

// Kafka's MetadataRequest.getErrorResponse.
function refused(wanted: readonly WantedTopic[]): MetadataResponse {
  return {
    throttleTimeMs: 0,
    brokers: [],
    clusterId: null,
    controllerId: -1,
    topics: wanted.map(({ name, topicId }) => unknownTopic(name ?? "", topicId, errorCodes.INVALID_REQUEST)),
    clusterAuthorizedOperations: NOT_ASKED,
    errorCode: errorCodes.NONE,
  };
}

// A topic that is named twice is answered once; names beside ids count for nothing, as in Kafka.
async function answersFor(
  wanted: readonly WantedTopic[],
  request: MetadataRequest,
  context: RequestContext,
): Promise<TopicAnswer[]> {
  const { broker } = context;
  const ids = new Set(wanted.map(({ topicId }) => topicId).filter((topicId) => topicId !== ZERO_UUID));
  if (ids.size > 0) return [...ids].map((topicId) => answerForId(broker, topicId));
  const names = new Set(wanted.map(({ name }) => name ?? ""));
  const refusals = await autoCreate(request, names, context);
  return [...names].map((name) => answerForName(broker, name, refusals));
}

// An id that nobody has is told nothing about.
function withOperations(topic: TopicAnswer): TopicAnswer {
  return topic.name === null ? topic : { ...topic, topicAuthorizedOperations: topicOperations };
}

const NO_REFUSALS: ReadonlyMap<string, number> = new Map();

async function autoCreate(
  request: MetadataRequest,
  names: ReadonlySet<string>,
  { broker, apiVersion }: RequestContext,
): Promise<ReadonlyMap<string, number>> {
  const allowed = (apiVersion < 4 || request.allowAutoTopicCreation) && broker.config.get("auto.create.topics.enable");
  if (!allowed) return NO_REFUSALS;
  // Internal topics have settings of their own; their coordinators will create them.
  const missing = [...names].filter((name) => broker.topic(name) === undefined && !broker.isInternalTopic(name));
  return missing.length === 0 ? NO_REFUSALS : createMissingTopics(broker, missing);
}

function answerForId(broker: Broker, topicId: string): TopicAnswer {
  const topic = broker.topicById(topicId);
  return topic === undefined ? unknownTopic(null, topicId, errorCodes.UNKNOWN_TOPIC_ID) : topicAnswer(broker, topic);
}

function answerForName(broker: Broker, name: string, refusals: ReadonlyMap<string, number>): TopicAnswer {
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
