// Sets of partitions, in Kafka's order (topic, then number), as the members of a group own them.

import type { TopicPartition } from "../../records.ts";

/** "orders-3": unique, as a partition's number has no dash. */
export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

/** By topic (in UTF-16 units, as Java compares), then by number. */
export function comparePartitions(one: TopicPartition, other: TopicPartition): number {
  return compareText(one.topic, other.topic) || one.partition - other.partition;
}

/** Java's order of strings. */
export function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Topics in the order in which they come, each with its partitions in the order in which they come. */
export function byTopic(partitions: Iterable<TopicPartition>): Map<string, number[]> {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) {
    const numbers = topics.get(topic);
    if (numbers === undefined) topics.set(topic, [partition]);
    else numbers.push(partition);
  }
  return topics;
}

/** What is owned, and since which assignment: a partition that went and came back is not the same possession. */
export class PartitionSet {
  private readonly entries = new Map<string, { readonly partition: TopicPartition; readonly since: number }>();

  get size(): number {
    return this.entries.size;
  }

  add(partitions: Iterable<TopicPartition>, since: number): void {
    for (const { topic, partition } of partitions) {
      this.entries.set(keyOf({ topic, partition }), { partition: { topic, partition }, since });
    }
  }

  remove(partitions: Iterable<TopicPartition>): void {
    for (const partition of partitions) this.entries.delete(keyOf(partition));
  }

  clear(): void {
    this.entries.clear();
  }

  has(partition: TopicPartition): boolean {
    return this.entries.has(keyOf(partition));
  }

  /** The number of the assignment that brought it, or null when it is not owned. */
  since(partition: TopicPartition): number | null {
    return this.entries.get(keyOf(partition))?.since ?? null;
  }

  /** In Kafka's order. */
  list(): TopicPartition[] {
    return [...this.entries.values()].map(({ partition }) => partition).toSorted(comparePartitions);
  }
}

/** Those of `partitions` that are not in `others`. */
export function without(partitions: Iterable<TopicPartition>, others: Iterable<TopicPartition>): TopicPartition[] {
  const left = new Set<string>();
  for (const other of others) left.add(keyOf(other));
  return [...partitions].filter((each) => !left.has(keyOf(each)));
}
