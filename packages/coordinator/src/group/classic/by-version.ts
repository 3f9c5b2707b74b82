// What the versions of the classic group requests differ in, apart from their encoding, and what makes a request wrong by itself
// (in Kafka JoinGroupRequest, LeaveGroupRequest and their responses, KafkaApis, GroupCoordinatorService).
// Pure; for the broker's handlers, before and after the coordinator is asked.

import { assert } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { JoinGroupRequest, JoinGroupResponse } from "@ottla/protocol/messages/11-join-group.ts";
import type { LeaveGroupRequest, LeaveGroupResponse } from "@ottla/protocol/messages/13-leave-group.ts";
import type { SyncGroupRequest } from "@ottla/protocol/messages/14-sync-group.ts";

/** Version 0 of JoinGroup has no rebalance timeout: the session timeout serves. */
export function normalizedJoin(request: JoinGroupRequest, apiVersion: number): JoinGroupRequest {
  return apiVersion === 0 ? { ...request, rebalanceTimeoutMs: request.sessionTimeoutMs } : request;
}

/** Before version 7 a JoinGroup answer cannot say that there is no protocol name: it is empty then. */
export function joinAnswerFor(answer: JoinGroupResponse, apiVersion: number): JoinGroupResponse {
  return apiVersion < 7 && answer.protocolName === null ? { ...answer, protocolName: "" } : answer;
}

/** An error code: since version 5 a SyncGroup must say its protocol type and name (KIP-559). */
export function refuseSyncGroup(request: SyncGroupRequest, apiVersion: number): number {
  const isIncomplete = apiVersion >= 5 && (request.protocolType === null || request.protocolName === null);
  return isIncomplete ? errorCodes.INCONSISTENT_GROUP_PROTOCOL : errorCodes.NONE;
}

/** Before version 3 one member leaves. */
export function normalizedLeave(request: LeaveGroupRequest, apiVersion: number): LeaveGroupRequest {
  if (apiVersion >= 3) return request;
  return { ...request, members: [{ memberId: request.memberId, groupInstanceId: null, reason: null }] };
}

/** Before version 3 the one member's error is that of the answer. */
export function leaveAnswerFor(answer: LeaveGroupResponse, apiVersion: number): LeaveGroupResponse {
  if (apiVersion >= 3) return answer;
  const { errorCode, members } = answer;
  if (errorCode !== errorCodes.NONE) return { throttleTimeMs: 0, errorCode, members: [] };
  assert(members.length === 1, "one member asked to leave");
  return { throttleTimeMs: 0, errorCode: members[0]!.errorCode, members: [] };
}
