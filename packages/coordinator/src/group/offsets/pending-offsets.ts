// Offsets that producers committed within transactions that have not ended. They count when the marker of a commit comes, and are
// forgotten with an abort, or when the offset is deleted meanwhile (Kafka's pendingTransactionalOffsets and openTransactions).
// Invariant: an offset is listed under its partition exactly as long as its producer's transaction may still make it count.

import type { CommitValue } from "./offset-table.ts";

export interface PendingOffset {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly producerId: number;
  readonly value: CommitValue;
  /** The place of its record in the log. */
  readonly order: number;
}

/**
 * What one producer has pending for one partition, the latest last. Earlier commits are kept because the log may still refuse the latest;
 * a producer asks for one at a time, so that a few are enough.
 */
type Commits = PendingOffset[];
const MAX_COMMITS = 4;

type ByPartition = Map<number, Commits[]>;

export class PendingOffsets {
  private readonly byProducer = new Map<number, Set<Commits>>();
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
      for (const atPartition of topics.get(topic)?.values() ?? []) {
        for (const commits of atPartition) yield commits.at(-1)!;
      }
    }
  }

  put(pending: PendingOffset): void {
    const { group, topic, partition, producerId } = pending;
    const topics = entryOf(this.byGroup, group, () => new Map<string, ByPartition>());
    const partitions = entryOf(topics, topic, (): ByPartition => new Map());
    const atPartition = entryOf(partitions, partition, (): Commits[] => []);
    const known = commitsOf(atPartition, producerId);
    if (known !== undefined) {
      known.push(pending);
      if (known.length > MAX_COMMITS) known.shift();
      return;
    }
    const commits = [pending];
    atPartition.push(commits);
    entryOf(this.byProducer, producerId, () => new Set<Commits>()).add(commits);
  }

  /** The log refused it. */
  takeBack(refused: Omit<PendingOffset, "value">): void {
    const atPartition = this.byGroup.get(refused.group)?.get(refused.topic)?.get(refused.partition) ?? [];
    const commits = commitsOf(atPartition, refused.producerId);
    const index = commits?.findIndex(({ order }) => order === refused.order) ?? -1;
    if (commits === undefined || index < 0) return;
    commits.splice(index, 1);
    if (commits.length === 0) this.remove(commits, refused);
  }

  /** The offset was deleted: no transaction brings it back. */
  drop(group: string, topic: string, partition: number): void {
    const atPartition = this.byGroup.get(group)?.get(topic)?.get(partition);
    if (atPartition === undefined) return;
    for (let commits = atPartition[0]; commits !== undefined; commits = atPartition[0])
      this.remove(commits, commits[0]!);
  }

  /** Ends a producer's transaction and returns what it had pending: the latest of each partition that was written before its marker. */
  take(producerId: number, markerOrder: number): PendingOffset[] {
    const ended: PendingOffset[] = [];
    for (const commits of this.byProducer.get(producerId) ?? []) {
      const place = commits[0]!;
      const next = commits.findIndex(({ order }) => order > markerOrder);
      const before = next < 0 ? commits.splice(0) : commits.splice(0, next);
      if (before.length > 0) ended.push(before.at(-1)!);
      if (commits.length === 0) this.remove(commits, place);
    }
    return ended;
  }

  private remove(commits: Commits, { group, topic, partition, producerId }: Omit<PendingOffset, "value">): void {
    const ofProducer = this.byProducer.get(producerId)!;
    ofProducer.delete(commits);
    if (ofProducer.size === 0) this.byProducer.delete(producerId);
    const atPartition = this.byGroup.get(group)!.get(topic)!.get(partition)!;
    atPartition.splice(atPartition.indexOf(commits), 1);
    if (atPartition.length === 0) this.forget(group, topic, partition);
  }

  private forget(group: string, topic: string, partition: number): void {
    const topics = this.byGroup.get(group)!;
    const partitions = topics.get(topic)!;
    partitions.delete(partition);
    if (partitions.size > 0) return;
    topics.delete(topic);
    if (topics.size === 0) this.byGroup.delete(group);
  }
}

function commitsOf(atPartition: readonly Commits[], producerId: number): Commits | undefined {
  return atPartition.find((commits) => commits[0]!.producerId === producerId);
}

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
