// What a ConsumerGroupHeartbeat must look like before anything of the group is looked at
// (GroupCoordinatorService.throwIfConsumerGroupHeartbeatRequestIsInvalid in Kafka 4.3), and whether a member's epoch fits.

import { errorCodes } from "@ottla/protocol";
import type { ConsumerGroupHeartbeatRequest } from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import type { GroupCoordinatorConfig } from "../group-config.ts";
import { isSubset } from "./assignment.ts";
import type { ConsumerMember } from "./consumer-member.ts";
import { JOIN_EPOCH, LEAVE_EPOCH, LEAVE_STATIC_EPOCH } from "./consumer-member.ts";
import { Refusal } from "./refusal.ts";

/** From this version on the client makes up its member id (KIP-1082). */
const CLIENT_MAKES_MEMBER_ID_FROM = 1;

/** Null when the request may go on. */
export function refuseHeartbeat(
  request: ConsumerGroupHeartbeatRequest,
  apiVersion: number,
  config: GroupCoordinatorConfig,
): Refusal | null {
  const { memberEpoch, serverAssignor } = request;
  const needsMemberId = apiVersion >= CLIENT_MAKES_MEMBER_ID_FROM || memberEpoch > 0 || memberEpoch === LEAVE_EPOCH;
  if (needsMemberId && isBlank(request.memberId)) return invalid("MemberId can't be empty.");
  if (isBlank(request.groupId)) return invalid("GroupId can't be empty.");
  if (isBlank(request.instanceId)) return invalid("InstanceId can't be empty.");
  if (isBlank(request.rackId)) return invalid("RackId can't be empty.");
  const refusal = refuseByEpoch(request);
  if (refusal !== null) return refusal;
  const known = config.consumerGroupAssignors;
  if (serverAssignor === null || known.includes(serverAssignor)) return null;
  return new Refusal(
    errorCodes.UNSUPPORTED_ASSIGNOR,
    `ServerAssignor ${serverAssignor} is not supported. Supported assignors: ${known.join(", ")}.`,
  );
}

function refuseByEpoch(request: ConsumerGroupHeartbeatRequest): Refusal | null {
  const { memberEpoch, topicPartitions } = request;
  if (memberEpoch === JOIN_EPOCH) {
    if (request.rebalanceTimeoutMs === -1) return invalid("RebalanceTimeoutMs must be provided in first request.");
    if (topicPartitions === null || topicPartitions.length > 0) {
      return invalid("TopicPartitions must be empty when (re-)joining.");
    }
    if (request.subscribedTopicNames === null && request.subscribedTopicRegex === null) {
      return invalid("Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.");
    }
  } else if (memberEpoch === LEAVE_STATIC_EPOCH) {
    if (request.instanceId === null) return invalid("InstanceId can't be null.");
  } else if (memberEpoch < LEAVE_STATIC_EPOCH) {
    return invalid("MemberEpoch is invalid.");
  }
  return null;
}

/** Whether a member may go on with this epoch. An older one passes when the answer with the newer one may have been lost. */
export function refuseEpoch(
  member: ConsumerMember,
  { memberEpoch, topicPartitions }: Pick<ConsumerGroupHeartbeatRequest, "memberEpoch" | "topicPartitions">,
): Refusal | null {
  if (memberEpoch === JOIN_EPOCH || memberEpoch === member.memberEpoch) return null;
  const greater = memberEpoch > member.memberEpoch;
  if (!greater && memberEpoch === member.previousMemberEpoch && isSubset(topicPartitions, member.assigned)) return null;
  return new Refusal(
    errorCodes.FENCED_MEMBER_EPOCH,
    `The consumer group member has a ${greater ? "greater" : "smaller"} member epoch (${memberEpoch}) than the one known by ` +
      `the group coordinator (${member.memberEpoch}). The member must abandon all its partitions and rejoin.`,
  );
}

function invalid(message: string): Refusal {
  return new Refusal(errorCodes.INVALID_REQUEST, message);
}

// Java's trim takes away what is not above the space; null passes.
function isBlank(value: string | null): boolean {
  if (value === null) return false;
  for (let index = 0; index < value.length; index++) if (value.charCodeAt(index) > 0x20) return false;
  return true;
}
