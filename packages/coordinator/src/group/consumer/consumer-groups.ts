// The consumer protocol of one shard (KIP-848, as in Kafka 4.3's GroupMetadataManager): the one request ConsumerGroupHeartbeat,
// by which members join, report what they have, hear what they shall have, and leave; ConsumerGroupDescribe; and the replay of its records.
// A heartbeat goes: find or make the group and the member → write what changed (group-changes.ts) → new targets if the group's epoch grew
// → one step of this member towards its target. No member waits for another, and members whose target stays the same notice nothing.

import { randomUuid } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import type { ConsumerGroupDescribeResponseInput } from "@ottla/protocol/messages/69-consumer-group-describe.ts";
import type { Now, Outcome, Pending, RequestClient } from "../../runtime/outcome.ts";
import { answered, replyTo } from "../../runtime/outcome.ts";
import { ClassicGroup } from "../classic/classic-group.ts";
import type { ClassicGroups } from "../classic/classic-groups.ts";
import type { GroupContext } from "../group-context.ts";
import { recordsFit } from "../group-records.ts";
import type { GroupRecord } from "../group-records.ts";
import { ascending, isSameOwned, ownedTopicPartitions } from "./assignment.ts";
import { ClassicMembers } from "./classic-members.ts";
import { ConsumerGroup } from "./consumer-group.ts";
import type { ConsumerMember } from "./consumer-member.ts";
import { isReconciledTo, JOIN_EPOCH, LEAVE_EPOCH, LEAVE_STATIC_EPOCH, memberStates } from "./consumer-member.ts";
import { currentAssignmentRecord } from "./consumer-records.ts";
import { replayConsumerGroup } from "./consumer-replay.ts";
import type { ConsumerGroupRecord } from "./consumer-replay.ts";
import { describeGroup } from "./describe-group.ts";
import { GroupChanges } from "./group-changes.ts";
import { refuseHeartbeat } from "./heartbeat-validation.ts";
import { dynamicMember, leavingStaticMember, staticMember, unknownMember } from "./member-lookup.ts";
import { MemberTimers } from "./member-timers.ts";
import { Migration } from "./migration.ts";
import { MetadataHashes } from "./metadata-hash.ts";
import { PatternSubscriptions } from "./pattern-subscriptions.ts";
import { Refusal } from "./refusal.ts";

type HeartbeatPending = Pending<ConsumerGroupHeartbeatResponse>;
export type DescribedConsumerGroup = ConsumerGroupDescribeResponseInput["groups"][number];

export class ConsumerGroups {
  private readonly context: GroupContext;
  private readonly hashes = new MetadataHashes();
  private readonly patterns: PatternSubscriptions;
  private readonly changes: GroupChanges;
  private readonly timers: MemberTimers;
  private readonly migration: Migration;
  /** Members that still speak the classic protocol. */
  readonly classicMembers: ClassicMembers;

  constructor(context: GroupContext, classic: ClassicGroups) {
    this.context = context;
    this.patterns = new PatternSubscriptions(context, this.hashes);
    this.changes = new GroupChanges(context, this.hashes, this.patterns);
    this.timers = new MemberTimers(context, (group, member, now) => this.fence(group, [member], now));
    const { hashes, changes, timers } = this;
    this.migration = new Migration({ context, hashes, classic, timers });
    const fence = this.fence.bind(this);
    this.classicMembers = new ClassicMembers({ context, changes, timers, migration: this.migration, fence });
  }

  /** Takes over a record of a consumer group. */
  replay(record: ConsumerGroupRecord): void {
    replayConsumerGroup(this.context.groups, record);
    // A group with patterns was loaded: its next heartbeat wants to match them.
    if (record.kind === "ConsumerGroupRegularExpression" && record.value !== null) this.patterns.loadEngine();
  }

  /** ConsumerGroupHeartbeat. Whoever gives a request with a pattern has awaited `loadPatternEngine`. */
  heartbeat(
    request: ConsumerGroupHeartbeatRequest,
    client: RequestClient,
    pending: HeartbeatPending,
    now: Now,
  ): Outcome<GroupRecord> {
    const unchanged = this.unchangedMember(request, client, now);
    if (unchanged !== null) return answered(pending, this.response(request.groupId, unchanged));
    const refusal = refuseHeartbeat(request, client.apiVersion, this.context.config());
    if (refusal !== null) return answered(pending, refusedHeartbeat(refusal));
    const { memberEpoch } = request;
    const leaves = memberEpoch === LEAVE_EPOCH || memberEpoch === LEAVE_STATIC_EPOCH;
    const outcome = leaves ? this.leave(request, pending, now) : this.change(request, client, pending, now);
    return outcome instanceof Refusal ? answered(pending, refusedHeartbeat(outcome)) : outcome;
  }

  // Most heartbeats only say that the member lives. Those end here, having allocated nothing but their answer.
  private unchangedMember(
    request: ConsumerGroupHeartbeatRequest,
    client: RequestClient,
    now: Now,
  ): ConsumerMember | null {
    const group = this.context.groups.get(request.groupId);
    if (!(group instanceof ConsumerGroup)) return null;
    const member = group.members.get(request.memberId);
    if (member === undefined || request.memberEpoch !== member.memberEpoch || request.memberEpoch <= 0) return null;
    if (!saysNothingNew(request, member) || !isSameClient(client, member)) return null;
    if (group.assignmentEpoch < group.groupEpoch || !isReconciledTo(member, group.assignmentEpoch)) return null;
    if (group.mustLookAtTopics(now.monotonicMs) || group.subscriptions.patterns.size > 0) return null;
    this.timers.session(
      group,
      member.memberId,
      this.context.config().consumerGroupSessionTimeoutMs(group.groupId),
      now,
    );
    return member;
  }

  private change(
    request: ConsumerGroupHeartbeatRequest,
    client: RequestClient,
    pending: HeartbeatPending,
    now: Now,
  ): Outcome<GroupRecord> | Refusal {
    const records: GroupRecord[] = [];
    const { groupId } = request;
    const config = this.context.config();
    const group = this.groupFor(groupId, request.memberEpoch === JOIN_EPOCH, records);
    if (group instanceof Refusal) return group;
    if (isFull(group, request.memberId, config.consumerGroupMaxSize)) return tooLarge(config.consumerGroupMaxSize);
    const memberId = request.memberId === "" ? randomUuid(this.context.random) : request.memberId;
    const before =
      request.instanceId === null
        ? dynamicMember(group, memberId, request)
        : staticMember(group, { ...request, memberId, instanceId: request.instanceId }, records);
    if (before instanceof Refusal) return before;
    const after = updatedMember(before, request, client);
    const change = { group, before, after, records, now };
    const stand = this.changes.subscribe(change, { bumpForUnresolvedPattern: false });
    if (stand instanceof Refusal) return stand;
    const target = this.changes.updateTarget(change, stand);
    const { subscriptionChanged } = stand;
    const reported = request.topicPartitions;
    const reconciled = this.changes.reconcile(change, { target, subscriptionChanged, reported, timers: this.timers });
    if (reconciled instanceof Refusal) return reconciled;
    const classic = this.context.groups.get(groupId);
    const upgraded = classic instanceof ClassicGroup && !classic.isEmpty();
    // Found out before anyone of the classic group is sent away.
    if (upgraded && !recordsFit(records, config.groupMaxRecordBytes)) return tooLargeToUpgrade(groupId);
    this.timers.session(group, memberId, config.consumerGroupSessionTimeoutMs(groupId), now);
    const response = this.response(groupId, reconciled);
    if (isFullRequest(request) || !isSameOwned(before.assigned, reconciled.assigned)) {
      response.assignment = { topicPartitions: ownedTopicPartitions(reconciled.assigned) };
    }
    const replies = [replyTo(pending, response)];
    return { records, replies: upgraded ? [...this.migration.upgradedFrom(classic, group, now), ...replies] : replies };
  }

  /** The group of a heartbeat; one that is new is not in the table before its records are replayed. */
  private groupFor(groupId: string, create: boolean, records: GroupRecord[]): ConsumerGroup | Refusal {
    const group = this.context.groups.get(groupId);
    if (group instanceof ConsumerGroup) return group;
    if (group === undefined) {
      return create ? new ConsumerGroup(groupId) : notFound(`Consumer group ${groupId} not found.`);
    }
    if (create && group instanceof ClassicGroup) {
      if (!group.isEmpty()) return this.migration.upgraded(group, records);
      records.push(...group.tombstones());
      return new ConsumerGroup(groupId);
    }
    return notFound(`Group ${groupId} is not a consumer group.`);
  }

  private leave(
    request: ConsumerGroupHeartbeatRequest,
    pending: HeartbeatPending,
    now: Now,
  ): Outcome<GroupRecord> | Refusal {
    const { groupId, memberId, memberEpoch, instanceId } = request;
    const group = this.context.groups.get(groupId);
    if (group === undefined) return notFound(`Group ${groupId} not found.`);
    if (!(group instanceof ConsumerGroup)) return notFound(`Group ${groupId} is not a consumer group.`);
    const member =
      instanceId === null
        ? (group.members.get(memberId) ?? unknownMember(group, memberId))
        : leavingStaticMember(group, memberId, instanceId);
    if (member instanceof Refusal) return member;
    const replies = [replyTo(pending, heartbeatResponse(memberId, memberEpoch, 0))];
    if (instanceId !== null && memberEpoch === LEAVE_STATIC_EPOCH) {
      return { records: [currentAssignmentRecord(groupId, awayMember(member))], replies };
    }
    this.context.logger.info({ groupId, memberId }, "a member leaves its consumer group");
    const outcome = this.fence(group, [member], now);
    return { ...outcome, replies: [...outcome.replies, ...replies] };
  }

  /** Takes members out of their group; with a new epoch, so that others get what they had. The last of the protocol may leave a classic group. */
  private fence(group: ConsumerGroup, members: readonly ConsumerMember[], now: Now): Outcome<GroupRecord> {
    if (this.migration.mayDowngradeWithout(group, members)) {
      const rebalanceBecause = "the last member of the consumer protocol left";
      const downgraded = this.migration.downgrade(
        group,
        { leaving: members, joining: null, written: [], rebalanceBecause },
        now,
      );
      if (downgraded !== null) return downgraded;
    }
    const records = this.changes.remove(group, members);
    // Too many at once are refused, and are still members then.
    if (members.length === 1 || recordsFit(records, this.context.config().groupMaxRecordBytes)) {
      for (const { memberId } of members) this.timers.cancelAll(group.groupId, memberId);
    }
    return { records, replies: [] };
  }

  /** One group of ConsumerGroupDescribe. */
  describe(groupId: string): DescribedConsumerGroup {
    const group = this.context.groups.get(groupId);
    if (group instanceof ConsumerGroup) {
      return describeGroup(group, this.context.topics(), this.context.config().consumerGroupAssignors[0]!);
    }
    const what = group === undefined ? "not found" : "is not a consumer group";
    return missingGroup(groupId, `Group ${groupId} ${what}.`);
  }

  /** The shard has been loaded: every member's session begins again, and so does the time to give partitions up. */
  loaded(now: Now): void {
    this.patterns.topicsCreated();
    for (const group of this.context.groups.values()) {
      if (!(group instanceof ConsumerGroup)) continue;
      const timeoutMs = this.context.config().consumerGroupSessionTimeoutMs(group.groupId);
      for (const member of group.members.values()) {
        this.timers.session(group, member.memberId, timeoutMs, now);
        if (member.state === memberStates.UNREVOKED_PARTITIONS) this.timers.rebalance(group.groupId, member, now);
      }
    }
  }

  /** Topics were created, changed or deleted: the groups that subscribe to one of them look again with their next heartbeat. */
  topicsChanged(change: TopicsChange): void {
    for (const name of change.names) this.hashes.topicChanged(name);
    if (change.created) this.patterns.topicsCreated();
    for (const group of this.context.groups.values()) {
      if (!(group instanceof ConsumerGroup)) continue;
      if (change.names.some((name) => group.isSubscribedTo(name))) group.topicsChanged();
    }
  }

  private response(groupId: string, member: ConsumerMember): ConsumerGroupHeartbeatResponse {
    const intervalMs = this.context.config().consumerGroupHeartbeatIntervalMs(groupId);
    return heartbeatResponse(member.memberId, member.memberEpoch, intervalMs);
  }
}

/** What changed between two versions of the metadata. */
export interface TopicsChange {
  /** Of topics that were created, got partitions, moved, or were deleted. */
  readonly names: readonly string[];
  /** Whether there are new topics among them. */
  readonly created: boolean;
}

function heartbeatResponse(
  memberId: string,
  memberEpoch: number,
  heartbeatIntervalMs: number,
): ConsumerGroupHeartbeatResponse {
  const errorCode = errorCodes.NONE;
  return {
    throttleTimeMs: 0,
    errorCode,
    errorMessage: null,
    memberId,
    memberEpoch,
    heartbeatIntervalMs,
    assignment: null,
  };
}

function refusedHeartbeat({ errorCode, message }: Refusal): ConsumerGroupHeartbeatResponse {
  return { ...heartbeatResponse("", 0, 0), errorCode, errorMessage: message, memberId: null };
}

function missingGroup(groupId: string, errorMessage: string): DescribedConsumerGroup {
  return {
    errorCode: errorCodes.GROUP_ID_NOT_FOUND,
    errorMessage,
    groupId,
    groupState: "",
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: "",
    members: [],
  };
}

function saysNothingNew(request: ConsumerGroupHeartbeatRequest, member: ConsumerMember): boolean {
  return (
    request.topicPartitions === null &&
    request.subscribedTopicNames === null &&
    request.subscribedTopicRegex === null &&
    request.serverAssignor === null &&
    request.instanceId === member.instanceId &&
    (request.rackId === null || request.rackId === member.rackId) &&
    (request.rebalanceTimeoutMs === -1 || request.rebalanceTimeoutMs === member.rebalanceTimeoutMs)
  );
}

function isSameClient(client: RequestClient, member: ConsumerMember): boolean {
  return member.classic === null && client.clientId === member.clientId && client.clientHost === member.clientHost;
}

function updatedMember(
  member: ConsumerMember,
  request: ConsumerGroupHeartbeatRequest,
  client: RequestClient,
): ConsumerMember {
  const names = request.subscribedTopicNames;
  return {
    ...member,
    instanceId: request.instanceId ?? member.instanceId,
    rackId: request.rackId ?? member.rackId,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs === -1 ? member.rebalanceTimeoutMs : request.rebalanceTimeoutMs,
    serverAssignor: request.serverAssignor ?? member.serverAssignor,
    topicNames: names === null ? member.topicNames : ascending(names),
    topicRegex: request.subscribedTopicRegex ?? member.topicRegex,
    clientId: client.clientId,
    clientHost: client.clientHost,
    classic: null,
  };
}

/** A static member that will be back: its partitions stay with it, as of epoch 0, for whoever comes with its instance id. */
function awayMember(member: ConsumerMember): ConsumerMember {
  const assigned = new Map(member.assigned);
  for (const [topicId, { partitions }] of assigned)
    assigned.set(topicId, { partitions, epochs: partitions.map(() => 0) });
  return { ...member, memberEpoch: LEAVE_STATIC_EPOCH, pendingRevocation: new Map(), assigned };
}

/** A request that says everything, as a member sends when it joins or after an error, is answered with everything. */
function isFullRequest(request: ConsumerGroupHeartbeatRequest): boolean {
  if (request.memberEpoch === JOIN_EPOCH) return true;
  const subscribes = request.subscribedTopicNames !== null || request.subscribedTopicRegex !== null;
  return request.rebalanceTimeoutMs !== -1 && subscribes && request.topicPartitions !== null;
}

function isFull(group: ConsumerGroup, memberId: string, maxSize: number): boolean {
  return group.members.size >= maxSize && (memberId === "" || !group.members.has(memberId));
}

function tooLarge(maxSize: number): Refusal {
  const message = `The consumer group has reached its maximum capacity of ${maxSize} members.`;
  return new Refusal(errorCodes.GROUP_MAX_SIZE_REACHED, message);
}

function tooLargeToUpgrade(groupId: string): Refusal {
  const message = `Cannot upgrade classic group ${groupId} to consumer group because its records do not fit one batch.`;
  return new Refusal(errorCodes.UNKNOWN_SERVER_ERROR, message);
}

function notFound(message: string): Refusal {
  return new Refusal(errorCodes.GROUP_ID_NOT_FOUND, message);
}
