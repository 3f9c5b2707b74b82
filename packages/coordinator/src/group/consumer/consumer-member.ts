// One member of a consumer group as the records tell it: what it subscribes to, and how far it has come to its target (KIP-848).
// A value: a change makes a new member, and only replay puts it into its group.
// A member with `classic` came by JoinGroup and still speaks the classic protocol (the migration of KIP-848).

import type { GroupRecord } from "../group-records.ts";
import type { OwnedAssignment } from "./assignment.ts";
import { ascending, epochOf, isSameList, isSameOwned, ownedOf, OWNS_NOTHING } from "./assignment.ts";

/** Where a member stands, by Kafka's numbers. Transitions: see current-assignment.ts. */
export const memberStates = {
  /** It has what it shall have, at the target's epoch. */
  STABLE: 0,
  /** It must give up partitions before it may go on to the target's epoch. */
  UNREVOKED_PARTITIONS: 1,
  /** It is at the target's epoch and waits for partitions that others have not given up. */
  UNRELEASED_PARTITIONS: 2,
  /** Written by a newer coordinator. */
  UNKNOWN: 127,
} as const;

export type MemberState = (typeof memberStates)[keyof typeof memberStates];

/** The member epochs of ConsumerGroupHeartbeat that are no epochs. */
export const JOIN_EPOCH = 0;
export const LEAVE_EPOCH = -1;
export const LEAVE_STATIC_EPOCH = -2;

type ValueOf<Kind extends GroupRecord["kind"]> = NonNullable<Extract<GroupRecord, { kind: Kind }>["value"]>;
export type MemberMetadata = ValueOf<"ConsumerGroupMemberMetadata">;
export type MemberAssignment = ValueOf<"ConsumerGroupCurrentMemberAssignment">;
export type ClassicMemberMetadata = NonNullable<MemberMetadata["classicMemberMetadata"]>;

export interface ConsumerMember {
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly previousMemberEpoch: number;
  readonly state: MemberState;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly rebalanceTimeoutMs: number;
  readonly clientId: string;
  readonly clientHost: string;
  /** Ascending, each once. */
  readonly topicNames: readonly string[];
  /** "" when it subscribes to no pattern. */
  readonly topicRegex: string;
  readonly serverAssignor: string | null;
  readonly assigned: OwnedAssignment;
  readonly pendingRevocation: OwnedAssignment;
  readonly classic: ClassicMemberMetadata | null;
}

export function newMember(memberId: string): ConsumerMember {
  return {
    memberId,
    memberEpoch: 0,
    previousMemberEpoch: -1,
    state: memberStates.STABLE,
    instanceId: null,
    rackId: null,
    rebalanceTimeoutMs: -1,
    clientId: "",
    clientHost: "",
    topicNames: [],
    topicRegex: "",
    serverAssignor: null,
    assigned: OWNS_NOTHING,
    pendingRevocation: OWNS_NOTHING,
    classic: null,
  };
}

export function isReconciledTo(member: ConsumerMember, targetEpoch: number): boolean {
  return member.state === memberStates.STABLE && member.memberEpoch === targetEpoch;
}

/** Since which epoch the member has a partition, be it about to give it up, or null. */
export function assignmentEpochOf(member: ConsumerMember, topicId: string, partition: number): number | null {
  return epochOf(member.assigned, topicId, partition) ?? epochOf(member.pendingRevocation, topicId, partition);
}

/** Whether the metadata record of both would be the same. */
export function isSameMetadata(left: ConsumerMember, right: ConsumerMember): boolean {
  return (
    left.instanceId === right.instanceId &&
    left.rackId === right.rackId &&
    left.rebalanceTimeoutMs === right.rebalanceTimeoutMs &&
    left.clientId === right.clientId &&
    left.clientHost === right.clientHost &&
    left.topicRegex === right.topicRegex &&
    left.serverAssignor === right.serverAssignor &&
    isSameList(left.topicNames, right.topicNames) &&
    isSameClassic(left.classic, right.classic)
  );
}

/** Whether the record of the current assignment of both would be the same. */
export function isSameProgress(left: ConsumerMember, right: ConsumerMember): boolean {
  return (
    left.memberEpoch === right.memberEpoch &&
    left.previousMemberEpoch === right.previousMemberEpoch &&
    left.state === right.state &&
    isSameOwned(left.assigned, right.assigned) &&
    isSameOwned(left.pendingRevocation, right.pendingRevocation)
  );
}

function isSameClassic(left: ClassicMemberMetadata | null, right: ClassicMemberMetadata | null): boolean {
  if (left === right) return true;
  if (left === null || right === null || left.sessionTimeoutMs !== right.sessionTimeoutMs) return false;
  if (left.supportedProtocols.length !== right.supportedProtocols.length) return false;
  return left.supportedProtocols.every(({ name, metadata }, index) => {
    const other = right.supportedProtocols[index]!;
    return name === other.name && metadata.equals(other.metadata);
  });
}

/** The member after its metadata record. */
export function withMetadata(member: ConsumerMember, value: MemberMetadata): ConsumerMember {
  return {
    ...member,
    instanceId: value.instanceId,
    rackId: value.rackId,
    clientId: value.clientId,
    clientHost: value.clientHost,
    topicNames: ascending(value.subscribedTopicNames),
    topicRegex: value.subscribedTopicRegex ?? "",
    rebalanceTimeoutMs: value.rebalanceTimeoutMs,
    serverAssignor: value.serverAssignor,
    classic: value.classicMemberMetadata === null ? null : keptClassic(value.classicMemberMetadata),
  };
}

// The bytes of a record that is loaded belong to whoever reads the log.
function keptClassic({ sessionTimeoutMs, supportedProtocols }: ClassicMemberMetadata): ClassicMemberMetadata {
  const kept = supportedProtocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) }));
  return { sessionTimeoutMs, supportedProtocols: kept };
}

/** The member after its record of the current assignment. */
export function withCurrentAssignment(member: ConsumerMember, value: MemberAssignment): ConsumerMember {
  return {
    ...member,
    memberEpoch: value.memberEpoch,
    previousMemberEpoch: value.previousMemberEpoch,
    state: stateOf(value.state),
    assigned: ownedOf(value.assignedPartitions, value.memberEpoch),
    pendingRevocation: ownedOf(value.partitionsPendingRevocation, value.memberEpoch),
  };
}

/** The member after the tombstone of its current assignment: it has left, its metadata follows. */
export function departed(member: ConsumerMember): ConsumerMember {
  return {
    ...member,
    memberEpoch: LEAVE_EPOCH,
    previousMemberEpoch: LEAVE_EPOCH,
    assigned: OWNS_NOTHING,
    pendingRevocation: OWNS_NOTHING,
  };
}

function stateOf(value: number): MemberState {
  const { STABLE, UNREVOKED_PARTITIONS, UNRELEASED_PARTITIONS, UNKNOWN } = memberStates;
  return value === STABLE || value === UNREVOKED_PARTITIONS || value === UNRELEASED_PARTITIONS ? value : UNKNOWN;
}
