// Finds the member that a request speaks for, makes a new one, or puts one in the place of a static member that has left.

import { errorCodes } from "@ottla/protocol";
import type { ConsumerGroupHeartbeatRequest } from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import type { GroupRecord } from "../group-records.ts";
import { NO_PARTITIONS } from "./assignment.ts";
import type { ConsumerGroup } from "./consumer-group.ts";
import type { ConsumerMember } from "./consumer-member.ts";
import { JOIN_EPOCH, LEAVE_STATIC_EPOCH, newMember } from "./consumer-member.ts";
import {
  currentAssignmentRecord,
  memberMetadataRecord,
  memberTombstones,
  targetAssignmentRecord,
} from "./consumer-records.ts";
import { refuseEpoch } from "./heartbeat-validation.ts";
import { Refusal } from "./refusal.ts";

type EpochAndPartitions = Pick<ConsumerGroupHeartbeatRequest, "memberEpoch" | "topicPartitions">;

/** A member without instance id; a new one when it joins. */
export function dynamicMember(
  group: ConsumerGroup,
  memberId: string,
  request: EpochAndPartitions,
): ConsumerMember | Refusal {
  const member = group.members.get(memberId);
  if (member !== undefined) return refuseEpoch(member, request) ?? member;
  return request.memberEpoch === JOIN_EPOCH ? newMember(memberId) : unknownMember(group, memberId);
}

export interface StaticClaim extends EpochAndPartitions {
  readonly memberId: string;
  readonly instanceId: string;
}

/** A member with an instance id. One that joins takes the place of a member that left for a while (epoch -2). */
export function staticMember(
  group: ConsumerGroup,
  claim: StaticClaim,
  records: GroupRecord[],
): ConsumerMember | Refusal {
  const { memberId, instanceId } = claim;
  const existing = group.staticMember(instanceId);
  if (claim.memberEpoch !== JOIN_EPOCH) {
    if (existing === undefined) return unknownInstance(instanceId);
    return refuseOtherMember(existing, memberId, instanceId) ?? refuseEpoch(existing, claim) ?? existing;
  }
  if (existing === undefined) return group.members.get(memberId) ?? newMember(memberId);
  // A classic member of the same instance is replaced at any time: it is the same consumer, upgraded.
  if (existing.classic === null && existing.memberEpoch !== LEAVE_STATIC_EPOCH) {
    return new Refusal(
      errorCodes.UNRELEASED_INSTANCE_ID,
      `Static member ${memberId} with instance id ${instanceId} cannot join the group because the instance id is owned by ` +
        `${existing.memberId} member.`,
    );
  }
  return replaceStaticMember(group, existing, memberId, records);
}

/** The member with another id, all else as it was, and the records that say so. */
export function replaceStaticMember(
  group: ConsumerGroup,
  existing: ConsumerMember,
  memberId: string,
  records: GroupRecord[],
): ConsumerMember {
  const { groupId } = group;
  const member = { ...existing, memberId, memberEpoch: 0, previousMemberEpoch: 0 };
  records.push(
    ...memberTombstones(groupId, existing.memberId),
    memberMetadataRecord(groupId, member),
    targetAssignmentRecord(groupId, memberId, group.targets.get(existing.memberId) ?? NO_PARTITIONS),
    currentAssignmentRecord(groupId, member),
  );
  return member;
}

/** The member that leaves by its instance id. */
export function leavingStaticMember(
  group: ConsumerGroup,
  memberId: string,
  instanceId: string,
): ConsumerMember | Refusal {
  const existing = group.staticMember(instanceId);
  if (existing === undefined) return unknownInstance(instanceId);
  return refuseOtherMember(existing, memberId, instanceId) ?? existing;
}

export function unknownMember(group: ConsumerGroup, memberId: string): Refusal {
  return new Refusal(errorCodes.UNKNOWN_MEMBER_ID, `Member ${memberId} is not a member of group ${group.groupId}.`);
}

export function unknownInstance(instanceId: string): Refusal {
  return new Refusal(errorCodes.UNKNOWN_MEMBER_ID, `Instance id ${instanceId} is unknown.`);
}

export function refuseOtherMember(existing: ConsumerMember, memberId: string, instanceId: string): Refusal | null {
  if (existing.memberId === memberId) return null;
  return new Refusal(
    errorCodes.FENCED_INSTANCE_ID,
    `Static member ${memberId} with instance id ${instanceId} was fenced by member ${existing.memberId}.`,
  );
}
