// The uniform assignor when all members subscribe to the same topics (Kafka's UniformHomogeneousAssignmentBuilder).
// Every member gets the floor of partitions over members, some get one more; what a member had stays with it up to that quota.
// Invariant: sizes differ by at most one, and only what is over a quota or without owner moves.

import { assert } from "@ottla/base";
import { ascending } from "../assignment.ts";
import type { Assignment } from "../assignment.ts";
import type { AssigneeSpec } from "./assignor.ts";

interface TopicPartition {
  readonly topicId: string;
  readonly partition: number;
}

interface Unfilled {
  readonly index: number;
  readonly room: number;
}

export function assignEvenly(members: readonly AssigneeSpec[]): Assignment[] {
  const { topics } = members[0]!;
  const owners = new Owners(topics);
  const total = topics.reduce((sum, { partitionCount }) => sum + partitionCount, 0);
  const unassigned = owners.claimAll(members);
  const quota = Math.floor(total / members.length);
  let extras = total % members.length;
  const targets: Assignment[] = [];
  const unfilled: Unfilled[] = [];
  members.forEach((member, index) => {
    const room = extras > 0 ? quota + 1 : quota;
    const kept = keep(member, index, owners, room, unassigned);
    targets.push(kept.assignment);
    let left = room - kept.size;
    let tookExtra = extras > 0;
    // The one more goes to a later member, unless this is among the last who must take it.
    if (left > 0 && tookExtra && members.length - index > extras) {
      left--;
      tookExtra = false;
    }
    if (tookExtra) extras--;
    if (left > 0) unfilled.push({ index, room: left });
  });
  fill(targets, unfilled, unassigned);
  return targets;
}

/** Who had each partition: the first who says so, should a damaged log give it to two. */
class Owners {
  private readonly byTopic = new Map<string, Int32Array>();

  constructor(topics: AssigneeSpec["topics"]) {
    for (const { id, partitionCount } of topics) this.byTopic.set(id, new Int32Array(partitionCount).fill(-1));
  }

  /** Enters what all members had; gives the partitions that nobody had. */
  claimAll(members: readonly AssigneeSpec[]): TopicPartition[] {
    members.forEach(({ previous }, index) => {
      for (const [topicId, partitions] of previous) {
        const owners = this.byTopic.get(topicId);
        if (owners === undefined) continue;
        for (const partition of partitions) {
          if (partition < owners.length && owners[partition] === -1) owners[partition] = index;
        }
      }
    });
    const free: TopicPartition[] = [];
    for (const [topicId, owners] of this.byTopic) {
      for (let partition = 0; partition < owners.length; partition++) {
        if (owners[partition] === -1) free.push({ topicId, partition });
      }
    }
    return free;
  }

  hasAll(index: number, topicId: string, partitions: readonly number[]): boolean {
    const owners = this.byTopic.get(topicId);
    return owners !== undefined && partitions.every((partition) => owners[partition] === index);
  }

  has(index: number, topicId: string, partition: number): boolean {
    return this.byTopic.get(topicId)?.[partition] === index;
  }
}

/** What stays with a member; what is over its room goes to `unassigned`. */
function keep(
  member: AssigneeSpec,
  index: number,
  owners: Owners,
  room: number,
  unassigned: TopicPartition[],
): { assignment: Assignment; size: number } {
  const { previous } = member;
  let kept: Map<string, readonly number[]> | null = null;
  let size = 0;
  for (const [topicId, partitions] of previous) {
    if (size + partitions.length <= room && owners.hasAll(index, topicId, partitions)) {
      size += partitions.length;
      continue;
    }
    const mine = partitions.filter((partition) => owners.has(index, topicId, partition));
    const staying = mine.slice(0, room - size);
    for (const partition of mine.slice(staying.length)) unassigned.push({ topicId, partition });
    size += staying.length;
    kept ??= new Map(previous);
    if (staying.length > 0) kept.set(topicId, staying);
    else kept.delete(topicId);
  }
  return { assignment: kept ?? previous, size };
}

function fill(targets: Assignment[], unfilled: readonly Unfilled[], unassigned: readonly TopicPartition[]): void {
  let next = 0;
  for (const { index, room } of unfilled) {
    const end = Math.min(next + room, unassigned.length);
    if (next === end) return;
    const added = new Map<string, number[]>();
    for (; next < end; next++) {
      const { topicId, partition } = unassigned[next]!;
      const partitions = added.get(topicId);
      if (partitions === undefined) added.set(topicId, [...(targets[index]!.get(topicId) ?? []), partition]);
      else partitions.push(partition);
    }
    const target = new Map(targets[index]);
    for (const [topicId, partitions] of added) target.set(topicId, ascending(partitions));
    targets[index] = target;
  }
  assert(next === unassigned.length, "every partition found a member with room");
}
