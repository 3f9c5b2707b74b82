// A group of the consumer protocol (KIP-848): its members, their targets, the epochs, and who owns each partition.
// Three epochs: the group's grows with each change of members, subscriptions or topics; the assignment's follows when targets are computed;
// each member's follows when it has come to its target. Changed by replay only, but for when its topics are due, which no record has.
// Invariant: a partition has one owner, the one of the greatest member epoch; an assignment that breaks it is a bug and asserted.

import { assert } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { GroupRecord } from "../group-records.ts";
import type { CommitClaim, Group, GroupType, OffsetExpiration } from "../group.ts";
import type { Assignment, OwnedAssignment } from "./assignment.ts";
import { NO_PARTITIONS } from "./assignment.ts";
import { ClassicProtocolCounts } from "./classic-protocol-counts.ts";
import type { ConsumerMember } from "./consumer-member.ts";
import { assignmentEpochOf, isReconciledTo } from "./consumer-member.ts";
import { groupTombstones } from "./consumer-records.ts";
import type { SessionTimer } from "./member-timers.ts";
import { NO_TOPICS_HASH } from "./metadata-hash.ts";
import type { ResolvedPattern } from "./subscriptions.ts";
import { Subscriptions } from "./subscriptions.ts";

/** The protocol type under which consumers know their groups. */
export const CONSUMER_PROTOCOL_TYPE = "consumer";

export class ConsumerGroup implements Group {
  readonly type: GroupType = "consumer";
  readonly groupId: string;
  readonly members = new Map<string, ConsumerMember>();
  /** Member ids by instance id. */
  readonly staticMembers = new Map<string, string>();
  readonly targets = new Map<string, Assignment>();
  readonly resolvedPatterns = new Map<string, ResolvedPattern>();
  readonly subscriptions = new Subscriptions();
  readonly classicProtocols = new ClassicProtocolCounts();

  groupEpoch = 1;
  metadataHash = NO_TOPICS_HASH;
  /** -1 before the first assignment. */
  assignmentEpoch = -1;
  /** When targets were computed last, wall milliseconds; 0 when that is not known. */
  assignmentTimestampMs = 0;
  /** An older coordinator left its record of partition metadata, which the next heartbeat removes. */
  hasPartitionMetadata = false;
  /** The version of the metadata that the patterns were matched against since this shard was loaded, or -1. */
  patternsVersion = -1;

  /** The list of topic names that a member came with last; members with the same names share it. */
  commonTopicNames: readonly string[] = [];
  /** The deadline of each member's session, as member-timers.ts keeps it. */
  readonly sessions = new Map<string, SessionTimer>();
  /** When the topics must be looked at again, monotonic; 0 is now. */
  private topicsDueMs = 0;
  /** The epoch that the last look at the topics made. */
  private topicsEpoch = 0;
  /** Members by the assignor that they ask for. */
  private readonly assignors = new Map<string, number>();
  /** The member epoch of each partition's owner. */
  private readonly partitionEpochs = new Map<string, Map<number, number>>();

  constructor(groupId: string) {
    this.groupId = groupId;
  }

  protocolType(): string {
    return CONSUMER_PROTOCOL_TYPE;
  }

  stateName(): string {
    if (this.members.size === 0) return "Empty";
    if (this.groupEpoch > this.assignmentEpoch) return "Assigning";
    for (const member of this.members.values()) {
      if (!isReconciledTo(member, this.assignmentEpoch)) return "Reconciling";
    }
    return "Stable";
  }

  isEmpty(): boolean {
    return this.members.size === 0;
  }

  memberCount(): number {
    return this.members.size;
  }

  isSubscribedTo(topic: string): boolean {
    return this.subscriptions.hasTopic(topic);
  }

  staticMember(instanceId: string): ConsumerMember | undefined {
    const memberId = this.staticMembers.get(instanceId);
    return memberId === undefined ? undefined : this.members.get(memberId);
  }

  /** What a member shall have; a static member that is about to replace another has the target of that one. */
  targetOf(memberId: string, instanceId: string | null): Assignment {
    const holder = instanceId === null ? memberId : this.staticMembers.get(instanceId);
    return holder === undefined ? NO_PARTITIONS : (this.targets.get(holder) ?? NO_PARTITIONS);
  }

  /** Whether the topics changed, or the epoch that told the members so was never kept. */
  mustLookAtTopics(nowMs: number): boolean {
    return nowMs >= this.topicsDueMs || this.groupEpoch < this.topicsEpoch;
  }

  topicsLookedAt(dueMs: number, groupEpoch: number): void {
    this.topicsDueMs = dueMs;
    this.topicsEpoch = groupEpoch;
  }

  topicsChanged(): void {
    this.topicsDueMs = 0;
  }

  /** The member epoch of a partition's owner, or -1 when it is free. */
  partitionEpoch(topicId: string, partition: number): number {
    return this.partitionEpochs.get(topicId)?.get(partition) ?? -1;
  }

  /** The assignor that most members ask for, once `before` is replaced by `after`; null when none asks. */
  preferredAssignor(before: ConsumerMember | null, after: ConsumerMember | null): string | null {
    let preferred: string | null = null;
    let most = 0;
    const names = new Set(this.assignors.keys());
    if (after !== null && after.serverAssignor !== null) names.add(after.serverAssignor);
    // Of assignors asked for equally often, "uniform" comes before "range".
    for (const name of [...names].sort().reverse()) {
      let count = this.assignors.get(name) ?? 0;
      if (before?.serverAssignor === name) count--;
      if (after?.serverAssignor === name) count++;
      if (count > most) [preferred, most] = [name, count];
    }
    return preferred;
  }

  /** Puts a member in, or in the place of what it was. */
  updateMember(member: ConsumerMember): void {
    const before = this.members.get(member.memberId);
    this.members.set(member.memberId, member);
    if (before === undefined || !countsAlike(before, member)) {
      if (before !== undefined) this.uncount(before);
      this.count(member);
    }
    if (before !== undefined) this.releasePartitions(before);
    this.ownPartitions(member.assigned, member.memberEpoch);
    this.ownPartitions(member.pendingRevocation, member.memberEpoch);
    if (member.instanceId !== null) this.staticMembers.set(member.instanceId, member.memberId);
  }

  removeMember(memberId: string): void {
    const member = this.members.get(memberId);
    if (member === undefined) return;
    this.members.delete(memberId);
    this.sessions.delete(memberId);
    this.uncount(member);
    this.releasePartitions(member);
    if (member.instanceId !== null) this.staticMembers.delete(member.instanceId);
  }

  /** Takes over what a pattern resolved to; null forgets it. */
  setResolvedPattern(pattern: string, resolved: ResolvedPattern | null): void {
    const before = this.resolvedPatterns.get(pattern);
    if (before !== undefined) {
      this.subscriptions.removeResolved(before);
      this.resolvedPatterns.delete(pattern);
    }
    if (resolved === null) return;
    this.resolvedPatterns.set(pattern, resolved);
    this.subscriptions.addResolved(resolved);
  }

  refuseCommit(claim: CommitClaim, commitOf?: { topicId: string; partition: number }): number {
    const { memberId, generationIdOrMemberEpoch: epoch, isTransactional } = claim;
    if (epoch < 0 && this.members.size === 0) return errorCodes.NONE;
    // TxnOffsetCommit need not say who commits.
    if (isTransactional && epoch === -1 && memberId === "" && claim.groupInstanceId === null) return errorCodes.NONE;
    const member = this.members.get(memberId);
    if (member === undefined) return errorCodes.UNKNOWN_MEMBER_ID;
    // Older clients do not know the errors of the protocol.
    if (!isTransactional && member.classic === null && claim.apiVersion < 9) return errorCodes.UNSUPPORTED_VERSION;
    if (epoch === member.memberEpoch) return errorCodes.NONE;
    if (epoch > member.memberEpoch) return staleness(member);
    // An older epoch may still commit what it was assigned (KIP-1251).
    if (commitOf === undefined) return errorCodes.NONE;
    const since = assignmentEpochOf(member, commitOf.topicId, commitOf.partition);
    return since !== null && epoch >= since ? errorCodes.NONE : staleness(member);
  }

  refuseFetch(memberId: string | null, memberEpoch: number): number {
    if (memberId === null && memberEpoch < 0) return errorCodes.NONE;
    const member = memberId === null ? undefined : this.members.get(memberId);
    if (member === undefined) return errorCodes.UNKNOWN_MEMBER_ID;
    return memberEpoch === member.memberEpoch ? errorCodes.NONE : staleness(member);
  }

  refuseOffsetDelete(): number {
    return errorCodes.NONE;
  }

  refuseDelete(): number {
    return this.members.size === 0 ? errorCodes.NONE : errorCodes.NON_EMPTY_GROUP;
  }

  offsetExpiration(): OffsetExpiration | null {
    return AGES_SINCE_COMMIT;
  }

  tombstones(): GroupRecord[] {
    return groupTombstones(this.groupId, [...this.members.keys()], this.resolvedPatterns.keys());
  }

  private count(member: ConsumerMember): void {
    this.subscriptions.addMember(member);
    this.classicProtocols.add(member);
    if (member.serverAssignor === null) return;
    this.assignors.set(member.serverAssignor, (this.assignors.get(member.serverAssignor) ?? 0) + 1);
  }

  private uncount(member: ConsumerMember): void {
    this.subscriptions.removeMember(member);
    this.classicProtocols.remove(member);
    if (member.serverAssignor === null) return;
    const left = this.assignors.get(member.serverAssignor)! - 1;
    if (left > 0) this.assignors.set(member.serverAssignor, left);
    else this.assignors.delete(member.serverAssignor);
  }

  private releasePartitions(member: ConsumerMember): void {
    this.release(member.assigned, member.memberEpoch);
    this.release(member.pendingRevocation, member.memberEpoch);
  }

  // A partition that somebody owns by a greater epoch stays his: his record came before the one that gives it up.
  private release(owned: OwnedAssignment, epoch: number): void {
    for (const [topicId, { partitions }] of owned) {
      const epochs = this.partitionEpochs.get(topicId);
      if (epochs === undefined) continue;
      for (const partition of partitions) if (epochs.get(partition) === epoch) epochs.delete(partition);
      if (epochs.size === 0) this.partitionEpochs.delete(topicId);
    }
  }

  private ownPartitions(owned: OwnedAssignment, epoch: number): void {
    for (const [topicId, { partitions }] of owned) {
      let epochs = this.partitionEpochs.get(topicId);
      if (epochs === undefined) this.partitionEpochs.set(topicId, (epochs = new Map()));
      for (const partition of partitions) {
        const known = epochs.get(partition);
        assert(known === undefined || known < epoch, `partition ${partition} of topic ${topicId} has one owner`);
        epochs.set(partition, epoch);
      }
    }
  }
}

const AGES_SINCE_COMMIT: OffsetExpiration = { baseTimestampMs: (commitTimestampMs) => commitTimestampMs };

// Values are shared between what a member was and is, unless its metadata changed.
function countsAlike(before: ConsumerMember, after: ConsumerMember): boolean {
  return (
    before.topicNames === after.topicNames &&
    before.topicRegex === after.topicRegex &&
    before.serverAssignor === after.serverAssignor &&
    before.classic === after.classic
  );
}

function staleness(member: ConsumerMember): number {
  return member.classic === null ? errorCodes.STALE_MEMBER_EPOCH : errorCodes.ILLEGAL_GENERATION;
}
