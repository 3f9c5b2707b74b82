// The requests of a member of the classic protocol.

import type { HeartbeatRequestInput } from "@ottla/protocol/messages/12-heartbeat.ts";
import type { JoinGroupRequestInput } from "@ottla/protocol/messages/11-join-group.ts";
import type { LeaveGroupRequestInput } from "@ottla/protocol/messages/13-leave-group.ts";
import type { SyncGroupRequestInput } from "@ottla/protocol/messages/14-sync-group.ts";
import type { TopicPartition } from "../../records.ts";
import type { Assignor, AssignorContext, GroupAssignment } from "./assignors/assignor.ts";
import { encodeAssignment, encodeSubscription, PROTOCOL_TYPE } from "./consumer-protocol.ts";
import type { MemberIdentity, MemberOptions } from "./member.ts";

/** As JoinGroupRequest.maybeTruncateReason of Java. */
const REASON_MAX_LENGTH = 255;

export interface JoinFields {
  readonly memberId: string;
  readonly generationId: number;
  readonly owned: readonly TopicPartition[];
  readonly context: AssignorContext;
  readonly reason: string | null;
}

export function joinRequest(
  options: MemberOptions,
  assignors: readonly Assignor[],
  { memberId, generationId, owned, context, reason }: JoinFields,
): JoinGroupRequestInput {
  const { topics } = context;
  return {
    groupId: options.groupId,
    sessionTimeoutMs: options.sessionTimeoutMs,
    rebalanceTimeoutMs: options.maxPollIntervalMs,
    memberId,
    groupInstanceId: options.groupInstanceId,
    protocolType: PROTOCOL_TYPE,
    protocols: assignors.map((assignor) => {
      const userData = assignor.subscriptionUserData?.(context) ?? null;
      const subscription = { topics, userData, ownedPartitions: owned, generationId, rack: options.rack };
      return { name: assignor.name, metadata: encodeSubscription(subscription) };
    }),
    reason: reason?.slice(0, REASON_MAX_LENGTH) ?? null,
  };
}

/** `assignment` null: from who does not lead, or leads without assigning anew (KIP-814). */
export function syncRequest(
  { groupId, groupInstanceId }: MemberOptions,
  { memberId, generationId }: MemberIdentity,
  protocolName: string,
  assignment: GroupAssignment | null,
): SyncGroupRequestInput {
  return {
    groupId,
    generationId,
    memberId,
    groupInstanceId,
    protocolType: PROTOCOL_TYPE,
    protocolName,
    assignments: [...(assignment ?? [])].map(([id, partitions]) => ({
      memberId: id,
      assignment: encodeAssignment(partitions),
    })),
  };
}

export function heartbeatRequest(
  { groupId, groupInstanceId }: MemberOptions,
  { memberId, generationId }: MemberIdentity,
): HeartbeatRequestInput {
  return { groupId, generationId, memberId, groupInstanceId };
}

/** Names the member in both ways: one up to version 2, a list since 3 (the shell cuts what the version does not have). */
export function leaveRequest(
  { groupId, groupInstanceId }: MemberOptions,
  memberId: string,
  reason: string,
): LeaveGroupRequestInput {
  return { groupId, memberId, members: [{ memberId, groupInstanceId, reason: reason.slice(0, REASON_MAX_LENGTH) }] };
}
