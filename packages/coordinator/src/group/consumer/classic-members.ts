// Members of a consumer group that still speak the classic protocol (the migration of KIP-848): JoinGroup, SyncGroup, Heartbeat and LeaveGroup
// are put into effect as heartbeats of the consumer protocol would be. The member epoch is their generation, each member is told to rejoin by
// itself when it has something to give up or to get, and no member leads or waits for others.
// Expected answers are Kafka 4.3's (classicGroup…ToConsumerGroup in GroupMetadataManager).

import { randomUuid } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { JoinGroupRequest, JoinGroupResponse } from "@ottla/protocol/messages/11-join-group.ts";
import type { HeartbeatRequest, HeartbeatResponse } from "@ottla/protocol/messages/12-heartbeat.ts";
import type { LeaveGroupRequest, LeaveGroupResponse } from "@ottla/protocol/messages/13-leave-group.ts";
import type { SyncGroupRequest, SyncGroupResponse } from "@ottla/protocol/messages/14-sync-group.ts";
import type { Now, Outcome, Pending, RequestClient } from "../../runtime/outcome.ts";
import { answered, replyTo } from "../../runtime/outcome.ts";
import { heartbeatAnswer, joinRefused, syncAccepted, syncRefused } from "../classic/answers.ts";
import { keepProtocols } from "../classic/member.ts";
import type { GroupContext } from "../group-context.ts";
import type { GroupRecord } from "../group-records.ts";
import type { Assignment } from "./assignment.ts";
import { ascending } from "./assignment.ts";
import type { ConsumerGroup } from "./consumer-group.ts";
import { CONSUMER_PROTOCOL_TYPE } from "./consumer-group.ts";
import type { ConsumerMember } from "./consumer-member.ts";
import { memberStates, newMember } from "./consumer-member.ts";
import { readSubscription, reportedBy, writeAssignment } from "./consumer-protocol.ts";
import type { GroupChanges, MemberChange } from "./group-changes.ts";
import { refuseOtherMember, replaceStaticMember, unknownInstance, unknownMember } from "./member-lookup.ts";
import type { Fence, MemberTimers } from "./member-timers.ts";
import type { Migration } from "./migration.ts";
import { Refusal } from "./refusal.ts";

/** From this version on a new dynamic member is first given an id to come back with (KIP-394). */
const MEMBER_ID_REQUIRED_FROM = 4;

export interface ClassicMembersParts {
  readonly context: GroupContext;
  readonly changes: GroupChanges;
  readonly timers: MemberTimers;
  readonly migration: Migration;
  fence(group: ConsumerGroup, members: readonly ConsumerMember[], now: Now): ReturnType<Fence>;
}

type Subscription = NonNullable<ReturnType<typeof readSubscription>>;

export class ClassicMembers {
  private readonly parts: ClassicMembersParts;

  constructor(parts: ClassicMembersParts) {
    this.parts = parts;
  }

  /** JoinGroup into a consumer group that has members. Answered at once. */
  join(
    group: ConsumerGroup,
    request: JoinGroupRequest,
    client: RequestClient,
    pending: Pending<JoinGroupResponse>,
    now: Now,
  ): Outcome<GroupRecord> {
    const isNew = request.memberId === "";
    const memberId = isNew ? randomUuid(this.parts.context.random) : request.memberId;
    const refusal = this.refuseJoin(group, request, memberId);
    if (refusal !== null) return answered(pending, refusal);
    if (isNew && request.groupInstanceId === null && client.apiVersion >= MEMBER_ID_REQUIRED_FROM) {
      return answered(pending, joinRefused(errorCodes.MEMBER_ID_REQUIRED, memberId));
    }
    const protocols = keepProtocols(request.protocols);
    const subscription = readSubscription(protocols[0]!.metadata);
    if (subscription === null) return answered(pending, joinRefused(errorCodes.UNKNOWN_SERVER_ERROR, ""));
    const records: GroupRecord[] = [];
    const before = joiningMember(group, { memberId, isNew, instanceId: request.groupInstanceId }, records);
    if (before instanceof Refusal) return answered(pending, joinRefused(before.errorCode, ""));
    const { sessionTimeoutMs } = request;
    const classic = { sessionTimeoutMs, supportedProtocols: protocols };
    const after = { ...updatedMember(before, request, client, subscription), classic };
    return this.putIntoEffect({ group, before, after, records, now }, request, subscription, pending);
  }

  private refuseJoin(group: ConsumerGroup, request: JoinGroupRequest, memberId: string): JoinGroupResponse | null {
    const config = this.parts.context.config();
    const { sessionTimeoutMs, protocolType, protocols } = request;
    if (sessionTimeoutMs < config.groupMinSessionTimeoutMs || sessionTimeoutMs > config.groupMaxSessionTimeoutMs) {
      return joinRefused(errorCodes.INVALID_SESSION_TIMEOUT, request.memberId);
    }
    if (config.consumerGroupMigrationPolicy === "disabled") {
      return joinRefused(errorCodes.INCONSISTENT_GROUP_PROTOCOL, "");
    }
    if (group.members.size >= config.consumerGroupMaxSize && !group.members.has(memberId)) {
      return joinRefused(errorCodes.GROUP_MAX_SIZE_REACHED, "");
    }
    const names = protocols.map(({ name }) => name);
    if (protocolType !== CONSUMER_PROTOCOL_TYPE || !group.classicProtocols.supportsAny(names)) {
      return joinRefused(errorCodes.INCONSISTENT_GROUP_PROTOCOL, "");
    }
    return null;
  }

  private putIntoEffect(
    change: MemberChange,
    request: JoinGroupRequest,
    subscription: Subscription,
    pending: Pending<JoinGroupResponse>,
  ): Outcome<GroupRecord> {
    const { context, changes, timers } = this.parts;
    const { group, records, now } = change;
    const refused = (refusal: Refusal): Outcome<GroupRecord> => answered(pending, joinRefused(refusal.errorCode, ""));
    const stand = changes.subscribe(change, { bumpForUnresolvedPattern: true });
    if (stand instanceof Refusal) return refused(stand);
    const downgraded = this.downgradeFor(change, stand, subscription, pending);
    if (downgraded instanceof Refusal) return refused(downgraded);
    if (downgraded !== null) return downgraded;
    const target = changes.updateTarget(change, stand);
    const reported = reportedBy(subscription, context.topics());
    const { subscriptionChanged } = stand;
    const member = changes.reconcile(change, { target, subscriptionChanged, reported, timers });
    if (member instanceof Refusal) return refused(member);
    timers.cancelJoin(group.groupId, member.memberId);
    timers.session(group, member.memberId, request.sessionTimeoutMs, now);
    timers.sync(group.groupId, member.memberId, request.rebalanceTimeoutMs, now);
    return { records, replies: [replyTo(pending, joinAccepted(member))] };
  }

  /** When a classic member replaces the last member of the consumer protocol the group is classic from now on; null when it does not. */
  private downgradeFor(
    change: MemberChange,
    stand: { groupEpoch: number; subscriptionChanged: boolean },
    subscription: Subscription,
    pending: Pending<JoinGroupResponse>,
  ): Outcome<GroupRecord> | Refusal | null {
    const { context, changes, timers, migration } = this.parts;
    const { group, after, records, now } = change;
    const replaced = after.instanceId === null ? undefined : group.staticMember(after.instanceId);
    if (replaced === undefined || !migration.mayDowngradeReplacing(group, replaced)) return null;
    const isStale = group.assignmentEpoch < stand.groupEpoch;
    let joining: ConsumerMember | Refusal = after;
    if (!isStale) {
      const target = { epoch: group.assignmentEpoch, assignment: group.targetOf(after.memberId, after.instanceId) };
      const reported = reportedBy(subscription, context.topics());
      const { subscriptionChanged } = stand;
      joining = changes.reconcile(change, { target, subscriptionChanged, reported, timers });
      if (joining instanceof Refusal) return joining;
    }
    const rebalanceBecause = isStale ? "the group became classic with an assignment that is out of date" : null;
    const outcome = migration.downgrade(group, { leaving: [], joining, written: records, rebalanceBecause }, now);
    if (outcome === null) return null;
    return {
      ...outcome,
      replies: [...outcome.replies, replyTo(pending, joinAccepted(joining))],
    };
  }

  /** SyncGroup: the member's own assignment, as the coordinator has it. */
  sync(
    group: ConsumerGroup,
    request: SyncGroupRequest,
    pending: Pending<SyncGroupResponse>,
    now: Now,
  ): Outcome<GroupRecord> {
    const { context, timers } = this.parts;
    const member = classicMember(group, request);
    const errorCode = member instanceof Refusal ? member.errorCode : refuseSync(group, member, request);
    if (member instanceof Refusal || errorCode !== errorCodes.NONE) {
      if (errorCode === errorCodes.REBALANCE_IN_PROGRESS && !(member instanceof Refusal)) {
        timers.joinUnlessSet(group.groupId, member, now);
      }
      return answered(pending, syncRefused(errorCode));
    }
    const classic = member.classic!;
    const metadata = classic.supportedProtocols[0]!.metadata;
    const assignment = writeAssignment(withoutEpochs(member), metadata, context.topics());
    if (assignment === null) return answered(pending, syncRefused(errorCodes.UNKNOWN_SERVER_ERROR));
    timers.cancelSync(group.groupId, member.memberId);
    timers.session(group, member.memberId, classic.sessionTimeoutMs, now);
    const { protocolType, protocolName } = request;
    return answered(pending, syncAccepted({ protocolType, protocolName, assignment }));
  }

  heartbeat(
    group: ConsumerGroup,
    request: HeartbeatRequest,
    pending: Pending<HeartbeatResponse>,
    now: Now,
  ): Outcome<GroupRecord> {
    const { timers } = this.parts;
    const member = classicMember(group, request);
    if (member instanceof Refusal) return answered(pending, heartbeatAnswer(member.errorCode));
    if (request.generationId !== member.memberEpoch) {
      return answered(pending, heartbeatAnswer(errorCodes.ILLEGAL_GENERATION));
    }
    timers.session(group, member.memberId, member.classic!.sessionTimeoutMs, now);
    if (!mustRejoin(group, member)) return answered(pending, heartbeatAnswer(errorCodes.NONE));
    timers.joinUnlessSet(group.groupId, member, now);
    return answered(pending, heartbeatAnswer(errorCodes.REBALANCE_IN_PROGRESS));
  }

  /** LeaveGroup. An administrator may also take out members of the consumer protocol by it. */
  leave(
    group: ConsumerGroup,
    request: LeaveGroupRequest,
    pending: Pending<LeaveGroupResponse>,
    now: Now,
  ): Outcome<GroupRecord> {
    const leaving = new Set<ConsumerMember>();
    const members = request.members.map(({ memberId, groupInstanceId }) => {
      const member = findLeaving(group, memberId, groupInstanceId);
      if (!(member instanceof Refusal)) leaving.add(member);
      const errorCode = member instanceof Refusal ? member.errorCode : errorCodes.NONE;
      return { memberId, groupInstanceId, errorCode };
    });
    const reply = replyTo(pending, { throttleTimeMs: 0, errorCode: errorCodes.NONE, members });
    if (leaving.size === 0) return { records: [], replies: [reply] };
    const outcome = this.parts.fence(group, [...leaving], now);
    return { ...outcome, replies: [...outcome.replies, reply] };
  }
}

function joiningMember(
  group: ConsumerGroup,
  { memberId, isNew, instanceId }: { memberId: string; isNew: boolean; instanceId: string | null },
  records: GroupRecord[],
): ConsumerMember | Refusal {
  if (instanceId === null) return group.members.get(memberId) ?? newMember(memberId);
  const existing = group.staticMember(instanceId);
  if (isNew)
    return existing === undefined ? newMember(memberId) : replaceStaticMember(group, existing, memberId, records);
  if (existing === undefined) return unknownInstance(instanceId);
  return refuseOtherMember(existing, memberId, instanceId) ?? existing;
}

function updatedMember(
  member: ConsumerMember,
  request: JoinGroupRequest,
  client: RequestClient,
  subscription: Subscription,
): ConsumerMember {
  const { rackId } = subscription;
  return {
    ...member,
    instanceId: request.groupInstanceId ?? member.instanceId,
    rackId: rackId === null || rackId === "" ? member.rackId : rackId,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs === -1 ? member.rebalanceTimeoutMs : request.rebalanceTimeoutMs,
    topicNames: ascending(subscription.topics),
    // The classic protocol has no patterns.
    topicRegex: "",
    clientId: client.clientId,
    clientHost: client.clientHost,
  };
}

// Nobody leads, nobody assigns: each member asks for its own assignment with SyncGroup.
function joinAccepted(member: ConsumerMember): JoinGroupResponse {
  return {
    ...joinRefused(errorCodes.NONE, member.memberId),
    generationId: member.memberEpoch,
    protocolType: CONSUMER_PROTOCOL_TYPE,
    protocolName: member.classic!.supportedProtocols[0]!.name,
  };
}

function classicMember(
  group: ConsumerGroup,
  { memberId, groupInstanceId }: { memberId: string; groupInstanceId: string | null },
): ConsumerMember | Refusal {
  const member = findMember(group, memberId, groupInstanceId);
  if (member instanceof Refusal || member.classic !== null) return member;
  return new Refusal(errorCodes.UNKNOWN_MEMBER_ID, `Member ${memberId} does not use the classic protocol.`);
}

function findMember(group: ConsumerGroup, memberId: string, instanceId: string | null): ConsumerMember | Refusal {
  if (instanceId === null) return group.members.get(memberId) ?? unknownMember(group, memberId);
  const member = group.staticMember(instanceId);
  if (member === undefined) return unknownInstance(instanceId);
  return refuseOtherMember(member, memberId, instanceId) ?? member;
}

// An administrator knows the instance id alone.
function findLeaving(group: ConsumerGroup, memberId: string, instanceId: string | null): ConsumerMember | Refusal {
  if (instanceId !== null && memberId === "") return group.staticMember(instanceId) ?? unknownInstance(instanceId);
  return findMember(group, memberId, instanceId);
}

function refuseSync(group: ConsumerGroup, member: ConsumerMember, request: SyncGroupRequest): number {
  const { protocolType, protocolName } = request;
  if (request.generationId !== member.memberEpoch) return errorCodes.ILLEGAL_GENERATION;
  const known = member.classic!.supportedProtocols[0]!.name;
  const isOther = protocolType !== null && protocolType !== CONSUMER_PROTOCOL_TYPE;
  if (isOther || (protocolName !== null && protocolName !== known)) return errorCodes.INCONSISTENT_GROUP_PROTOCOL;
  // Who has something to give up has joined already, and joins again when it has.
  const isBehind = group.assignmentEpoch > member.memberEpoch && member.state !== memberStates.UNREVOKED_PARTITIONS;
  return isBehind ? errorCodes.REBALANCE_IN_PROGRESS : errorCodes.NONE;
}

/** There is a newer target, something to give up, or something to get that has become free. */
function mustRejoin(group: ConsumerGroup, member: ConsumerMember): boolean {
  if (member.memberEpoch < group.assignmentEpoch || member.state === memberStates.UNREVOKED_PARTITIONS) return true;
  return member.state === memberStates.UNRELEASED_PARTITIONS && !isWaiting(group, member);
}

function isWaiting(group: ConsumerGroup, member: ConsumerMember): boolean {
  for (const [topicId, partitions] of group.targetOf(member.memberId, null)) {
    const assigned = member.assigned.get(topicId)?.partitions;
    for (const partition of partitions) {
      if (assigned?.includes(partition) !== true && group.partitionEpoch(topicId, partition) !== -1) return true;
    }
  }
  return false;
}

function withoutEpochs({ assigned }: ConsumerMember): Assignment {
  const plain = new Map<string, readonly number[]>();
  for (const [topicId, { partitions }] of assigned) plain.set(topicId, partitions);
  return plain;
}
