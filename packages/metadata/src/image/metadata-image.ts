// The cluster's metadata at one offset of the metadata log: topics, partitions, brokers, configs, features, producer ids,
// and the records of kinds that Ottla does not interpret yet, kept as they came so that a snapshot loses nothing.
// An image never changes. ImageDraft makes the next one; reading needs no lock and no copy.

import { configResource } from "./image-types.ts";
import type { BrokerImage, PartitionImage, TopicImage } from "./image-types.ts";
import type { VerbatimRecord } from "../records/metadata-record.ts";
import { VersionedMap } from "./versioned-map.ts";

export interface ImageParts {
  /** The offset of the last record in it; -1 for the empty image. */
  readonly offset: number;
  /** The leader epoch of that record. */
  readonly epoch: number;
  readonly topicsByName: VersionedMap<TopicImage>;
  readonly topicsById: VersionedMap<TopicImage>;
  /** Names by the name with `.` in place of `_`; only names that have either. */
  readonly collidingNames: VersionedMap<readonly string[]>;
  /** Small: copied whole when it changes. */
  readonly brokers: ReadonlyMap<number, BrokerImage>;
  /** By resource key, see `resourceKey`. */
  readonly configs: VersionedMap<ReadonlyMap<string, string>>;
  readonly features: ReadonlyMap<string, number>;
  /** The first producer id of the next block; -1 before the first block. */
  readonly nextProducerId: number;
  /** In the order of the log. */
  readonly verbatim: readonly VerbatimRecord[];
}

const NO_CONFIGS: ReadonlyMap<string, string> = new Map();

export class MetadataImage {
  readonly parts: ImageParts;

  constructor(parts: ImageParts) {
    this.parts = parts;
  }

  static empty(): MetadataImage {
    return new MetadataImage({
      offset: -1,
      epoch: 0,
      topicsByName: VersionedMap.empty(),
      topicsById: VersionedMap.empty(),
      collidingNames: VersionedMap.empty(),
      brokers: new Map(),
      configs: VersionedMap.empty(),
      features: new Map(),
      nextProducerId: -1,
      verbatim: [],
    });
  }

  get offset(): number {
    return this.parts.offset;
  }

  get epoch(): number {
    return this.parts.epoch;
  }

  get topicCount(): number {
    return this.parts.topicsById.size;
  }

  topic(name: string): TopicImage | undefined {
    return this.parts.topicsByName.get(name);
  }

  topicById(id: string): TopicImage | undefined {
    return this.parts.topicsById.get(id);
  }

  /** In no order that means anything. */
  topics(): Iterable<TopicImage> {
    return this.parts.topicsByName.values();
  }

  partition(name: string, index: number): PartitionImage | undefined {
    return this.topic(name)?.partitions[index];
  }

  broker(id: number): BrokerImage | undefined {
    return this.parts.brokers.get(id);
  }

  /** All registered brokers, the fenced ones too, by ascending id. */
  brokers(): readonly BrokerImage[] {
    return [...this.parts.brokers.values()].sort((one, other) => one.id - other.id);
  }

  /** What was set for a resource; `type` is one of configResource. */
  configs(type: number, name: string): ReadonlyMap<string, string> {
    return this.parts.configs.get(resourceKey(type, name)) ?? NO_CONFIGS;
  }

  topicConfigs(name: string): ReadonlyMap<string, string> {
    return this.configs(configResource.TOPIC, name);
  }

  /** The finalized level of a feature, 0 when it was never set. */
  feature(name: string): number {
    return this.parts.features.get(name) ?? 0;
  }

  features(): ReadonlyMap<string, number> {
    return this.parts.features;
  }

  /** Another topic whose metric names would be the same, or undefined. */
  collidingTopic(name: string): string | undefined {
    return this.parts.collidingNames.get(normalizedTopicName(name))?.[0];
  }
}

/** Metric names turn `.` into `_`, so topics that differ only there collide. */
export function normalizedTopicName(name: string): string {
  return name.replaceAll(".", "_");
}

export function hasCollisionCharacters(name: string): boolean {
  return name.includes(".") || name.includes("_");
}

export function resourceKey(type: number, name: string): string {
  return `${type}:${name}`;
}

/** The inverse of `resourceKey`. */
export function parseResourceKey(key: string): { type: number; name: string } {
  const at = key.indexOf(":");
  return { type: Number(key.slice(0, at)), name: key.slice(at + 1) };
}
