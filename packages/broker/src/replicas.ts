// The partitions that this node holds, by topic name and index, kept equal to the metadata image.
// Look-ups are on the hot path: two Map reads, no allocation. Changes come from the metadata publisher only.

import { assert } from "@ottla/base";
import type { PartitionLog } from "@ottla/storage";
import { Partition } from "./partition.ts";
import type { PartitionState } from "./partition.ts";

/** Which partition, as the metadata image names it. */
export interface PartitionIdentity {
  topic: string;
  topicId: string;
  index: number;
}

interface TopicReplicas {
  topicId: string;
  partitions: Map<number, Partition>;
}

export class Replicas {
  private readonly nodeId: number;
  private readonly topics = new Map<string, TopicReplicas>();
  private readonly namesById = new Map<string, string>();

  constructor(nodeId: number) {
    this.nodeId = nodeId;
  }

  get(topic: string, index: number): Partition | undefined {
    return this.topics.get(topic)?.partitions.get(index);
  }

  has(topic: string, index: number): boolean {
    return this.get(topic, index) !== undefined;
  }

  /** The name of a topic that has partitions here. */
  topicName(topicId: string): string | undefined {
    return this.namesById.get(topicId);
  }

  topicNames(): IterableIterator<string> {
    return this.topics.keys();
  }

  *all(): Generator<Partition> {
    for (const { partitions } of this.topics.values()) yield* partitions.values();
  }

  /** How many partitions are here. */
  count(): number {
    let count = 0;
    for (const { partitions } of this.topics.values()) count += partitions.size;
    return count;
  }

  /** The partitions of a topic here; none when the topic is unknown. */
  partitionsOf(topic: string): Iterable<Partition> {
    return this.topics.get(topic)?.partitions.values() ?? [];
  }

  /** Adds a partition with its log, or takes over the new state of one that is here. */
  apply(identity: PartitionIdentity, log: PartitionLog, state: PartitionState): void {
    let topic = this.topics.get(identity.topic);
    if (topic === undefined) {
      topic = { topicId: identity.topicId, partitions: new Map() };
      this.topics.set(identity.topic, topic);
      this.namesById.set(identity.topicId, identity.topic);
    }
    assert(topic.topicId === identity.topicId, "a topic of the same name is removed before a new one is added");
    const known = topic.partitions.get(identity.index);
    if (known !== undefined) {
      known.update(state);
      known.wake(0);
      return;
    }
    topic.partitions.set(identity.index, new Partition({ ...identity, nodeId: this.nodeId }, log, state));
  }

  /** Forgets a topic; requests that still hold its partitions are refused from now on. Returns the indexes that were here. */
  remove(topicName: string): number[] {
    const topic = this.topics.get(topicName);
    if (topic === undefined) return [];
    this.topics.delete(topicName);
    this.namesById.delete(topic.topicId);
    for (const partition of topic.partitions.values()) {
      partition.removed = true;
      partition.wake(0);
    }
    return [...topic.partitions.keys()];
  }
}
