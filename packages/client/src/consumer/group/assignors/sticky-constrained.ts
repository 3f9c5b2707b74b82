// The sticky algorithm for groups whose members all subscribe to the same topics: every member ends with the quota or one more, and keeps
// as much of what it had as that allows. Linear but for sorting. As Java's ConstrainedAssignmentBuilder.

import { assert } from "@ottla/base";
import type { TopicPartition } from "../../../records.ts";
import { comparePartitions, compareText, keyOf } from "../partition-set.ts";
import type { StickyInput } from "./sticky-input.ts";

export interface StickyResult {
  readonly assignment: Map<string, TopicPartition[]>;
  /** By the partition's key, the member that shall have it though another one has to give it back first; null when not told. */
  readonly transferring: ReadonlyMap<string, string> | null;
}

export function assignConstrained(input: StickyInput): StickyResult {
  return new Constrained(input).build();
}

class Constrained {
  private readonly input: StickyInput;
  private readonly assignment: Map<string, TopicPartition[]>;
  private readonly transferring = new Map<string, string>();
  /** What a member had and may not keep, by key. */
  private readonly revoked = new Map<string, string>();
  private readonly kept = new Set<string>();
  /** Members that need more to reach the lower quota, and those that have it and may get one more. */
  private under: string[] = [];
  private exactly: string[] = [];
  private readonly minQuota: number;
  private readonly maxQuota: number;
  /** How many members get one more than the lower quota, and how many have it already. */
  private readonly expectedOver: number;
  private over = 0;

  constructor(input: StickyInput) {
    this.input = input;
    this.assignment = new Map(input.members.map(({ memberId }) => [memberId, []]));
    const total = [...input.topics.values()].reduce((sum, partitions) => sum + partitions.length, 0);
    const count = input.members.length;
    this.minQuota = Math.floor(total / count);
    this.maxQuota = Math.ceil(total / count);
    this.expectedOver = total % count;
  }

  build(): StickyResult {
    for (const [memberId, partitions] of this.input.owned) this.keepOwned(memberId, partitions);
    this.under.sort(compareText);
    this.exactly.sort(compareText);
    const unassigned = this.input.racks.sort(this.unassigned());
    const rest = this.input.racks.matter ? this.assignNear(unassigned) : unassigned;
    this.assignRoundRobin(rest);
    return { assignment: this.assignment, transferring: this.transferring };
  }

  private keepOwned(memberId: string, partitions: readonly TopicPartition[]): void {
    const { racks, claimedTwice } = this.input;
    const usable: TopicPartition[] = [];
    for (const partition of partitions) {
      if (racks.mismatch(memberId, partition)) this.revoked.set(keyOf(partition), memberId);
      else if (!claimedTwice.has(keyOf(partition)) && this.exists(partition)) usable.push(partition);
    }
    usable.sort((one, other) => one.partition - other.partition || compareText(one.topic, other.topic));
    const keep = this.quotaOf(memberId, usable.length);
    for (const [at, partition] of usable.entries()) {
      if (at >= keep) {
        this.revoked.set(keyOf(partition), memberId);
        continue;
      }
      this.assignment.get(memberId)!.push(partition);
      this.kept.add(keyOf(partition));
    }
  }

  private quotaOf(memberId: string, owned: number): number {
    if (owned < this.minQuota) {
      this.under.push(memberId);
      return owned;
    }
    if (owned >= this.maxQuota && this.over < this.expectedOver) {
      this.over++;
      if (this.over === this.expectedOver) this.exactly = [];
      return this.maxQuota;
    }
    if (this.over < this.expectedOver) this.exactly.push(memberId);
    return this.minQuota;
  }

  private exists({ topic, partition }: TopicPartition): boolean {
    return partition < (this.input.topics.get(topic)?.length ?? 0);
  }

  private unassigned(): TopicPartition[] {
    const all: TopicPartition[] = [];
    for (const [topic, partitions] of this.input.topics) {
      for (const { partition } of partitions) all.push({ topic, partition });
    }
    return all.filter((partition) => !this.kept.has(keyOf(partition))).sort(comparePartitions);
  }

  /** Gives what it can to members near a replica, and returns the rest. */
  private assignNear(unassigned: readonly TopicPartition[]): TopicPartition[] {
    let next = 0;
    const rest: TopicPartition[] = [];
    for (const partition of unassigned) {
      const at = this.nearMember(partition, this.under, next);
      const memberId = at === -1 ? this.takeExactly(partition) : this.under[at]!;
      if (memberId === null) {
        rest.push(partition);
        continue;
      }
      const count = this.give(partition, memberId);
      if (at === -1) continue;
      if (count >= this.minQuota) {
        this.under.splice(at, 1);
        if (count < this.maxQuota && this.over < this.expectedOver) this.exactly.push(memberId);
        next = this.under.length === 0 ? 0 : at % this.under.length;
      } else next = (at + 1) % this.under.length;
    }
    return rest;
  }

  private nearMember(partition: TopicPartition, members: readonly string[], from: number): number {
    for (let step = 0; step < members.length; step++) {
      const at = (from + step) % members.length;
      if (this.input.racks.match(members[at]!, partition)) return at;
    }
    return -1;
  }

  private takeExactly(partition: TopicPartition): string | null {
    const at = this.nearMember(partition, this.exactly, 0);
    if (at === -1) return null;
    const memberId = this.exactly[at]!;
    if (this.assignment.get(memberId)!.length + 1 === this.maxQuota) {
      this.exactly.splice(at, 1);
      this.over++;
      if (this.over === this.expectedOver) this.exactly = [];
    }
    return memberId;
  }

  private assignRoundRobin(unassigned: readonly TopicPartition[]): void {
    let next = 0;
    for (const partition of unassigned) {
      if (next >= this.under.length) next = 0;
      const memberId = this.under.length > 0 ? this.under[next++] : this.exactly.shift();
      assert(memberId !== undefined, "the quotas add up to all partitions");
      const count = this.give(partition, memberId);
      if (count !== this.minQuota) continue;
      this.under.splice(--next, 1);
      this.exactly.push(memberId);
    }
  }

  private give(partition: TopicPartition, memberId: string): number {
    const key = keyOf(partition);
    const list = this.assignment.get(memberId)!;
    list.push(partition);
    const before = this.revoked.get(key);
    if ((before !== undefined && before !== memberId) || this.input.claimedTwice.has(key))
      this.transferring.set(key, memberId);
    return list.length;
  }
}
