// How a classic group comes from one generation to the next: preparing (members join), completing (the leader assigns), Stable.
// Everything that may begin, extend, finish or break off a rebalance ends here, and so do its three timers:
//   join   how long is waited for members (rebalance timeout; for a new group the initial rebalance delay, KIP-134)
//   sync   how long is waited for SyncGroup after JoinGroup was answered (rebalance timeout)
//   session of each member, in member-sessions.ts
// Invariant: whoever waits with JoinGroup or SyncGroup is answered when its member is gone or the phase is over.

import { errorCodes } from "@ottla/protocol";
import type { JoinGroupResponse } from "@ottla/protocol/messages/11-join-group.ts";
import { NOTHING } from "../../runtime/outcome.ts";
import type { Now, Outcome } from "../../runtime/outcome.ts";
import type { GroupContext } from "../group-context.ts";
import type { GroupRecord } from "../group-records.ts";
import { syncAccepted, syncRefused } from "./answers.ts";
import { ClassicGroup } from "./classic-group.ts";
import { Effects } from "./effects.ts";
import { groupMetadataRecord, sizeOfRecord } from "./group-metadata-record.ts";
import { EMPTY_ASSIGNMENT } from "./member.ts";
import type { ClassicMember } from "./member.ts";
import type { MemberSessions } from "./member-sessions.ts";

export class Rebalances {
  private readonly context: GroupContext;
  private readonly sessions: MemberSessions;

  constructor(context: GroupContext, sessions: MemberSessions) {
    this.context = context;
    this.sessions = sessions;
  }

  /** Something changed that needs a new generation: begins one, or goes on with the one that is being prepared. */
  prepareOrComplete(group: ClassicGroup, effects: Effects, now: Now, reason: string): void {
    if (group.state === "PreparingRebalance") this.completeJoinIfReady(group, effects, now);
    else this.prepare(group, effects, now, reason);
  }

  /** Begins a rebalance: members must join again, those that wait with SyncGroup are told. */
  prepare(group: ClassicGroup, effects: Effects, now: Now, reason: string): void {
    if (group.state === "CompletingRebalance") this.cancelSyncs(group, errorCodes.REBALANCE_IN_PROGRESS, effects, now);
    this.cancelSyncDeadline(group);
    const isInitial = group.state === "Empty";
    group.transitionTo("PreparingRebalance", now);
    this.context.logger.info(
      { group: group.groupId, generation: group.generationId, members: group.members.size, reason },
      "group prepares a rebalance",
    );
    if (isInitial) this.delayInitialRebalance(group, now);
    else if (group.hasAllMembersJoined) this.completeJoin(group, effects, now);
    else this.awaitJoins(group, now, group.rebalanceTimeoutMs());
  }

  /** Ends the join phase as soon as all have joined; that of a new group only when its delay is over. */
  completeJoinIfReady(group: ClassicGroup, effects: Effects, now: Now): void {
    if (group.state !== "PreparingRebalance" || group.previousState === "Empty") return;
    if (group.hasAllMembersJoined) this.completeJoin(group, effects, now);
  }

  /** Ends the join phase: without the dynamic members that did not join, with static ones in any case. */
  completeJoin(group: ClassicGroup, effects: Effects, now: Now): void {
    this.context.deadlines.cancel(joinKey(group.groupId));
    for (const member of group.members.values()) {
      if (member.awaitingJoin !== null || member.groupInstanceId !== null) continue;
      group.remove(member.memberId);
      this.sessions.cancel(group.groupId, member.memberId);
    }
    if (!electJoinedLeader(group) && group.members.size > 0) {
      // Only static members are left and none is here: wait until their sessions end or one comes back.
      this.awaitJoins(group, now, group.rebalanceTimeoutMs());
      return;
    }
    group.beginGeneration(now);
    const { groupId, generationId, members } = group;
    this.context.logger.info(
      { group: groupId, generation: generationId, members: members.size },
      "group has a new generation",
    );
    if (group.state === "Empty") {
      effects.records.push(groupMetadataRecord(group));
      return;
    }
    for (const member of group.members.values()) this.letIn(group, member, effects, now);
    this.awaitSyncs(group, now);
  }

  /** The leader's assignment: kept, handed to all who wait for it, and the group is Stable. */
  assign(group: ClassicGroup, assignments: ReadonlyMap<string, Buffer>, effects: Effects, now: Now): void {
    for (const member of group.members.values()) {
      const assignment = assignments.get(member.memberId);
      member.assignment = assignment === undefined ? EMPTY_ASSIGNMENT : Buffer.from(assignment);
    }
    const record = groupMetadataRecord(group);
    if (!this.fits(record)) {
      this.cancelSyncs(group, errorCodes.UNKNOWN_SERVER_ERROR, effects, now);
      this.prepareOrComplete(group, effects, now, "the group with its assignment is too large to be kept");
      return;
    }
    effects.records.push(record);
    for (const member of group.members.values()) {
      if (group.answerSync(member, syncAnswerOf(group, member), effects)) {
        this.sessions.extend(group.groupId, member, now);
      }
    }
    group.transitionTo("Stable", now);
    this.context.counters.completedRebalances++;
  }

  /** Whether a group's record can be appended at all. */
  fits(record: ReturnType<typeof groupMetadataRecord>): boolean {
    return sizeOfRecord(record) <= this.context.config().groupMaxRecordBytes;
  }

  /** The member sent its SyncGroup. */
  syncReceived(group: ClassicGroup, member: ClassicMember): void {
    group.setPendingSync(member, false);
    if (group.hasAllSyncs) this.context.deadlines.cancel(syncKey(group.groupId));
  }

  /** A member is no more: answers what it waits for and rebalances without it. */
  removeMember(group: ClassicGroup, member: ClassicMember, effects: Effects, now: Now, reason: string): void {
    this.forget(group, member, effects);
    if (group.state === "Stable" || group.state === "CompletingRebalance") this.prepare(group, effects, now, reason);
    else this.completeIfNobodyIsMissing(group, effects, now);
  }

  /** Takes a member out and answers what it waits for; the caller rebalances. */
  forget(group: ClassicGroup, member: ClassicMember, effects: Effects): void {
    // Without its old id, so that a client that is still there joins anew.
    group.refuseWaiting(member, errorCodes.UNKNOWN_MEMBER_ID, effects, "");
    group.remove(member.memberId);
    this.sessions.cancel(group.groupId, member.memberId);
  }

  /** Someone who was given a member id and never joined is no more. */
  removePending(group: ClassicGroup, memberId: string, effects: Effects, now: Now): void {
    group.remove(memberId);
    this.completeIfNobodyIsMissing(group, effects, now);
  }

  // Unlike completeJoinIfReady this does not spare the initial delay (as removeMemberAndUpdateClassicGroup in Kafka).
  private completeIfNobodyIsMissing(group: ClassicGroup, effects: Effects, now: Now): void {
    if (group.state === "PreparingRebalance" && group.hasAllMembersJoined) this.completeJoin(group, effects, now);
  }

  private letIn(group: ClassicGroup, member: ClassicMember, effects: Effects, now: Now): void {
    group.answerJoin(member, currentGeneration(group, member.memberId), effects);
    this.sessions.extend(group.groupId, member, now);
    member.isNew = false;
    group.setPendingSync(member, true);
  }

  private cancelSyncs(group: ClassicGroup, errorCode: number, effects: Effects, now: Now): void {
    for (const member of group.members.values()) {
      member.assignment = EMPTY_ASSIGNMENT;
      if (group.answerSync(member, syncRefused(errorCode), effects)) this.sessions.extend(group.groupId, member, now);
    }
  }

  private cancelSyncDeadline(group: ClassicGroup): void {
    group.clearPendingSyncs();
    this.context.deadlines.cancel(syncKey(group.groupId));
  }

  private delayInitialRebalance(group: ClassicGroup, now: Now): void {
    const delayMs = this.context.config().groupInitialRebalanceDelayMs;
    const remainingMs = Math.max(group.rebalanceTimeoutMs() - delayMs, 0);
    this.awaitFirstJoins(group.groupId, { delayMs, remainingMs }, now);
  }

  private awaitFirstJoins(groupId: string, delay: { delayMs: number; remainingMs: number }, now: Now): void {
    this.context.deadlines.set(joinKey(groupId), now.monotonicMs + delay.delayMs, (later) =>
      this.extendInitialRebalance(groupId, delay, later),
    );
  }

  // As long as members keep coming, and no longer than the rebalance timeout, one more delay is waited.
  private extendInitialRebalance(
    groupId: string,
    { delayMs, remainingMs }: { delayMs: number; remainingMs: number },
    now: Now,
  ): Outcome<GroupRecord> {
    const group = this.classicGroup(groupId);
    if (group === null) return NOTHING;
    if (!group.newMemberAdded || remainingMs === 0) return this.joinTimeIsUp(groupId, now);
    group.newMemberAdded = false;
    const next = {
      delayMs: Math.min(this.context.config().groupInitialRebalanceDelayMs, remainingMs),
      remainingMs: Math.max(remainingMs - delayMs, 0),
    };
    this.awaitFirstJoins(groupId, next, now);
    return NOTHING;
  }

  private awaitJoins(group: ClassicGroup, now: Now, timeoutMs: number): void {
    const { groupId } = group;
    this.context.deadlines.set(joinKey(groupId), now.monotonicMs + timeoutMs, (later) =>
      this.joinTimeIsUp(groupId, later),
    );
  }

  private joinTimeIsUp(groupId: string, now: Now): Outcome<GroupRecord> {
    const group = this.classicGroup(groupId);
    if (group === null || group.state !== "PreparingRebalance") return NOTHING;
    const effects = new Effects();
    this.completeJoin(group, effects, now);
    return effects;
  }

  private awaitSyncs(group: ClassicGroup, now: Now): void {
    const { groupId, generationId } = group;
    this.context.deadlines.set(syncKey(groupId), now.monotonicMs + group.rebalanceTimeoutMs(), (later) =>
      this.syncTimeIsUp(groupId, generationId, later),
    );
  }

  private syncTimeIsUp(groupId: string, generationId: number, now: Now): Outcome<GroupRecord> {
    const group = this.classicGroup(groupId);
    if (group === null || group.generationId !== generationId || group.hasAllSyncs) return NOTHING;
    if (group.state !== "CompletingRebalance" && group.state !== "Stable") return NOTHING;
    const effects = new Effects();
    for (const member of group.members.values()) if (member.pendingSync) this.forget(group, member, effects);
    this.prepare(group, effects, now, "members did not send SyncGroup in time");
    return effects;
  }

  private classicGroup(groupId: string): ClassicGroup | null {
    const group = this.context.groups.get(groupId);
    return group instanceof ClassicGroup ? group : null;
  }
}

/** A JoinGroup answer that lets a member into the generation as it is; only the leader gets the members. */
export function currentGeneration(group: ClassicGroup, memberId: string): JoinGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode: errorCodes.NONE,
    generationId: group.generationId,
    protocolType: group.memberProtocolType,
    protocolName: group.protocolName,
    leader: group.leaderId ?? "",
    skipAssignment: false,
    memberId,
    members: group.isLeader(memberId) ? membersForLeader(group) : [],
  };
}

export function syncAnswerOf(group: ClassicGroup, { assignment }: ClassicMember): ReturnType<typeof syncAccepted> {
  return syncAccepted({ protocolType: group.memberProtocolType, protocolName: group.protocolName, assignment });
}

function membersForLeader(group: ClassicGroup): JoinGroupResponse["members"] {
  const members: JoinGroupResponse["members"] = [];
  for (const member of group.members.values()) {
    const metadata = member.metadataFor(group.protocolName) ?? EMPTY_ASSIGNMENT;
    members.push({ memberId: member.memberId, groupInstanceId: member.groupInstanceId, metadata });
  }
  return members;
}

// The leader must be one who is here; false when nobody is.
function electJoinedLeader(group: ClassicGroup): boolean {
  const leader = group.leaderId === null ? undefined : group.members.get(group.leaderId);
  if (leader !== undefined && leader.awaitingJoin !== null) return true;
  for (const member of group.members.values()) {
    if (member.awaitingJoin === null) continue;
    group.leaderId = member.memberId;
    return true;
  }
  return false;
}

function joinKey(groupId: string): string {
  return `classic-join/${groupId}`;
}

function syncKey(groupId: string): string {
  return `classic-sync/${groupId}`;
}
