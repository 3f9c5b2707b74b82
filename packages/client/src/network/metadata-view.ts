// What a Metadata answer, or the leaders that another answer told of, make of what the client knew before. Pure.
// A partition's leader epoch never goes back, because a broker may answer from the past (KIP-320); only a topic that was deleted and
// created anew, which its id tells, begins again.

import { ZERO_UUID } from "@ottla/base";
import { errorCodes, isRetriable } from "@ottla/protocol";
import type { MetadataResponse } from "@ottla/protocol/messages/03-metadata.ts";
import type { BrokerNode, MetadataView, PartitionMetadata, TopicMetadata } from "./cluster.ts";

type ResponseTopic = MetadataResponse["topics"][number];

export const emptyView: MetadataView = {
  clusterId: null,
  controllerId: -1,
  brokers: new Map(),
  topics: new Map(),
  topicErrors: new Map(),
  topicNames: new Map(),
  updates: 0,
};

/** The view after an answer that was asked for all topics, or for `askedFor`. Topics that were not asked for stay. */
export function withResponse(
  before: MetadataView,
  response: MetadataResponse,
  askedFor: ReadonlySet<string> | "all",
): MetadataView {
  const topics = new Map<string, TopicMetadata>();
  const topicErrors = new Map<string, number>();
  if (askedFor !== "all") {
    for (const [name, topic] of before.topics) if (!askedFor.has(name)) topics.set(name, topic);
    for (const [name, error] of before.topicErrors) if (!askedFor.has(name)) topicErrors.set(name, error);
  }
  for (const topic of response.topics) {
    const { name, errorCode } = topic;
    if (name === null) continue;
    const known = before.topics.get(name);
    if (errorCode === errorCodes.NONE) topics.set(name, topicOf(topic, name, known));
    else topicErrors.set(name, errorCode);
    if (known !== undefined && isPassing(errorCode)) topics.set(name, known);
  }
  return {
    clusterId: response.clusterId ?? before.clusterId,
    controllerId: response.controllerId,
    brokers: new Map(response.brokers.map(({ nodeId, host, port, rack }) => [nodeId, { nodeId, host, port, rack }])),
    topics,
    topicErrors,
    topicNames: namesById(topics),
    updates: before.updates + 1,
  };
}

/** The view after a Produce or Fetch answer told of new leaders (KIP-951), or null when it told nothing new. */
export function withLeaders(
  before: MetadataView,
  leaders: readonly { topic: string; partition: number; leaderId: number; leaderEpoch: number }[],
  nodes: readonly BrokerNode[],
): MetadataView | null {
  const brokers = new Map(before.brokers);
  for (const node of nodes) brokers.set(node.nodeId, node);
  const topics = new Map(before.topics);
  let changed = false;
  for (const { topic, partition, leaderId, leaderEpoch } of leaders) {
    const known = topics.get(topic);
    const current = known?.partitions[partition];
    if (known === undefined || current === undefined || !brokers.has(leaderId)) continue;
    if (leaderEpoch <= current.leaderEpoch) continue;
    const partitions = known.partitions.with(partition, { ...current, leaderId, leaderEpoch });
    topics.set(topic, { ...known, partitions });
    changed = true;
  }
  return changed ? { ...before, brokers, topics, updates: before.updates + 1 } : null;
}

// A broker that does not know the leader just now says nothing against what we knew; one that does not know the topic does.
function isPassing(errorCode: number): boolean {
  return errorCode !== errorCodes.NONE && errorCode !== errorCodes.UNKNOWN_TOPIC_OR_PARTITION && isRetriable(errorCode);
}

function topicOf(topic: ResponseTopic, name: string, known: TopicMetadata | undefined): TopicMetadata {
  const isSame = known !== undefined && isSameTopic(known.topicId, topic.topicId);
  const partitions: PartitionMetadata[] = [];
  for (const partition of topic.partitions) {
    const { partitionIndex, leaderId, leaderEpoch, replicaNodes, isrNodes, offlineReplicas } = partition;
    const before = isSame ? known.partitions[partitionIndex] : undefined;
    const isOld = before !== undefined && leaderEpoch >= 0 && leaderEpoch < before.leaderEpoch;
    partitions[partitionIndex] = isOld
      ? before
      : { partition: partitionIndex, leaderId, leaderEpoch, replicas: replicaNodes, isr: isrNodes, offlineReplicas };
  }
  for (let index = 0; index < partitions.length; index++) partitions[index] ??= withoutLeader(index);
  return { name, topicId: topic.topicId, isInternal: topic.isInternal, partitions };
}

function isSameTopic(known: string, told: string): boolean {
  return known === told || known === ZERO_UUID || told === ZERO_UUID;
}

function withoutLeader(partition: number): PartitionMetadata {
  return { partition, leaderId: -1, leaderEpoch: -1, replicas: [], isr: [], offlineReplicas: [] };
}

function namesById(topics: ReadonlyMap<string, TopicMetadata>): Map<string, string> {
  const names = new Map<string, string>();
  for (const { topicId, name } of topics.values()) if (topicId !== ZERO_UUID) names.set(topicId, name);
  return names;
}
