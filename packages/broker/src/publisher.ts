// Keeps this node's partitions and logs equal to the metadata image: creates, changes and removes what a delta says.
// The controller answers a request only after this has run, so a created topic can be produced to and a deleted one is gone.

import { NOTHING } from "@ottla/coordinator";
import { configResource, toLogConfig } from "@ottla/metadata";
import type { BrokerConfig, MetadataDelta, MetadataImage, PartitionImage, TopicImage } from "@ottla/metadata";
import type { LogConfig, PartitionLog } from "@ottla/storage";
import type { Broker } from "./broker.ts";
import { GROUP_TOPIC, TRANSACTION_TOPIC } from "./coordinators/internal-topics.ts";
import type { PartitionState } from "./partition.ts";

/**
 * Applies a committed change. What fails for one partition is logged and tried again later, and the rest is applied all the same: the log
 * has it for good.
 */
export function publish(broker: Broker, delta: MetadataDelta, image: MetadataImage): Promise<void> {
  return broker.missingPartitions.exclusively(() => publishNow(broker, delta, image));
}

async function publishNow(broker: Broker, delta: MetadataDelta, image: MetadataImage): Promise<void> {
  for (const topic of delta.removedTopics) await removeTopic(broker, topic);
  for (const [count, topic] of delta.createdTopics.entries()) {
    if (isEndOfRun(count)) await nextTurn();
    await applyTopic(broker, image, topic, null);
  }
  for (const { before, after } of delta.changedTopics) await applyTopic(broker, image, after, before);
  applyConfigs(broker, delta, image);
  broker.newestImage = image;
  followCoordinators(broker);
  tellGroups(broker, delta);
}

// Groups pick up new topics and partitions, and forget what was committed of deleted topics.
function tellGroups(broker: Broker, { createdTopics, changedTopics, removedTopics }: MetadataDelta): void {
  const changed = [...createdTopics, ...changedTopics.map(({ after }) => after), ...removedTopics];
  if (changed.length === 0) return;
  const change = { names: changed.map(({ name }) => name), created: createdTopics.length > 0 };
  broker.groups.performOnAll((shard) => {
    shard.topicsChanged(change);
    return removedTopics.length > 0 ? shard.topicsDeleted(removedTopics) : NOTHING;
  });
}

/** Brings up everything that a loaded image has, at start. @throws the operating system's error when a log cannot be made. */
export async function publishAll(broker: Broker, image: MetadataImage): Promise<void> {
  broker.configsChanged(brokerConfigOf(image, broker.config, broker.nodeId));
  for (const topic of image.topics()) {
    for (const index of indexesHere(broker, topic, null)) await applyPartition(broker, image, topic, index);
  }
  const stray = [...broker.logDirectory.all()].filter((log) => !broker.replicas.has(log.topic, log.partition));
  for (const { topic, partition } of stray) {
    broker.logger.warn({ topic, partition }, "a log of no topic is set aside with the suffix -stray");
    await broker.logDirectory.markStray(topic, partition);
  }
  followCoordinators(broker);
}

function followCoordinators(broker: Broker): void {
  broker.groups.follow(broker.replicas.partitionsOf(GROUP_TOPIC));
  broker.transactions.follow(broker.replicas.partitionsOf(TRANSACTION_TOPIC));
}

/** The settings of a topic's logs by this image. */
export function logConfigOf(image: MetadataImage, config: BrokerConfig, topic: string): LogConfig {
  return toLogConfig(image.topicConfigs(topic), config);
}

/** The broker's configs with what was altered while running. */
export function brokerConfigOf(image: MetadataImage, config: BrokerConfig, nodeId: number): BrokerConfig {
  return config.withDynamic(
    image.configs(configResource.BROKER, String(nodeId)),
    image.configs(configResource.BROKER, ""),
  );
}

async function applyTopic(
  broker: Broker,
  image: MetadataImage,
  topic: TopicImage,
  before: TopicImage | null,
): Promise<void> {
  for (const [count, index] of indexesHere(broker, topic, before).entries()) {
    if (isEndOfRun(count)) await nextTurn();
    const partition = { topic: topic.name, partition: index };
    const done = await attempt(broker, partition, () => applyPartition(broker, image, topic, index));
    if (done) continue;
    const again = (): Promise<void> => applyMissing(broker, topic.name, index);
    broker.missingPartitions.add({ topic: topic.name, index, attempt: again });
  }
}

/** As the image published last has the partition, if it still does. */
async function applyMissing(broker: Broker, topicName: string, index: number): Promise<void> {
  const image = broker.newestImage;
  const topic = image.topic(topicName);
  if (topic === undefined || !topic.partitions[index]?.replicas.includes(broker.nodeId)) return;
  await applyPartition(broker, image, topic, index);
  followCoordinators(broker);
}

// Logs are made synchronously; between runs of them the sockets get their turn.
const LOGS_A_TURN = 100;

function isEndOfRun(count: number): boolean {
  return count % LOGS_A_TURN === LOGS_A_TURN - 1;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The partitions of this node that are not as they were. */
function indexesHere(broker: Broker, topic: TopicImage, before: TopicImage | null): number[] {
  const indexes: number[] = [];
  for (const [index, partition] of topic.partitions.entries()) {
    if (partition !== before?.partitions[index] && partition.replicas.includes(broker.nodeId)) indexes.push(index);
  }
  return indexes;
}

async function applyPartition(broker: Broker, image: MetadataImage, topic: TopicImage, index: number): Promise<void> {
  const log = broker.replicas.get(topic.name, index)?.log ?? (await createLog(broker, image, topic, index));
  const identity = { topic: topic.name, topicId: topic.id, index };
  broker.replicas.apply(identity, log, stateOf(topic.partitions[index]!));
}

async function attempt(
  broker: Broker,
  partition: { topic: string; partition: number },
  action: () => Promise<void>,
): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    broker.logger.error({ ...partition, error }, "a partition's log could not follow the metadata");
    return false;
  }
}

// The folder asks for configs in the image before this one, which does not know a topic that is being created.
async function createLog(
  broker: Broker,
  image: MetadataImage,
  topic: TopicImage,
  index: number,
): Promise<PartitionLog> {
  const log = await broker.logDirectory.create(topic.name, index, topic.id);
  log.updateConfig(logConfigOf(image, broker.config, topic.name));
  return log;
}

async function removeTopic(broker: Broker, topic: TopicImage): Promise<void> {
  for (const index of broker.replicas.remove(topic.name)) {
    await attempt(broker, { topic: topic.name, partition: index }, () => broker.logDirectory.remove(topic.name, index));
  }
}

function applyConfigs(broker: Broker, delta: MetadataDelta, image: MetadataImage): void {
  const changed = delta.changedConfigs;
  if (changed.length === 0 && delta.removedTopics.length === 0) return;
  const ofBrokers = changed.some(({ type }) => type === configResource.BROKER);
  broker.configsChanged(ofBrokers ? brokerConfigOf(image, broker.config, broker.nodeId) : broker.config);
  const topics = ofBrokers
    ? [...broker.replicas.topicNames()]
    : changed.filter(({ type }) => type === configResource.TOPIC).map(({ name }) => name);
  for (const topic of topics) {
    const config = logConfigOf(image, broker.config, topic);
    for (const { log } of broker.replicas.partitionsOf(topic)) log.updateConfig(config);
  }
}

function stateOf(partition: PartitionImage): PartitionState {
  return {
    leaderId: partition.leader,
    leaderEpoch: partition.leaderEpoch,
    partitionEpoch: partition.partitionEpoch,
    replicas: partition.replicas,
    isr: partition.isr,
  };
}
