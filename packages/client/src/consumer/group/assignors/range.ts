// The range assignor: topic by topic, contiguous ranges of partitions to the members in order, the first ones getting one more.
// With racks (KIP-881) partitions go to members near a replica as far as the balance allows, and topics with the same members and
// the same number of partitions stay co-partitioned. The same result as Java's RangeAssignor.

import type { TopicPartition } from "../../../records.ts";
import { comparePartitions } from "../partition-set.ts";
import type { AssignablePartition, Assignor, GroupAssignment, AssignorMember, GroupToAssign } from "./assignor.ts";
import { compareMembers, racksMatter } from "./assignor.ts";

export const rangeAssignor: Assignor = { name: "range", protocols: ["eager"], assign };

type Lists = Map<string, TopicPartition[]>;

function assign({ topics, members }: GroupToAssign): GroupAssignment {
  const assigned: Lists = new Map(members.map(({ memberId }) => [memberId, []]));
  const states = [...topics]
    .filter(([, partitions]) => partitions.length > 0)
    .map(([topic, partitions]) => new TopicState(topic, partitions, members));
  const useRacks = states.some(({ needsRacks }) => needsRacks);
  if (useRacks) assignWithRacks(states, assigned);
  for (const state of states) assignRanges(state, assigned, () => true);
  if (useRacks) for (const list of assigned.values()) list.sort(comparePartitions);
  return assigned;
}

function assignRanges(
  state: TopicState,
  assigned: Lists,
  mayAssign: (member: AssignorMember, partition: number) => boolean,
): void {
  for (const member of state.members) {
    if (state.unassigned.size === 0) return;
    const most = state.maxAssignable(member);
    const taken: number[] = [];
    for (const partition of state.unassigned) {
      if (taken.length === most) break;
      if (mayAssign(member, partition)) taken.push(partition);
    }
    if (taken.length > 0) state.assign(member, taken, assigned);
  }
}

function assignWithRacks(states: readonly TopicState[], assigned: Lists): void {
  for (const group of coPartitioned(states)) {
    const [first] = group as [TopicState];
    if (!first.hasRacks) continue;
    if (group.length > 1) assignTogether(group, assigned);
    else if (first.needsRacks)
      assignRanges(first, assigned, (member, partition) => first.racksMatch(member, partition));
  }
}

// Topics with the same members (of the same racks) and the same number of partitions.
function coPartitioned(states: readonly TopicState[]): TopicState[][] {
  const groups = new Map<string, TopicState[]>();
  for (const state of states) {
    const key = JSON.stringify([state.partitionCount, state.members.map(({ memberId }) => memberId)]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [state]);
    else group.push(state);
  }
  return [...groups.values()];
}

// One number after the other, all topics' partitions of that number to one member, if the racks of all match.
function assignTogether(states: readonly TopicState[], assigned: Lists): void {
  const [first] = states as [TopicState];
  const remaining = new Set(first.members);
  for (let partition = 0; partition < first.partitionCount && remaining.size > 0; partition++) {
    const matching = [...remaining].find((member) =>
      states.every((state) => state.racksMatch(member, partition) && state.maxAssignable(member) > 0),
    );
    if (matching === undefined) continue;
    for (const state of states) state.assign(matching, [partition], assigned);
    if (states.every((state) => state.maxAssignable(matching) === 0)) remaining.delete(matching);
  }
}

class TopicState {
  readonly members: readonly AssignorMember[];
  readonly hasRacks: boolean;
  readonly needsRacks: boolean;
  readonly partitionCount: number;
  readonly unassigned: Set<number>;
  private readonly topic: string;
  private readonly racks: ReadonlyMap<number, readonly string[]>;
  private readonly counts: Map<string, number>;
  private readonly perMember: number;
  private extra: number;

  constructor(topic: string, partitions: readonly AssignablePartition[], members: readonly AssignorMember[]) {
    this.topic = topic;
    this.members = members.filter(({ topics }) => topics.includes(topic)).toSorted(compareMembers);
    this.partitionCount = partitions.length;
    this.unassigned = new Set(partitions.map(({ partition }) => partition));
    this.racks = new Map(partitions.map(({ partition, racks }) => [partition, racks]));
    this.counts = new Map(this.members.map(({ memberId }) => [memberId, 0]));
    const count = this.members.length;
    this.perMember = count === 0 ? 0 : Math.floor(partitions.length / count);
    this.extra = count === 0 ? 0 : partitions.length % count;
    const memberRacks = new Set(this.members.flatMap(({ rack }) => (rack === null || rack === "" ? [] : [rack])));
    this.hasRacks = memberRacks.size > 0;
    this.needsRacks = racksMatter(memberRacks, partitions);
  }

  racksMatch({ rack }: AssignorMember, partition: number): boolean {
    return rack === null || rack === "" || (this.racks.get(partition)?.includes(rack) ?? false);
  }

  maxAssignable({ memberId }: AssignorMember): number {
    return Math.max(0, this.perMember + (this.extra > 0 ? 1 : 0) - this.counts.get(memberId)!);
  }

  assign({ memberId }: AssignorMember, partitions: readonly number[], assigned: Lists): void {
    const count = this.counts.get(memberId)! + partitions.length;
    this.counts.set(memberId, count);
    if (count > this.perMember) this.extra--;
    const list = assigned.get(memberId)!;
    for (const partition of partitions) {
      list.push({ topic: this.topic, partition });
      this.unassigned.delete(partition);
    }
  }
}
