// The sticky algorithm for groups whose members subscribe to different topics: keeps what can be kept, gives the rest to who has least, then
// moves partitions as long as that balances better. As Java's GeneralAssignmentBuilder.

import type { TopicPartition } from "../../../records.ts";
import { compareText, keyOf } from "../partition-set.ts";
import { PartitionMoves } from "./partition-moves.ts";
import type { StickyResult } from "./sticky-constrained.ts";
import type { StickyInput } from "./sticky-input.ts";

export function assignGeneral(input: StickyInput): StickyResult {
  return { assignment: new General(input).build(), transferring: null };
}

class General {
  private readonly input: StickyInput;
  private current: Map<string, Map<string, TopicPartition>>;
  /** Who has a partition now, by key. */
  private holder = new Map<string, string>();
  /** The member who had it in an older generation, by key. */
  private readonly previous = new Map<string, { memberId: string; generationId: number }>();
  private readonly moves = new PartitionMoves();
  /** Topics' possible members, and members' possible topics. */
  private readonly takers = new Map<string, string[]>();
  private readonly topicsOf = new Map<string, Set<string>>();
  private readonly mostOf = new Map<string, number>();
  /** Members that take part in balancing. */
  private movable: Set<string>;
  private revocationNeeded = false;

  constructor(input: StickyInput) {
    this.input = input;
    this.current = new Map(input.members.map(({ memberId }) => [memberId, new Map()]));
    for (const topic of input.topics.keys()) this.takers.set(topic, []);
    for (const { memberId, topics } of input.members) {
      const known = new Set(topics.filter((topic) => input.topics.has(topic)));
      this.topicsOf.set(memberId, known);
      this.mostOf.set(
        memberId,
        [...known].reduce((sum, topic) => sum + input.topics.get(topic)!.length, 0),
      );
      for (const topic of known) this.takers.get(topic)!.push(memberId);
    }
    this.movable = new Set(this.current.keys());
  }

  build(): Map<string, TopicPartition[]> {
    this.rememberPrevious();
    this.keepOwned();
    const all = this.allPartitions();
    const unassigned = all.filter((partition) => !this.holder.has(keyOf(partition)));
    this.balance(all, unassigned);
    return new Map([...this.current].map(([memberId, partitions]) => [memberId, [...partitions.values()]]));
  }

  private rememberPrevious(): void {
    const { claims, maxGenerationId } = this.input;
    for (const [memberId, { partitions, generationId }] of claims) {
      const generation = generationId ?? -1;
      if (generation >= maxGenerationId) continue;
      for (const partition of partitions) {
        const known = this.previous.get(keyOf(partition));
        if (known === undefined || generation > known.generationId)
          this.previous.set(keyOf(partition), { memberId, generationId: generation });
      }
    }
  }

  private keepOwned(): void {
    for (const [memberId, partitions] of this.input.owned) {
      for (const partition of partitions) {
        if (partition.partition >= this.input.topics.get(partition.topic)!.length) continue;
        if (!this.topicsOf.get(memberId)!.has(partition.topic) || this.input.racks.mismatch(memberId, partition))
          this.revocationNeeded = true;
        else this.give(partition, memberId);
      }
    }
  }

  // Topics with few possible members first.
  private allPartitions(): TopicPartition[] {
    const topics = [...this.input.topics].toSorted(
      ([one], [other]) => this.takers.get(one)!.length - this.takers.get(other)!.length || compareText(one, other),
    );
    return topics.flatMap(([topic, partitions]) => partitions.map(({ partition }) => ({ topic, partition })));
  }

  private balance(all: readonly TopicPartition[], unassigned: readonly TopicPartition[]): void {
    const initializing = [...this.current.values()].every((partitions) => partitions.size === 0);
    const far = this.input.racks.matter ? unassigned.filter((each) => !this.giveToLeast(each, true)) : unassigned;
    for (const partition of far) this.giveToLeast(partition, false);

    const canMove = ({ topic }: TopicPartition): boolean => this.takers.get(topic)!.length >= 2;
    this.movable = new Set([...this.current.keys()].filter((memberId) => this.mayTakePart(memberId)));
    const before = { current: copy(this.current), holder: new Map(this.holder), score: this.score() };
    if (!this.revocationNeeded) this.reassign(unassigned.filter(canMove));
    const moved = this.reassign(all.filter(canMove));
    if (!initializing && moved && this.score() >= before.score) {
      this.current = before.current;
      this.holder = before.holder;
    }
  }

  private giveToLeast(partition: TopicPartition, nearOnly: boolean): boolean {
    const memberId = this.leastLoaded(
      (each) =>
        this.topicsOf.get(each)!.has(partition.topic) && !(nearOnly && this.input.racks.mismatch(each, partition)),
    );
    if (memberId !== null) this.give(partition, memberId);
    return memberId !== null;
  }

  /** The member with the fewest partitions, the first by id among those. */
  private leastLoaded(isCandidate: (memberId: string) => boolean): string | null {
    let found: string | null = null;
    let least = Infinity;
    for (const memberId of this.movable) {
      const size = this.sizeOf(memberId);
      if (size < least && isCandidate(memberId)) [found, least] = [memberId, size];
    }
    return found;
  }

  private mayTakePart(memberId: string): boolean {
    if (this.sizeOf(memberId) < this.mostOf.get(memberId)!) return true;
    return [...this.current.get(memberId)!.values()].some(({ topic }) => this.takers.get(topic)!.length >= 2);
  }

  private reassign(partitions: readonly TopicPartition[]): boolean {
    let reassigned = false;
    for (let modified = true; modified;) {
      modified = false;
      for (const partition of partitions) {
        if (this.isBalanced()) break;
        if (!this.improve(partition)) continue;
        modified = true;
        reassigned = true;
      }
    }
    return reassigned;
  }

  private improve(partition: TopicPartition): boolean {
    const size = this.sizeOf(this.holder.get(keyOf(partition))!);
    const previous = this.previous.get(keyOf(partition));
    if (previous !== undefined && this.movable.has(previous.memberId) && size > this.sizeOf(previous.memberId) + 1) {
      this.move(partition, previous.memberId);
      return true;
    }
    if (!this.takers.get(partition.topic)!.some((other) => size > this.sizeOf(other) + 1)) return false;
    this.move(
      partition,
      this.leastLoaded((memberId) => this.topicsOf.get(memberId)!.has(partition.topic))!,
    );
    return true;
  }

  private move(partition: TopicPartition, to: string): void {
    const from = this.holder.get(keyOf(partition))!;
    const moving = this.moves.actualPartition(partition, from, to);
    const holder = this.holder.get(keyOf(moving))!;
    this.moves.note(moving, holder, to);
    this.current.get(holder)!.delete(keyOf(moving));
    this.give(moving, to);
  }

  private isBalanced(): boolean {
    const sizes = [...this.movable].map((memberId) => this.sizeOf(memberId));
    if (Math.min(...sizes) >= Math.max(...sizes) - 1) return true;
    for (const memberId of this.movable) {
      const size = this.sizeOf(memberId);
      if (size === this.mostOf.get(memberId)) continue;
      for (const topic of this.topicsOf.get(memberId)!) {
        for (const { partition } of this.input.topics.get(topic)!) {
          const holder = this.holder.get(keyOf({ topic, partition }));
          if (holder !== undefined && holder !== memberId && size + 1 < this.sizeOf(holder)) return false;
        }
      }
    }
    return true;
  }

  /** The sum of the differences between all pairs of members that take part. */
  private score(): number {
    const sizes = [...this.movable].map((memberId) => this.sizeOf(memberId));
    return sizes.reduce(
      (sum, size, at) => sum + sizes.slice(at + 1).reduce((inner, other) => inner + Math.abs(size - other), 0),
      0,
    );
  }

  private give(partition: TopicPartition, memberId: string): void {
    this.current.get(memberId)!.set(keyOf(partition), partition);
    this.holder.set(keyOf(partition), memberId);
  }

  private sizeOf(memberId: string): number {
    return this.current.get(memberId)!.size;
  }
}

function copy(
  assignment: ReadonlyMap<string, ReadonlyMap<string, TopicPartition>>,
): Map<string, Map<string, TopicPartition>> {
  return new Map([...assignment].map(([memberId, partitions]) => [memberId, new Map(partitions)]));
}
