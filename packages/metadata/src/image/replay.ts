// Applies one metadata record to a draft: the only way in which metadata changes, after an append and when a log is loaded.
// A record that does not fit what came before it (a partition of an unknown topic, say) means that the log is damaged: MetadataReplayError.

import type { InterpretedRecord, MetadataRecord } from "../records/metadata-record.ts";
import type { ImageDraft } from "./image-draft.ts";
import type { BrokerImage, TopicImage } from "./image-types.ts";
import { clearElr, createPartitionImage, mergePartitionChange } from "./partition-image.ts";

/** The log holds a record that cannot follow those before it. */
export class MetadataReplayError extends Error {
  override name = "MetadataReplayError";
}

/** Transaction records and no-ops change nothing here: whoever reads a log handles the former (see records/metadata-batches.ts). */
export function replay(draft: ImageDraft, record: MetadataRecord): void {
  switch (record.kind) {
    case "topic":
      return replayTopic(draft, record);
    case "partition":
      return replayPartition(draft, record);
    case "partitionChange":
      return replayPartitionChange(draft, record);
    case "removeTopic":
      return draft.removeTopic(existingTopic(draft, record.value.topicId, "RemoveTopicRecord"));
    case "config":
      return draft.setConfig(
        record.value.resourceType,
        record.value.resourceName,
        record.value.name,
        record.value.value,
      );
    case "clearElr":
      return replayClearElr(draft, record);
    case "registerBroker":
      return replayRegisterBroker(draft, record);
    case "unregisterBroker":
      existingBroker(draft, record.value.brokerId, record.value.brokerEpoch, "UnregisterBrokerRecord");
      return draft.removeBroker(record.value.brokerId);
    case "fenceBroker":
      return draft.setBroker({ ...brokerOf(draft, record), fenced: true });
    case "unfenceBroker":
      return draft.setBroker({ ...brokerOf(draft, record), fenced: false });
    case "brokerRegistrationChange":
      return replayRegistrationChange(draft, record);
    case "featureLevel":
      return draft.setFeature(record.value.name, record.value.featureLevel);
    case "producerIds":
      return draft.setNextProducerId(record.value.nextProducerId);
    case "verbatim":
      return draft.keepVerbatim(record);
    case "noOp":
    case "beginTransaction":
    case "endTransaction":
    case "abortTransaction":
  }
}

function replayTopic(draft: ImageDraft, { value }: InterpretedRecord<"topic">): void {
  if (draft.topic(value.name) !== undefined || draft.topicById(value.topicId) !== undefined) {
    throw new MetadataReplayError(`TopicRecord for ${value.name} (${value.topicId}), which is there already`);
  }
  draft.addTopic(value.name, value.topicId);
}

function replayPartition(draft: ImageDraft, { value }: InterpretedRecord<"partition">): void {
  const topic = existingTopic(draft, value.topicId, "PartitionRecord");
  if (value.partitionId < 0 || value.partitionId > topic.partitions.length) {
    throw new MetadataReplayError(
      `PartitionRecord for ${topic.name}-${value.partitionId} with ${topic.partitions.length} before it`,
    );
  }
  draft.setPartition(topic, value.partitionId, createPartitionImage(value));
}

function replayPartitionChange(draft: ImageDraft, { value }: InterpretedRecord<"partitionChange">): void {
  const topic = existingTopic(draft, value.topicId, "PartitionChangeRecord");
  const partition = topic.partitions[value.partitionId];
  if (partition === undefined) {
    throw new MetadataReplayError(`PartitionChangeRecord for ${topic.name}-${value.partitionId}, which is not there`);
  }
  draft.setPartition(topic, value.partitionId, mergePartitionChange(partition, value));
}

/** KIP-966: min.insync.replicas changed, so what was recorded under the former value no longer counts. No name means all topics. */
function replayClearElr(draft: ImageDraft, { value }: InterpretedRecord<"clearElr">): void {
  const one = value.topicName === "" ? undefined : draft.topic(value.topicName);
  if (value.topicName !== "" && one === undefined) {
    throw new MetadataReplayError(`ClearElrRecord for ${value.topicName}, which is not there`);
  }
  const topics = one === undefined ? [...draft.topics()] : [one];
  for (const topic of topics) {
    for (const [index, partition] of topic.partitions.entries()) {
      const cleared = clearElr(partition);
      if (cleared !== partition) draft.setPartition(topic, index, cleared);
    }
  }
}

function replayRegisterBroker(draft: ImageDraft, { value }: InterpretedRecord<"registerBroker">): void {
  draft.setBroker({
    id: value.brokerId,
    epoch: value.brokerEpoch,
    incarnationId: value.incarnationId,
    endPoints: value.endPoints,
    features: value.features,
    rack: value.rack,
    fenced: value.fenced,
    inControlledShutdown: value.inControlledShutdown,
    logDirs: value.logDirs,
    cordonedLogDirs: value.cordonedLogDirs,
  });
}

function replayRegistrationChange(draft: ImageDraft, { value }: InterpretedRecord<"brokerRegistrationChange">): void {
  const broker = existingBroker(draft, value.brokerId, value.brokerEpoch, "BrokerRegistrationChangeRecord");
  draft.setBroker({
    ...broker,
    fenced: value.fenced === 0 ? broker.fenced : value.fenced > 0,
    inControlledShutdown: broker.inControlledShutdown || value.inControlledShutdown > 0,
    logDirs: value.logDirs.length === 0 ? broker.logDirs : value.logDirs,
    cordonedLogDirs: value.cordonedLogDirs ?? broker.cordonedLogDirs,
  });
}

function brokerOf(draft: ImageDraft, record: InterpretedRecord<"fenceBroker" | "unfenceBroker">): BrokerImage {
  return existingBroker(draft, record.value.id, record.value.epoch, record.kind);
}

function existingTopic(draft: ImageDraft, id: string, what: string): TopicImage {
  const topic = draft.topicById(id);
  if (topic === undefined) throw new MetadataReplayError(`${what} for the topic id ${id}, which is not there`);
  return topic;
}

function existingBroker(draft: ImageDraft, id: number, epoch: number, what: string): BrokerImage {
  const broker = draft.broker(id);
  if (broker === undefined) throw new MetadataReplayError(`${what} for broker ${id}, which is not registered`);
  if (broker.epoch !== epoch) {
    throw new MetadataReplayError(`${what} for broker ${id} with epoch ${epoch}, registered with ${broker.epoch}`);
  }
  return broker;
}
