// The classic groups of one shard (the classicGroup* methods of Kafka's GroupMetadataManager): JoinGroup, SyncGroup, Heartbeat, LeaveGroup,
// their record, and what DescribeGroups tells. A command changes groups at once and its records are marked as applied.
// Not here: classic requests to groups of the consumer protocol (KIP-848), whose part is asked first; checks of a request by itself,
// such as an empty group id, which by-version.ts does.

import { errorCodes } from "@ottla/protocol";
import type { GroupMetadataKey, GroupMetadataValue } from "@ottla/protocol/coordinator-records/group-metadata.ts";
import type { JoinGroupRequest, JoinGroupResponse } from "@ottla/protocol/messages/11-join-group.ts";
import type { HeartbeatRequest, HeartbeatResponse } from "@ottla/protocol/messages/12-heartbeat.ts";
import type { LeaveGroupRequest, LeaveGroupResponse } from "@ottla/protocol/messages/13-leave-group.ts";
import type { SyncGroupRequest, SyncGroupResponse } from "@ottla/protocol/messages/14-sync-group.ts";
import type { DescribeGroupsResponse } from "@ottla/protocol/messages/15-describe-groups.ts";
import { answered, NOTHING } from "../../runtime/outcome.ts";
import type { Now, Outcome, Pending, RequestClient } from "../../runtime/outcome.ts";
import type { GroupContext } from "../group-context.ts";
import type { GroupRecord } from "../group-records.ts";
import { heartbeatAnswer, syncRefused } from "./answers.ts";
import { ClassicGroup } from "./classic-group.ts";
import { Effects } from "./effects.ts";
import { groupOfRecord } from "./group-metadata-record.ts";
import { Joins } from "./joins.ts";
import { EMPTY_ASSIGNMENT } from "./member.ts";
import { MemberSessions } from "./member-sessions.ts";
import { Rebalances, syncAnswerOf } from "./rebalances.ts";
import { DEAD } from "./states.ts";

export type DescribedGroup = DescribeGroupsResponse["groups"][number];
type LeaveAnswer = LeaveGroupResponse["members"][number];

export class ClassicGroups {
  readonly sessions: MemberSessions;
  readonly rebalances: Rebalances;
  private readonly context: GroupContext;
  private readonly joins: Joins;

  constructor(context: GroupContext) {
    this.context = context;
    this.sessions = new MemberSessions(context.deadlines, (groupId, memberId, now) =>
      this.sessionExpired(groupId, memberId, now),
    );
    this.rebalances = new Rebalances(context, this.sessions);
    this.joins = new Joins({ context, sessions: this.sessions, rebalances: this.rebalances });
  }

  /** JoinGroup. `request` as `normalizedJoin` makes it. Answered when the generation forms. */
  join(
    request: JoinGroupRequest,
    client: RequestClient,
    pending: Pending<JoinGroupResponse>,
    now: Now,
  ): Outcome<GroupRecord> {
    return this.joins.join(request, client, pending, now);
  }

  /** SyncGroup. The leader's brings the assignment; the others wait for it. */
  sync(request: SyncGroupRequest, pending: Pending<SyncGroupResponse>, now: Now): Outcome<GroupRecord> {
    const group = this.find(request.groupId);
    const errorCode = group === null ? errorCodes.UNKNOWN_MEMBER_ID : refuseSync(group, request);
    if (group === null || errorCode !== errorCodes.NONE) return answered(pending, syncRefused(errorCode));
    const member = group.members.get(request.memberId)!;
    this.rebalances.syncReceived(group, member);
    if (group.state === "Stable") return answered(pending, syncAnswerOf(group, member));
    const effects = new Effects();
    // Kafka forgets a SyncGroup that still waits when the member sends another; here each is answered.
    group.answerSync(member, syncRefused(errorCodes.REBALANCE_IN_PROGRESS), effects);
    member.awaitingSync = pending;
    if (group.isLeader(member.memberId)) {
      const assignments = new Map(request.assignments.map(({ memberId, assignment }) => [memberId, assignment]));
      this.rebalances.assign(group, assignments, effects, now);
    }
    return effects;
  }

  heartbeat(request: HeartbeatRequest, pending: Pending<HeartbeatResponse>, now: Now): Outcome<GroupRecord> {
    return answered(pending, heartbeatAnswer(this.heartbeatErrorCode(request, now)));
  }

  /** LeaveGroup. `request` as `normalizedLeave` makes it. */
  leave(request: LeaveGroupRequest, pending: Pending<LeaveGroupResponse>, now: Now): Outcome<GroupRecord> {
    const group = this.find(request.groupId);
    const effects = new Effects();
    const members = request.members.map(({ memberId, groupInstanceId }): LeaveAnswer => {
      const errorCode =
        group === null ? errorCodes.UNKNOWN_MEMBER_ID : this.leaveOne(group, memberId, groupInstanceId, effects);
      return { memberId, groupInstanceId, errorCode };
    });
    if (group !== null && group.state !== "Empty" && members.some(({ errorCode }) => errorCode === errorCodes.NONE)) {
      this.rebalances.prepareOrComplete(group, effects, now, "members left");
    }
    effects.answer(pending, { throttleTimeMs: 0, errorCode: errorCodes.NONE, members });
    return effects;
  }

  /** What DescribeGroups tells of a group. One that is not classic is answered as one that does not exist; since version 6 with an error. */
  describe(groupId: string, apiVersion: number): DescribedGroup {
    const group = this.find(groupId);
    if (group === null) return describedAsDead(groupId, apiVersion, this.context.groups.has(groupId));
    const isStable = group.state === "Stable";
    return {
      errorCode: errorCodes.NONE,
      errorMessage: null,
      groupId,
      groupState: group.state,
      protocolType: group.protocolType(),
      protocolData: isStable ? (group.protocolName ?? "") : "",
      members: [...group.members.values()].map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        memberMetadata: (isStable ? member.metadataFor(group.protocolName) : null) ?? EMPTY_ASSIGNMENT,
        memberAssignment: member.assignment,
      })),
      authorizedOperations: AUTHORIZED_OPERATIONS_OMITTED,
    };
  }

  /** Puts an empty group without a protocol into the table: that of whoever commits and never joins. */
  createSimpleGroup(groupId: string): ClassicGroup {
    const group = new ClassicGroup({ groupId, sessions: this.sessions, stateSinceMs: -1 });
    this.context.groups.set(groupId, group);
    return group;
  }

  replayGroupMetadata(key: GroupMetadataKey, value: GroupMetadataValue | null): void {
    if (value === null) this.context.groups.delete(key.group);
    else this.context.groups.set(key.group, groupOfRecord(key.group, value, this.sessions));
  }

  /** All records were replayed: members have their session timeout from now, groups that have become too large rebalance. */
  loaded(now: Now): Outcome<GroupRecord> {
    const effects = new Effects();
    const { groupMaxSize } = this.context.config();
    for (const group of this.context.groups.values()) {
      if (!(group instanceof ClassicGroup)) continue;
      for (const member of group.members.values()) this.sessions.extend(group.groupId, member, now);
      if (group.members.size <= groupMaxSize) continue;
      this.rebalances.prepare(group, effects, now, "the group was loaded and is larger than group.max.size");
    }
    return effects;
  }

  private heartbeatErrorCode(request: HeartbeatRequest, now: Now): number {
    const group = this.find(request.groupId);
    if (group === null) return errorCodes.UNKNOWN_MEMBER_ID;
    const errorCode = group.refuseMember(request.memberId, request.groupInstanceId);
    if (errorCode !== errorCodes.NONE) return errorCode;
    if (request.generationId !== group.generationId) return errorCodes.ILLEGAL_GENERATION;
    this.sessions.extend(group.groupId, group.members.get(request.memberId)!, now);
    return group.state === "PreparingRebalance" ? errorCodes.REBALANCE_IN_PROGRESS : errorCodes.NONE;
  }

  private leaveOne(group: ClassicGroup, memberId: string, groupInstanceId: string | null, effects: Effects): number {
    if (memberId === "") {
      // An administrator removes a static member and knows only its instance id.
      const staticId = groupInstanceId === null ? null : group.staticMemberId(groupInstanceId);
      if (staticId === null) return errorCodes.UNKNOWN_MEMBER_ID;
      this.rebalances.forget(group, group.members.get(staticId)!, effects);
      return errorCodes.NONE;
    }
    if (group.isPendingJoin(memberId)) {
      group.remove(memberId);
      this.sessions.cancel(group.groupId, memberId);
      return errorCodes.NONE;
    }
    const errorCode = group.refuseMember(memberId, groupInstanceId);
    if (errorCode === errorCodes.NONE) this.rebalances.forget(group, group.members.get(memberId)!, effects);
    return errorCode;
  }

  private sessionExpired(groupId: string, memberId: string, now: Now): Outcome<GroupRecord> {
    const group = this.find(groupId);
    if (group === null) return NOTHING;
    const effects = new Effects();
    if (group.isPendingJoin(memberId)) {
      this.rebalances.removePending(group, memberId, effects, now);
      return effects;
    }
    const member = group.members.get(memberId);
    if (member === undefined || member.hasSatisfiedHeartbeat) return NOTHING;
    this.context.logger.info(
      { group: groupId, member: memberId },
      "member of a group did not send a heartbeat in time",
    );
    this.rebalances.removeMember(group, member, effects, now, "a member's session expired");
    return effects;
  }

  private find(groupId: string): ClassicGroup | null {
    const group = this.context.groups.get(groupId);
    return group instanceof ClassicGroup ? group : null;
  }
}

const AUTHORIZED_OPERATIONS_OMITTED = -0x8000_0000;

function refuseSync(group: ClassicGroup, request: SyncGroupRequest): number {
  const { memberId, groupInstanceId, generationId, protocolType, protocolName } = request;
  if (group.state === "Empty") return errorCodes.UNKNOWN_MEMBER_ID;
  const errorCode = group.refuseMember(memberId, groupInstanceId);
  if (errorCode !== errorCodes.NONE) return errorCode;
  if (generationId !== group.generationId) return errorCodes.ILLEGAL_GENERATION;
  if (differ(protocolType, group.memberProtocolType) || differ(protocolName, group.protocolName)) {
    return errorCodes.INCONSISTENT_GROUP_PROTOCOL;
  }
  return group.state === "PreparingRebalance" ? errorCodes.REBALANCE_IN_PROGRESS : errorCodes.NONE;
}

// Who does not say a protocol does not contradict.
function differ(said: string | null, known: string | null): boolean {
  return said !== null && known !== null && said !== known;
}

function describedAsDead(groupId: string, apiVersion: number, isOther: boolean): DescribedGroup {
  const errorMessage = isOther ? `Group ${groupId} is not a classic group.` : `Group ${groupId} not found.`;
  return {
    errorCode: apiVersion >= 6 ? errorCodes.GROUP_ID_NOT_FOUND : errorCodes.NONE,
    errorMessage: apiVersion >= 6 ? errorMessage : null,
    groupId,
    groupState: DEAD,
    protocolType: "",
    protocolData: "",
    members: [],
    authorizedOperations: AUTHORIZED_OPERATIONS_OMITTED,
  };
}
