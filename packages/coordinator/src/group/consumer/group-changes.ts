// What a request of a member changes in its group, step by step: what it subscribes to, the group's epoch, the targets, the member's own
// assignment; and what goes when members are fenced. Shared by the heartbeat and by classic members that join (GroupMetadataManager in Kafka 4.3).
// Every step only adds records; the group changes when they are replayed. Deadlines, and when topics are due, change at once.

import type { Now } from "../../runtime/outcome.ts";
import type { GroupContext } from "../group-context.ts";
import type { GroupRecord } from "../group-records.ts";
import type { Assignment } from "./assignment.ts";
import { isSameList } from "./assignment.ts";
import type { ConsumerGroup } from "./consumer-group.ts";
import type { ConsumerMember } from "./consumer-member.ts";
import { isReconciledTo, isSameMetadata, isSameProgress, memberStates } from "./consumer-member.ts";
import {
  currentAssignmentRecord,
  groupEpochRecord,
  memberMetadataRecord,
  memberTombstones,
  partitionMetadataTombstone,
} from "./consumer-records.ts";
import type { ReportedPartitions } from "./current-assignment.ts";
import { reconcile } from "./current-assignment.ts";
import type { MemberTimers } from "./member-timers.ts";
import type { MetadataHashes } from "./metadata-hash.ts";
import { forgetPatterns, METADATA_REFRESH_INTERVAL_MS } from "./pattern-subscriptions.ts";
import type { PatternSubscriptions } from "./pattern-subscriptions.ts";
import { Refusal } from "./refusal.ts";
import { Subscriptions } from "./subscriptions.ts";
import { assignors, computeTargets } from "./target-assignment.ts";

/** A member as it was and as it will be, while its records are being gathered. */
export interface MemberChange {
  readonly group: ConsumerGroup;
  /** New members, and those that take a static member's place, are here as they began. */
  readonly before: ConsumerMember;
  readonly after: ConsumerMember;
  readonly records: GroupRecord[];
  readonly now: Now;
}

export interface GroupStand {
  readonly groupEpoch: number;
  /** Whether all members subscribe to the same topics; null when that is as the group has it. */
  readonly homogeneous: boolean | null;
  /** The member subscribes to other topics or another pattern than before. */
  readonly subscriptionChanged: boolean;
}

export interface Target {
  readonly epoch: number;
  readonly assignment: Assignment;
}

export class GroupChanges {
  private readonly context: GroupContext;
  private readonly hashes: MetadataHashes;
  private readonly patterns: PatternSubscriptions;

  constructor(context: GroupContext, hashes: MetadataHashes, patterns: PatternSubscriptions) {
    this.context = context;
    this.hashes = hashes;
    this.patterns = patterns;
  }

  /** Writes the member if it changed, and a new epoch of the group if what is subscribed to did. */
  subscribe(change: MemberChange, options: { bumpForUnresolvedPattern: boolean }): GroupStand | Refusal {
    const { group, before, after, records, now } = change;
    let namesChanged = false;
    if (!isSameMetadata(before, after)) {
      records.push(memberMetadataRecord(group.groupId, after));
      namesChanged = !isSameList(before.topicNames, after.topicNames);
    }
    const pattern = this.patterns.update(change, records, now);
    if (pattern instanceof Refusal) return pattern;
    const patternBumps =
      pattern === "changedAndResolved" || (pattern === "changed" && options.bumpForUnresolvedPattern);
    const bump = namesChanged || patternBumps;
    const subscriptionChanged = namesChanged || pattern !== "none";
    if (bump || group.mustLookAtTopics(now.monotonicMs)) {
      return { ...this.updateEpoch(change, bump), subscriptionChanged };
    }
    return { groupEpoch: group.groupEpoch, homogeneous: null, subscriptionChanged };
  }

  private updateEpoch(
    { group, before, after, records, now }: MemberChange,
    bump: boolean,
  ): { groupEpoch: number; homogeneous: boolean } {
    const { groupId } = group;
    const subscriptions = subscriptionsAfter(group, before, after);
    const hash = this.hashes.ofGroup(subscriptions.topicNames(), this.context.topics());
    let { groupEpoch } = group;
    if (bump || hash !== group.metadataHash) {
      groupEpoch++;
      records.push(groupEpochRecord(groupId, groupEpoch, hash));
      this.context.counters.consumerGroupRebalances++;
      this.context.logger.info({ groupId, groupEpoch }, "the epoch of a consumer group grows");
    }
    group.topicsLookedAt(now.monotonicMs + METADATA_REFRESH_INTERVAL_MS, groupEpoch);
    if (group.hasPartitionMetadata) records.push(partitionMetadataTombstone(groupId));
    const isKnown = group.members.has(after.memberId) || hasStaticMember(group, after);
    const memberCount = group.members.size + (isKnown ? 0 : 1);
    return { groupEpoch, homogeneous: subscriptions.isHomogeneous(memberCount) };
  }

  /** The member's target; computes the targets of all when the group's epoch is ahead and the last time is long enough ago. */
  updateTarget({ group, before, after, records, now }: MemberChange, stand: GroupStand): Target {
    const { groupEpoch } = stand;
    const config = this.context.config();
    if (
      group.assignmentEpoch >= groupEpoch ||
      !mayAssign(group, config.consumerGroupAssignmentIntervalMs(group.groupId), now)
    ) {
      return { epoch: group.assignmentEpoch, assignment: group.targetOf(after.memberId, after.instanceId) };
    }
    const preferred = group.preferredAssignor(before, after);
    // A log may name an assignor that this broker has not.
    const assignor =
      (preferred === null ? undefined : assignors.get(preferred)) ?? assignors.get(config.consumerGroupAssignors[0]!)!;
    const topics = this.context.topics();
    const homogeneous = stand.homogeneous ?? group.subscriptions.isHomogeneous(group.members.size);
    const input = { group, groupEpoch, updated: after, homogeneous, assignor, topics, wallMs: now.wallMs };
    return { epoch: groupEpoch, assignment: computeTargets(input, records) };
  }

  /** Takes the member one step towards its target. */
  reconcile(
    { group, after, records, now }: MemberChange,
    {
      target,
      subscriptionChanged,
      reported,
      timers,
    }: {
      target: Target;
      subscriptionChanged: boolean;
      reported: readonly ReportedPartitions[] | null;
      timers: MemberTimers;
    },
  ): ConsumerMember | Refusal {
    if (!subscriptionChanged && isReconciledTo(after, target.epoch)) return after;
    const reconciled = reconcile(after, {
      topics: this.context.topics(),
      targetEpoch: target.epoch,
      target: target.assignment,
      subscriptionChanged,
      resolvedPatterns: group.resolvedPatterns,
      partitionEpoch: (topicId, partition) => group.partitionEpoch(topicId, partition),
      reported,
    });
    if (reconciled instanceof Refusal) return reconciled;
    if (reconciled === after || isSameProgress(reconciled, after)) return after;
    records.push(currentAssignmentRecord(group.groupId, reconciled));
    // Members of the classic protocol have the deadlines of join and sync instead.
    if (reconciled.classic === null) {
      if (reconciled.state === memberStates.UNREVOKED_PARTITIONS) timers.rebalance(group.groupId, reconciled, now);
      else timers.cancelRebalance(group.groupId, reconciled.memberId);
    }
    return reconciled;
  }

  /** The records that take members out of their group. */
  remove(group: ConsumerGroup, members: readonly ConsumerMember[]): GroupRecord[] {
    const { groupId } = group;
    const records: GroupRecord[] = [];
    for (const { memberId } of members) records.push(...memberTombstones(groupId, memberId));
    const subscriptions = new Subscriptions(group.subscriptions);
    for (const member of members) subscriptions.removeMember(member);
    for (const pattern of forgetPatterns(group, members, records)) {
      const resolved = group.resolvedPatterns.get(pattern);
      if (resolved !== undefined) subscriptions.removeResolved(resolved);
    }
    const hash = this.hashes.ofGroup(subscriptions.topicNames(), this.context.topics());
    records.push(groupEpochRecord(groupId, group.groupEpoch + 1, hash));
    return records;
  }
}

function subscriptionsAfter(group: ConsumerGroup, before: ConsumerMember, after: ConsumerMember): Subscriptions {
  const subscriptions = new Subscriptions(group.subscriptions);
  const wasLast = before.topicRegex !== "" && subscriptions.subscribersOf(before.topicRegex) === 1;
  subscriptions.removeMember(before);
  subscriptions.addMember(after);
  if (wasLast && before.topicRegex !== after.topicRegex) {
    const resolved = group.resolvedPatterns.get(before.topicRegex);
    if (resolved !== undefined) subscriptions.removeResolved(resolved);
  }
  return subscriptions;
}

function hasStaticMember(group: ConsumerGroup, { instanceId }: ConsumerMember): boolean {
  return instanceId !== null && group.staticMembers.has(instanceId);
}

// Without an assignment, or when its time is not known, there is nothing to wait for. An interval of 0 also heals a clock that was set back.
function mayAssign({ assignmentTimestampMs }: ConsumerGroup, intervalMs: number, { wallMs }: Now): boolean {
  if (assignmentTimestampMs === 0 || intervalMs === 0) return true;
  return wallMs >= assignmentTimestampMs + intervalMs;
}
