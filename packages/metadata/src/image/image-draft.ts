// The next image in the making: replay writes here and nowhere else. `finish` gives the image and what changed since the last one.
// Topics touched for the first time are copied once; after that they are changed in place, because nobody else holds the copy.

import { assert } from "@ottla/base";
import type { VerbatimRecord } from "../records/metadata-record.ts";
import type { ChangedResource, ChangedTopic, MetadataDelta } from "./delta.ts";
import { configResource } from "./image-types.ts";
import type { BrokerImage, PartitionImage, TopicImage } from "./image-types.ts";
import {
  hasCollisionCharacters,
  MetadataImage,
  normalizedTopicName,
  parseResourceKey,
  resourceKey,
} from "./metadata-image.ts";
import { MapDraft } from "./versioned-map.ts";

/** A topic that this draft owns. */
interface TopicDraft {
  readonly name: string;
  readonly id: string;
  readonly partitions: PartitionImage[];
}

export class ImageDraft {
  readonly before: MetadataImage;
  private readonly topicsByName: MapDraft<TopicImage>;
  private readonly topicsById: MapDraft<TopicImage>;
  private readonly collidingNames: MapDraft<readonly string[]>;
  private readonly configs: MapDraft<ReadonlyMap<string, string>>;
  private brokers: Map<number, BrokerImage> | null = null;
  private features: Map<string, number> | null = null;
  private verbatim: VerbatimRecord[] | null = null;
  private nextProducerId: number;
  private readonly ownTopics = new Map<string, TopicDraft>();
  private readonly removedTopics: TopicImage[] = [];
  private readonly changedResources = new Set<string>();
  private readonly changedBrokers = new Set<number>();

  constructor(before: MetadataImage) {
    this.before = before;
    this.topicsByName = new MapDraft(before.parts.topicsByName);
    this.topicsById = new MapDraft(before.parts.topicsById);
    this.collidingNames = new MapDraft(before.parts.collidingNames);
    this.configs = new MapDraft(before.parts.configs);
    this.nextProducerId = before.parts.nextProducerId;
  }

  topic(name: string): TopicImage | undefined {
    return this.topicsByName.get(name);
  }

  topicById(id: string): TopicImage | undefined {
    return this.topicsById.get(id);
  }

  topics(): Iterable<TopicImage> {
    return this.topicsById.values();
  }

  addTopic(name: string, id: string): void {
    const topic: TopicDraft = { name, id, partitions: [] };
    this.own(topic);
    if (!hasCollisionCharacters(name)) return;
    const key = normalizedTopicName(name);
    this.collidingNames.set(key, [...(this.collidingNames.get(key) ?? []), name]);
  }

  removeTopic(topic: TopicImage): void {
    this.topicsByName.delete(topic.name);
    this.topicsById.delete(topic.id);
    this.ownTopics.delete(topic.id);
    const former = this.before.topicById(topic.id);
    if (former !== undefined) this.removedTopics.push(former);
    this.deleteConfigs(resourceKey(configResource.TOPIC, topic.name));
    if (!hasCollisionCharacters(topic.name)) return;
    const key = normalizedTopicName(topic.name);
    const left = (this.collidingNames.get(key) ?? []).filter((name) => name !== topic.name);
    if (left.length === 0) this.collidingNames.delete(key);
    else this.collidingNames.set(key, left);
  }

  /** Puts a partition into a topic: a new one at the end, or in place of an existing one. */
  setPartition(topic: TopicImage, index: number, partition: PartitionImage): void {
    const draft = this.ownTopics.get(topic.id) ?? this.own({ ...topic, partitions: [...topic.partitions] });
    assert(index <= draft.partitions.length, "partitions of a topic are added in order");
    draft.partitions[index] = partition;
  }

  setConfig(type: number, name: string, config: string, value: string | null): void {
    const key = resourceKey(type, name);
    const configs = new Map(this.configs.get(key));
    if (value === null) configs.delete(config);
    else configs.set(config, value);
    if (configs.size === 0) this.configs.delete(key);
    else this.configs.set(key, configs);
    this.changedResources.add(key);
  }

  broker(id: number): BrokerImage | undefined {
    return (this.brokers ?? this.before.parts.brokers).get(id);
  }

  setBroker(broker: BrokerImage): void {
    this.ownBrokers().set(broker.id, broker);
    this.changedBrokers.add(broker.id);
  }

  removeBroker(id: number): void {
    this.ownBrokers().delete(id);
    this.changedBrokers.add(id);
  }

  setFeature(name: string, level: number): void {
    this.features ??= new Map(this.before.parts.features);
    if (level === 0) this.features.delete(name);
    else this.features.set(name, level);
  }

  setNextProducerId(next: number): void {
    this.nextProducerId = next;
  }

  keepVerbatim(record: VerbatimRecord): void {
    this.verbatim ??= [...this.before.parts.verbatim];
    this.verbatim.push(record);
  }

  /** The image at `offset`. The draft must not be used afterwards. */
  finish(offset: number, epoch: number): { image: MetadataImage; delta: MetadataDelta } {
    const { parts } = this.before;
    const image = new MetadataImage({
      offset,
      epoch,
      topicsByName: this.topicsByName.finish(),
      topicsById: this.topicsById.finish(),
      collidingNames: this.collidingNames.finish(),
      configs: this.configs.finish(),
      brokers: this.brokers ?? parts.brokers,
      features: this.features ?? parts.features,
      nextProducerId: this.nextProducerId,
      verbatim: this.verbatim ?? parts.verbatim,
    });
    return { image, delta: this.deltaTo(image) };
  }

  private own(topic: TopicDraft): TopicDraft {
    this.ownTopics.set(topic.id, topic);
    this.topicsByName.set(topic.name, topic);
    this.topicsById.set(topic.id, topic);
    return topic;
  }

  private ownBrokers(): Map<number, BrokerImage> {
    this.brokers ??= new Map(this.before.parts.brokers);
    return this.brokers;
  }

  private deleteConfigs(key: string): void {
    if (this.configs.get(key) === undefined) return;
    this.configs.delete(key);
    this.changedResources.add(key);
  }

  private deltaTo(after: MetadataImage): MetadataDelta {
    const createdTopics: TopicImage[] = [];
    const changedTopics: ChangedTopic[] = [];
    for (const topic of this.ownTopics.values()) {
      const former = this.before.topicById(topic.id);
      if (former === undefined) createdTopics.push(topic);
      else changedTopics.push({ before: former, after: topic });
    }
    return {
      before: this.before,
      after,
      createdTopics,
      removedTopics: this.removedTopics,
      changedTopics,
      changedConfigs: this.changedConfigs(after),
      changedBrokers: [...this.changedBrokers],
      featuresChanged: this.features !== null,
    };
  }

  /** Creation and removal of a topic say enough about its configs. */
  private changedConfigs(after: MetadataImage): ChangedResource[] {
    const changed: ChangedResource[] = [];
    for (const key of this.changedResources) {
      const resource = parseResourceKey(key);
      const isTopic = resource.type === configResource.TOPIC;
      const stays = isTopic && this.before.topic(resource.name)?.id === after.topic(resource.name)?.id;
      if (!isTopic || stays) changed.push(resource);
    }
    return changed;
  }
}
