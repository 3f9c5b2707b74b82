// One step of a member towards its target: what it keeps, what it must give up, what it gets now (Kafka's CurrentAssignmentBuilder).
//
//   Stable ──────────────► UnrevokedPartitions   the target takes partitions away that the member has not given up
//   Stable ──────────────► UnreleasedPartitions  it is at the target's epoch, some partitions are still another's
//   UnrevokedPartitions ─► any                   once the member reports none of them any more
//   UnreleasedPartitions ► any                   at each heartbeat: a partition may have become free, the target may be a newer one
//   Unknown ─────────────► fenced, or any once the member reports that it has nothing
//
// Invariant: a member's epoch moves on only when it has given up all that the target does not have, so no partition has two owners.

import { unreachable } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { TopicsView } from "../topics-view.ts";
import type { Assignment, OwnedAssignment, OwnedPartitions } from "./assignment.ts";
import { indexInAscending, OWNS_NOTHING } from "./assignment.ts";
import type { ConsumerMember, MemberState } from "./consumer-member.ts";
import { memberStates } from "./consumer-member.ts";
import { Refusal } from "./refusal.ts";
import type { ResolvedPattern } from "./subscriptions.ts";

export interface ReportedPartitions {
  readonly topicId: string;
  readonly partitions: readonly number[];
}

export interface ReconcileInput {
  readonly topics: TopicsView;
  readonly targetEpoch: number;
  readonly target: Assignment;
  /** The member changed its subscription with this request: topics that it left must go at once. */
  readonly subscriptionChanged: boolean;
  readonly resolvedPatterns: ReadonlyMap<string, ResolvedPattern>;
  /** The member epoch of a partition's owner, or -1. */
  partitionEpoch(topicId: string, partition: number): number;
  /** What the member says that it has; null when it does not say. */
  readonly reported: readonly ReportedPartitions[] | null;
}

/** The member after the step; the very same when nothing changes. */
export function reconcile(member: ConsumerMember, input: ReconcileInput): ConsumerMember | Refusal {
  switch (member.state) {
    case memberStates.STABLE:
      if (member.memberEpoch !== input.targetEpoch) return nextAssignment(member, input, member.memberEpoch);
      return input.subscriptionChanged ? withoutLeftTopics(member, input) : member;
    case memberStates.UNREVOKED_PARTITIONS:
      if (!stillHas(input.reported, member.pendingRevocation)) return nextAssignment(member, input, member.memberEpoch);
      return input.subscriptionChanged ? withoutLeftTopics(member, input) : member;
    case memberStates.UNRELEASED_PARTITIONS:
      return nextAssignment(member, input, member.memberEpoch);
    case memberStates.UNKNOWN:
      if (input.reported === null || input.reported.length > 0) return UNKNOWN_STATE;
      return nextAssignment(member, input, input.targetEpoch);
    default:
      return unreachable(member.state);
  }
}

const UNKNOWN_STATE = new Refusal(
  errorCodes.FENCED_MEMBER_EPOCH,
  "The consumer group member is in a unknown state. The member must abandon all its partitions and rejoin.",
);

/** Whether the member still has, or may have, one of the partitions that it must give up. */
function stillHas(reported: readonly ReportedPartitions[] | null, pending: OwnedAssignment): boolean {
  if (reported === null) return true;
  for (const { topicId, partitions } of reported) {
    const topic = pending.get(topicId);
    if (topic === undefined) continue;
    for (const partition of partitions) if (indexInAscending(topic.partitions, partition) >= 0) return true;
  }
  return false;
}

/** Takes the topics away that the member no longer subscribes to, and does nothing else. */
function withoutLeftTopics(member: ConsumerMember, input: ReconcileInput): ConsumerMember {
  let assigned: Map<string, OwnedPartitions> | null = null;
  const pending = new Map(member.pendingRevocation);
  for (const [topicId, partitions] of member.assigned) {
    if (isSubscribed(member, input, topicId)) continue;
    assigned ??= new Map(member.assigned);
    assigned.delete(topicId);
    const known = pending.get(topicId);
    pending.set(topicId, known === undefined ? partitions : union(known, partitions));
  }
  if (assigned === null) return member;
  const previousMemberEpoch = member.memberEpoch;
  if (!stillHas(input.reported, pending)) return { ...member, previousMemberEpoch, assigned };
  const state = memberStates.UNREVOKED_PARTITIONS;
  return { ...member, state, previousMemberEpoch, assigned, pendingRevocation: pending };
}

function nextAssignment(member: ConsumerMember, input: ReconcileInput, memberEpoch: number): ConsumerMember {
  const parts = new AssignmentParts();
  for (const [topicId, partitions] of member.assigned) {
    const target = isSubscribed(member, input, topicId) ? (input.target.get(topicId) ?? NONE) : NONE;
    parts.addOwned(topicId, partitions, target);
  }
  for (const [topicId, target] of input.target) {
    if (isSubscribed(member, input, topicId)) parts.addTarget(member, input, topicId, target);
  }
  const previousMemberEpoch = member.memberEpoch;
  if (stillHas(input.reported, parts.revoked) && parts.revoked.size > 0) {
    const state = memberStates.UNREVOKED_PARTITIONS;
    const { kept: assigned, revoked: pendingRevocation } = parts;
    return { ...member, state, memberEpoch, previousMemberEpoch, assigned, pendingRevocation };
  }
  const state: MemberState = parts.unreleased ? memberStates.UNRELEASED_PARTITIONS : memberStates.STABLE;
  const assigned = parts.withAdded(input.targetEpoch);
  const pendingRevocation = OWNS_NOTHING;
  return { ...member, state, memberEpoch: input.targetEpoch, previousMemberEpoch, assigned, pendingRevocation };
}

const NONE: readonly number[] = [];

/** A member's assignment taken apart against its target. */
class AssignmentParts {
  /** What the member has and shall have. */
  readonly kept = new Map<string, OwnedPartitions>();
  /** What it has and shall not have. */
  readonly revoked = new Map<string, OwnedPartitions>();
  /** What it shall have and can get now. */
  private readonly added = new Map<string, number[]>();
  /** Whether there is something that it shall have and cannot get yet. */
  unreleased = false;

  addOwned(topicId: string, owned: OwnedPartitions, target: readonly number[]): void {
    if (isSubsetOf(owned.partitions, target)) {
      this.kept.set(topicId, owned);
      return;
    }
    const [kept, revoked] = split(owned, target);
    if (kept.partitions.length > 0) this.kept.set(topicId, kept);
    this.revoked.set(topicId, revoked);
  }

  addTarget(member: ConsumerMember, input: ReconcileInput, topicId: string, target: readonly number[]): void {
    const kept = this.kept.get(topicId)?.partitions ?? NONE;
    if (kept.length === target.length) return;
    // What the member itself is giving up is no obstacle: nobody else can have it.
    const pending = member.pendingRevocation.get(topicId)?.partitions ?? NONE;
    const free: number[] = [];
    for (const partition of target) {
      if (indexInAscending(kept, partition) >= 0) continue;
      if (input.partitionEpoch(topicId, partition) !== -1 && indexInAscending(pending, partition) < 0) {
        this.unreleased = true;
      } else {
        free.push(partition);
      }
    }
    if (free.length > 0) this.added.set(topicId, free);
  }

  withAdded(epoch: number): OwnedAssignment {
    for (const [topicId, partitions] of this.added) {
      const added = { partitions, epochs: partitions.map(() => epoch) };
      const kept = this.kept.get(topicId);
      this.kept.set(topicId, kept === undefined ? added : union(kept, added));
    }
    return this.kept;
  }
}

function isSubsetOf(partitions: readonly number[], target: readonly number[]): boolean {
  if (partitions.length > target.length) return false;
  for (const partition of partitions) if (indexInAscending(target, partition) < 0) return false;
  return true;
}

/** The partitions that are in `target`, and the others. */
function split(owned: OwnedPartitions, target: readonly number[]): [OwnedPartitions, OwnedPartitions] {
  const kept = { partitions: [] as number[], epochs: [] as number[] };
  const others = { partitions: [] as number[], epochs: [] as number[] };
  owned.partitions.forEach((partition, index) => {
    const part = indexInAscending(target, partition) >= 0 ? kept : others;
    part.partitions.push(partition);
    part.epochs.push(owned.epochs[index]!);
  });
  return [kept, others];
}

/** Of two with a partition in common, `second` decides its epoch. */
function union(first: OwnedPartitions, second: OwnedPartitions): OwnedPartitions {
  const partitions: number[] = [];
  const epochs: number[] = [];
  let [left, right] = [0, 0];
  while (left < first.partitions.length || right < second.partitions.length) {
    const leftPartition = first.partitions[left] ?? Infinity;
    const rightPartition = second.partitions[right] ?? Infinity;
    if (leftPartition < rightPartition) {
      partitions.push(leftPartition);
      epochs.push(first.epochs[left++]!);
      continue;
    }
    partitions.push(rightPartition);
    epochs.push(second.epochs[right++]!);
    if (leftPartition === rightPartition) left++;
  }
  return { partitions, epochs };
}

// A pattern that has not been resolved matches nothing yet.
function isSubscribed(member: ConsumerMember, input: ReconcileInput, topicId: string): boolean {
  const name = input.topics.topicById(topicId)?.name;
  if (name === undefined) return false;
  if (indexInAscending(member.topicNames, name) >= 0) return true;
  if (member.topicRegex === "") return false;
  const resolved = input.resolvedPatterns.get(member.topicRegex);
  return resolved !== undefined && indexInAscending(resolved.topics, name) >= 0;
}
