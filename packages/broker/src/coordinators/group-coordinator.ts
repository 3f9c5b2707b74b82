// The group coordinator of this node: its shards over __consumer_offsets, fed with this broker's configs, topics and clock.

import { groupRecordCodec, GroupShard } from "@ottla/coordinator";
import type { GroupCoordinatorConfig, GroupRecord, TopicsView, TopicView } from "@ottla/coordinator";
import type { Random } from "@ottla/base";
import { configResource, groupConfigValue } from "@ottla/metadata";
import type { BrokerConfig, GroupConfigName, MetadataImage, TopicImage } from "@ottla/metadata";
import type { Broker } from "../broker.ts";
import { CoordinatorPartitions, largestBatchBytes } from "./coordinator-partitions.ts";
import { GROUP_TOPIC } from "./internal-topics.ts";
import type { InternalTopics } from "./internal-topics.ts";

export type GroupCoordinator = CoordinatorPartitions<GroupRecord, GroupShard>;

export function groupCoordinatorOf(
  broker: Broker,
  parts: { internalTopics: InternalTopics; random: Random; endOfTurn(action: () => void): void },
): GroupCoordinator {
  const configs = cached(
    () => broker.config,
    (config) => groupConfigOf(config, broker),
  );
  const topics = cached(() => broker.newestImage, topicsViewOf);
  return new CoordinatorPartitions<GroupRecord, GroupShard>({
    topic: GROUP_TOPIC,
    codec: groupRecordCodec,
    newShard: () =>
      new GroupShard({
        config: configs,
        topics,
        counters: broker.counters.groups,
        random: parts.random,
        logger: broker.logger,
      }),
    partitionCount: () => broker.topic(GROUP_TOPIC)?.partitions.length ?? 0,
    createTopic: () =>
      parts.internalTopics.create({
        name: GROUP_TOPIC,
        partitions: broker.config.get("offsets.topic.num.partitions"),
        replicationFactor: broker.config.get("offsets.topic.replication.factor"),
        configs: {
          "cleanup.policy": "compact",
          "segment.bytes": String(broker.config.get("offsets.topic.segment.bytes")),
          "compression.type": "producer",
        },
      }),
    hasEnoughInSync: (partition) => partition.hasEnoughInSync(broker.minInsyncReplicas(GROUP_TOPIC)),
    clock: broker.clock,
    logger: broker.logger,
    endOfTurn: (action) => parts.endOfTurn(action),
  });
}

// Made anew only when what it is made of was replaced.
function cached<Source, Result>(source: () => Source, make: (source: Source) => Result): () => Result {
  let seen: Source | undefined;
  let made: Result;
  return () => {
    const now = source();
    if (now !== seen) {
      seen = now;
      made = make(now);
    }
    return made;
  };
}

const MINUTE_MS = 60_000;
/** What a batch of one record takes besides the record's value, with room to spare. */
const BATCH_OVERHEAD_BYTES = 1024;

function groupConfigOf(config: BrokerConfig, broker: Broker): GroupCoordinatorConfig {
  const ofGroup = (name: GroupConfigName, groupId: string): number =>
    groupConfigValue(name, broker.newestImage.configs(configResource.GROUP, groupId), config);
  const protocols = config.get("group.coordinator.rebalance.protocols");
  return {
    offsetMetadataMaxBytes: config.get("offset.metadata.max.bytes"),
    offsetsRetentionMs: config.get("offsets.retention.minutes") * MINUTE_MS,
    offsetsRetentionCheckIntervalMs: config.get("offsets.retention.check.interval.ms"),
    groupMinSessionTimeoutMs: config.get("group.min.session.timeout.ms"),
    groupMaxSessionTimeoutMs: config.get("group.max.session.timeout.ms"),
    groupInitialRebalanceDelayMs: config.get("group.initial.rebalance.delay.ms"),
    groupMaxSize: config.get("group.max.size"),
    // Not cached: the topic may have a limit of its own.
    get groupMaxRecordBytes() {
      const log = broker.replicas.get(GROUP_TOPIC, 0)?.log;
      const limit = log === undefined ? config.get("message.max.bytes") : largestBatchBytes(log.config);
      return limit - BATCH_OVERHEAD_BYTES;
    },
    consumerGroupMaxSize: config.get("group.consumer.max.size"),
    consumerGroupAssignors: config.get("group.consumer.assignors"),
    consumerGroupMigrationPolicy: config.get(
      "group.consumer.migration.policy",
    ) as GroupCoordinatorConfig["consumerGroupMigrationPolicy"],
    consumerGroupRegexRefreshIntervalMs: config.get("group.consumer.regex.refresh.interval.ms"),
    classicProtocolEnabled: protocols.includes("classic"),
    consumerProtocolEnabled: protocols.includes("consumer"),
    consumerGroupSessionTimeoutMs: (groupId) => ofGroup("consumer.session.timeout.ms", groupId),
    consumerGroupHeartbeatIntervalMs: (groupId) => ofGroup("consumer.heartbeat.interval.ms", groupId),
    consumerGroupAssignmentIntervalMs: (groupId) => ofGroup("consumer.assignment.interval.ms", groupId),
  };
}

function topicsViewOf(image: MetadataImage): TopicsView {
  return {
    version: image.offset,
    topic: (name) => viewOf(image.topic(name), image),
    topicById: (id) => viewOf(image.topicById(id), image),
    *names() {
      for (const { name } of image.topics()) yield name;
    },
  };
}

function viewOf(topic: TopicImage | undefined, image: MetadataImage): TopicView | undefined {
  if (topic === undefined) return undefined;
  return {
    id: topic.id,
    name: topic.name,
    partitionCount: topic.partitions.length,
    racksOf(partition) {
      const racks = topic.partitions[partition]?.replicas.map((id) => image.broker(id)?.rack ?? null) ?? [];
      return racks.filter((rack) => rack !== null);
    },
  };
}
