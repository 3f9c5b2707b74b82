// Offsets that producers committed within transactions that have not ended. They count when the marker of a commit comes, and are
// forgotten with an abort, or when the offset is deleted meanwhile (Kafka's pendingTransactionalOffsets and openTransactions).
// Invariant: an offset is listed under its partition exactly as long as its producer's transaction may still make it count.

import type { CommitValue } from "./offset-table.ts";

export interface PendingOffset {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly producerId: number;
  value: CommitValue;
  /** The place of its record in the log. */
  order: number;
}

type ByPartition = Map<number, PendingOffset[]>;

export class PendingOffsets {
  private readonly byProducer = new Map<number, Set<PendingOffset>>();
  private readonly byGroup = new Map<string, Map<string, ByPartition>>();

  hasGroup(group: string): boolean {
    return this.byGroup.has(group);
  }

  has(group: string, topic: string, partition: number): boolean {
    return this.byGroup.get(group)?.get(topic)?.has(partition) ?? false;
  }

  /** Every partition of the group that has at least one. */
  *ofGroup(group: string): Generator<{ topic: string; partition: number }, void, undefined> {
    for (const [topic, partitions] of this.byGroup.get(group) ?? []) {
      for (const partition of partitions.keys()) yield { topic, partition };
    }
  }

  /** Every one of a topic, in any group. */
  *ofTopic(topic: string): Generator<PendingOffset, void, undefined> {
    for (const topics of this.byGroup.values()) {
      for (const atPartition of topics.get(topic)?.values() ?? []) yield* atPartition;
    }
  }

  /** One producer has one for a partition: the latest. */
  put(pending: PendingOffset): void {
    const { group, topic, partition, producerId } = pending;
    const topics = entryOf(this.byGroup, group, () => new Map<string, ByPartition>());
    const partitions = entryOf(topics, topic, (): ByPartition => new Map());
    const atPartition = entryOf(partitions, partition, (): PendingOffset[] => []);
    const known = atPartition.find((each) => each.producerId === producerId);
    if (known !== undefined) {
      known.value = pending.value;
      known.order = pending.order;
      return;
    }
    atPartition.push(pending);
    entryOf(this.byProducer, producerId, () => new Set<PendingOffset>()).add(pending);
  }

  /** The offset was deleted: no transaction brings it back. */
  drop(group: string, topic: string, partition: number): void {
    for (const pending of this.byGroup.get(group)?.get(topic)?.get(partition) ?? []) {
      this.byProducer.get(pending.producerId)?.delete(pending);
    }
    this.forget(group, topic, partition);
  }

  /** Ends a producer's transaction and returns what it had pending. */
  take(producerId: number): Iterable<PendingOffset> {
    const taken = this.byProducer.get(producerId);
    if (taken === undefined) return [];
    this.byProducer.delete(producerId);
    for (const pending of taken) {
      const { group, topic, partition } = pending;
      const atPartition = this.byGroup.get(group)!.get(topic)!.get(partition)!;
      atPartition.splice(atPartition.indexOf(pending), 1);
      if (atPartition.length === 0) this.forget(group, topic, partition);
    }
    return taken;
  }

  private forget(group: string, topic: string, partition: number): void {
    const topics = this.byGroup.get(group);
    const partitions = topics?.get(topic);
    if (topics === undefined || partitions === undefined) return;
    partitions.delete(partition);
    if (partitions.size > 0) return;
    topics.delete(topic);
    if (topics.size === 0) this.byGroup.delete(group);
  }
}

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
