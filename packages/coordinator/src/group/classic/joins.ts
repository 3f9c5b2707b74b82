// JoinGroup on a classic group: who may come in, under which member id, and whether that needs a new generation.
// The same request means different things by who sends it:
//   no member id, no instance id   a new dynamic member; since version 4 it is first given an id to come back with (KIP-394)
//   no member id, an instance id   a static member that starts: new, or back again (KIP-345)
//   a member id                    someone who has just been given it, or a member that joins the next generation

import { errorCodes } from "@ottla/protocol";
import type { JoinGroupRequest, JoinGroupResponse } from "@ottla/protocol/messages/11-join-group.ts";
import type { Now, Outcome, Pending, RequestClient } from "../../runtime/outcome.ts";
import type { GroupContext } from "../group-context.ts";
import type { GroupRecord } from "../group-records.ts";
import { joinRefused } from "./answers.ts";
import { ClassicGroup } from "./classic-group.ts";
import { Effects } from "./effects.ts";
import { groupMetadataRecord, newGroupRecord } from "./group-metadata-record.ts";
import { ClassicMember, keepProtocols, newMemberId } from "./member.ts";
import type { ClassicProtocol } from "./member.ts";
import type { MemberSessions } from "./member-sessions.ts";
import { currentGeneration } from "./rebalances.ts";
import type { Rebalances } from "./rebalances.ts";

/** New members have no id to send heartbeats with while they wait, so their JoinGroup ends after this time (Kafka's constant). */
const NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * 60_000;
/** Members may tell these versions apart: an id is required before joining, a static leader may skip assigning. */
const MEMBER_ID_REQUIRED_FROM = 4;
const SKIP_ASSIGNMENT_FROM = 9;

/** One JoinGroup on its way. */
interface Joining {
  readonly request: JoinGroupRequest;
  readonly protocols: readonly ClassicProtocol[];
  readonly client: RequestClient;
  readonly pending: Pending<JoinGroupResponse>;
  readonly now: Now;
  readonly effects: Effects;
}

export interface JoinsOptions {
  readonly context: GroupContext;
  readonly sessions: MemberSessions;
  readonly rebalances: Rebalances;
}

export class Joins {
  private readonly context: GroupContext;
  private readonly sessions: MemberSessions;
  private readonly rebalances: Rebalances;

  constructor(options: JoinsOptions) {
    this.context = options.context;
    this.sessions = options.sessions;
    this.rebalances = options.rebalances;
  }

  join(
    request: JoinGroupRequest,
    client: RequestClient,
    pending: Pending<JoinGroupResponse>,
    now: Now,
  ): Outcome<GroupRecord> {
    const effects = new Effects();
    const config = this.context.config();
    const { sessionTimeoutMs, memberId } = request;
    if (sessionTimeoutMs < config.groupMinSessionTimeoutMs || sessionTimeoutMs > config.groupMaxSessionTimeoutMs) {
      effects.answer(pending, joinRefused(errorCodes.INVALID_SESSION_TIMEOUT, memberId));
      return effects;
    }
    const joining = { request, protocols: keepProtocols(request.protocols), client, pending, now, effects };
    const known = this.context.groups.get(request.groupId);
    if (known instanceof ClassicGroup) {
      this.joinGroup(known, joining);
    } else if (memberId !== "" || (known !== undefined && !known.isEmpty())) {
      effects.answer(pending, joinRefused(errorCodes.UNKNOWN_MEMBER_ID, memberId));
    } else {
      // An empty group of the consumer protocol gives way (KIP-848).
      if (known !== undefined) effects.records.push(...known.tombstones());
      const group = this.createGroup(request.groupId, now);
      this.joinGroup(group, joining);
      effects.records.push(newGroupRecord(group));
    }
    return effects;
  }

  private createGroup(groupId: string, now: Now): ClassicGroup {
    const group = new ClassicGroup({ groupId, sessions: this.sessions, stateSinceMs: now.wallMs });
    this.context.groups.set(groupId, group);
    return group;
  }

  private joinGroup(group: ClassicGroup, joining: Joining): void {
    const { request, pending, effects } = joining;
    const { memberId } = request;
    if (!accepts(group, memberId, this.context.config().groupMaxSize)) {
      // A member that rejoins a group that is full meanwhile has lost its place.
      group.remove(memberId);
      effects.answer(pending, joinRefused(errorCodes.GROUP_MAX_SIZE_REACHED, ""));
    } else if (!group.supportsProtocols(request.protocolType, joining.protocols)) {
      effects.answer(pending, joinRefused(errorCodes.INCONSISTENT_GROUP_PROTOCOL, memberId));
    } else if (memberId === "") {
      this.joinWithoutId(group, joining);
    } else if (group.isPendingJoin(memberId) && request.groupInstanceId === null) {
      this.addMember(group, memberId, joining);
    } else {
      this.rejoin(group, joining);
    }
  }

  private joinWithoutId(group: ClassicGroup, joining: Joining): void {
    const { request, client, pending, now, effects } = joining;
    const { groupInstanceId } = request;
    const memberId = newMemberId(this.context.random, groupInstanceId ?? client.clientId);
    if (groupInstanceId !== null && group.staticMemberId(groupInstanceId) !== null) {
      this.rejoinStatic(group, { groupInstanceId, newMemberId: memberId }, joining);
    } else if (groupInstanceId !== null || client.apiVersion < MEMBER_ID_REQUIRED_FROM) {
      this.addMember(group, memberId, joining);
    } else {
      group.addPendingJoin(memberId);
      this.sessions.awaitJoin(group.groupId, memberId, now, request.sessionTimeoutMs);
      effects.answer(pending, joinRefused(errorCodes.MEMBER_ID_REQUIRED, memberId));
    }
  }

  private addMember(group: ClassicGroup, memberId: string, joining: Joining): void {
    const { request, protocols, client, pending, now, effects } = joining;
    const { groupInstanceId, rebalanceTimeoutMs, sessionTimeoutMs, protocolType } = request;
    const { clientId, clientHost } = client;
    const member = new ClassicMember({
      memberId,
      groupInstanceId,
      clientId,
      clientHost,
      rebalanceTimeoutMs,
      sessionTimeoutMs,
      protocolType,
      protocols,
    });
    member.isNew = true;
    if (group.state === "PreparingRebalance" && group.previousState === "Empty") group.newMemberAdded = true;
    group.add(member, pending);
    this.sessions.extend(group.groupId, member, now, NEW_MEMBER_JOIN_TIMEOUT_MS);
    this.rebalances.prepareOrComplete(group, effects, now, reasonOf("a new member joined", request));
  }

  private rejoin(group: ClassicGroup, joining: Joining): void {
    const { request, protocols, pending, effects } = joining;
    const { memberId } = request;
    const errorCode = group.refuseMember(memberId, request.groupInstanceId);
    if (errorCode !== errorCodes.NONE) {
      effects.answer(pending, joinRefused(errorCode, memberId));
      return;
    }
    const member = group.members.get(memberId)!;
    const changed = !member.matches(protocols);
    if (group.state === "PreparingRebalance") {
      this.updateMember(group, member, joining, "a member joined again");
    } else if (changed) {
      this.updateMember(group, member, joining, "a member changed its protocols");
    } else if (group.state === "Stable" && group.isLeader(memberId)) {
      // The leader may have its reasons, such as new partitions of a topic.
      this.updateMember(group, member, joining, "the leader joined again");
    } else {
      // Nothing is new: it may have missed the answer to its last JoinGroup.
      effects.answer(pending, currentGeneration(group, memberId));
    }
  }

  private updateMember(group: ClassicGroup, member: ClassicMember, joining: Joining, reason: string): void {
    const { request, pending, now, effects } = joining;
    group.update(member, saidIn(joining), pending, effects);
    this.rebalances.prepareOrComplete(group, effects, now, reasonOf(reason, request));
  }

  // A static member that is back does not disturb the others unless the common protocol changes or the leader is just assigning.
  private rejoinStatic(
    group: ClassicGroup,
    ids: { groupInstanceId: string; newMemberId: string },
    joining: Joining,
  ): void {
    const { request, pending, now, effects } = joining;
    const oldLeader = group.leaderId ?? "";
    const oldMemberId = group.staticMemberId(ids.groupInstanceId)!;
    const member = group.replaceStaticMember(ids, effects);
    this.sessions.cancel(group.groupId, oldMemberId);
    const { protocols, rebalanceTimeoutMs, sessionTimeoutMs } = member;
    group.update(member, saidIn(joining), pending, effects);
    this.sessions.extend(group.groupId, member, now);
    const reason = reasonOf("a static member came back", request);
    if (group.state === "Stable" && group.selectProtocol() === group.protocolName) {
      const record = groupMetadataRecord(group);
      if (this.rebalances.fits(record)) {
        effects.records.push(record);
        group.answerJoin(member, staticRejoined(group, member, oldLeader, joining), effects);
      } else {
        group.answerJoin(member, joinRefused(errorCodes.UNKNOWN_SERVER_ERROR, ""), effects);
        group.update(member, { protocols, rebalanceTimeoutMs, sessionTimeoutMs }, null, effects);
      }
    } else if (group.state === "PreparingRebalance") {
      this.rebalances.completeJoinIfReady(group, effects, now);
    } else {
      this.rebalances.prepare(group, effects, now, reason);
    }
  }
}

/** Whether there is room (group.max.size). Members that were only given an id do not count; an empty group always takes someone. */
function accepts(group: ClassicGroup, memberId: string, maxSize: number): boolean {
  if (group.state === "Empty") return true;
  const member = group.members.get(memberId);
  if (group.state !== "PreparingRebalance") return member !== undefined || group.members.size < maxSize;
  // Those who wait count, so that of a group that is too large the last to rejoin lose their place.
  return (member !== undefined && member.awaitingJoin !== null) || group.joinsWaiting < maxSize;
}

// Older clients are not told of the new leader, so that a leader that is back under a new id does not assign; newer ones are told to skip it (KIP-814).
function staticRejoined(
  group: ClassicGroup,
  { memberId }: ClassicMember,
  oldLeader: string,
  { client }: Joining,
): JoinGroupResponse {
  const answer = currentGeneration(group, memberId);
  if (client.apiVersion >= SKIP_ASSIGNMENT_FROM) return { ...answer, skipAssignment: group.isLeader(memberId) };
  return { ...answer, leader: oldLeader, members: [] };
}

function saidIn({ request, protocols }: Joining): {
  protocols: readonly ClassicProtocol[];
  rebalanceTimeoutMs: number;
  sessionTimeoutMs: number;
} {
  const { rebalanceTimeoutMs, sessionTimeoutMs } = request;
  return { protocols, rebalanceTimeoutMs, sessionTimeoutMs };
}

/** The client's own reason (KIP-800) behind ours; it is only logged. */
function reasonOf(ours: string, { reason }: JoinGroupRequest): string {
  return reason === null || reason === "" ? ours : `${ours}: ${reason.slice(0, 255)}`;
}
