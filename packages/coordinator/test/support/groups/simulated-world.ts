// What simulated members share: the shard that they talk to, the topics, the history, randomness, and faults planted on purpose.

import type { SeededRandom } from "@ottla/base";
import { ClassicGroup } from "../../../src/group/classic/classic-group.ts";
import { ConsumerGroup } from "../../../src/group/consumer/consumer-group.ts";
import { GroupShard } from "../../../src/group/group-shard.ts";
import { groupRecordCodec } from "../../../src/group/group-records.ts";
import type { GroupRecord } from "../../../src/group/group-records.ts";
import { TestWorld, topicsView } from "../group-context.ts";
import { ShardHarness } from "../shard-harness.ts";
import { GroupHistory } from "./group-history.ts";

/** Faults that the checks must find. */
export type Plant =
  | "zombies may commit"
  | "an assignment goes to two"
  | "a commit is forgotten"
  | "a partition is left out";

export const TOPICS = [
  { id: "AAAAAAAAAAAAAAAAAAAAAQ", name: "orders", partitions: 6 },
  { id: "AAAAAAAAAAAAAAAAAAAAAg", name: "payments", partitions: 4 },
];

export class SimulatedWorld {
  readonly random: SeededRandom;
  readonly plant: Plant | null;
  readonly history = new GroupHistory();
  readonly harness: ShardHarness<GroupRecord, GroupShard>;
  readonly test = new TestWorld();
  private restarting = false;

  constructor(random: SeededRandom, plant: Plant | null) {
    this.random = random;
    this.plant = plant;
    this.test.topics = topicsView(TOPICS);
    const { test } = this;
    const options = { config: () => test.config, topics: () => test.topics, random: test.random, logger: test.logger };
    const codec = { ...groupRecordCodec, decode: (key: Buffer, value: Buffer | null) => this.decode(key, value) };
    this.harness = new ShardHarness({ codec, makeShard: () => new GroupShard(options) });
  }

  restart(): void {
    this.restarting = true;
    this.harness.restart();
    this.restarting = false;
  }

  /** A member that may commit now, whoever it is. */
  anyMember(groupId: string): { memberId: string; epoch: number } | null {
    const group = this.harness.shard.context.groups.get(groupId);
    if (!(group instanceof ClassicGroup) || group.state !== "Stable") return null;
    const [memberId] = group.members.keys();
    return memberId === undefined ? null : { memberId, epoch: group.generationId };
  }

  isConsumerGroup(groupId: string): boolean {
    return this.harness.shard.context.groups.get(groupId) instanceof ConsumerGroup;
  }

  /** The generation that a member must have: that of its classic group, or its own epoch in a consumer group. */
  generation(groupId: string, memberId: string): number {
    const group = this.harness.shard.context.groups.get(groupId);
    if (group instanceof ClassicGroup) return group.generationId;
    return group instanceof ConsumerGroup ? (group.members.get(memberId)?.memberEpoch ?? -1) : -1;
  }

  private decode(key: Buffer, value: Buffer | null): GroupRecord | null {
    const record = groupRecordCodec.decode(key, value);
    const forget = this.restarting && this.plant === "a commit is forgotten" && record?.kind === "OffsetCommit";
    return forget && this.random.chance(0.5) ? null : record;
  }

  /** Whether the coordinator has this member in its group. */
  hasMember(groupId: string, memberId: string): boolean {
    const group = this.harness.shard.context.groups.get(groupId);
    return group !== undefined && "members" in group && (group.members as Map<string, unknown>).has(memberId);
  }

  /** All partitions of all topics. */
  allPartitions(): string[] {
    return TOPICS.flatMap(({ name, partitions }) =>
      Array.from({ length: partitions }, (_, index) => `${name}-${index}`),
    );
  }
}

/** "orders-3" as topic and index. */
export function splitPartition(partition: string): { topic: string; index: number } {
  const dash = partition.lastIndexOf("-");
  return { topic: partition.slice(0, dash), index: Number(partition.slice(dash + 1)) };
}

/** Partitions by topic. */
export function byTopic(partitions: Iterable<string>): Map<string, number[]> {
  const topics = new Map<string, number[]>();
  for (const partition of partitions) {
    const { topic, index } = splitPartition(partition);
    const indexes = topics.get(topic);
    if (indexes === undefined) topics.set(topic, [index]);
    else indexes.push(index);
  }
  return topics;
}
