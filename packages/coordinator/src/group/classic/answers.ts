// The answers to classic group requests, whole as the codecs take them. `protocolName` is null where there is none;
// what versions change in an answer is in by-version.ts.

import { errorCodes } from "@ottla/protocol";
import type { JoinGroupResponse } from "@ottla/protocol/messages/11-join-group.ts";
import type { HeartbeatResponse } from "@ottla/protocol/messages/12-heartbeat.ts";
import type { SyncGroupResponse } from "@ottla/protocol/messages/14-sync-group.ts";
import { EMPTY_ASSIGNMENT } from "./member.ts";

export function joinRefused(errorCode: number, memberId: string): JoinGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: "",
    skipAssignment: false,
    memberId,
    members: [],
  };
}

export interface SyncAnswer {
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignment: Buffer;
}

export function syncAccepted({ protocolType, protocolName, assignment }: SyncAnswer): SyncGroupResponse {
  return { throttleTimeMs: 0, errorCode: errorCodes.NONE, protocolType, protocolName, assignment };
}

export function syncRefused(errorCode: number): SyncGroupResponse {
  return { throttleTimeMs: 0, errorCode, protocolType: null, protocolName: null, assignment: EMPTY_ASSIGNMENT };
}

const heartbeatAnswers = new Map<number, HeartbeatResponse>();

/** One object for each error code, shared by all who get it. */
export function heartbeatAnswer(errorCode: number): HeartbeatResponse {
  let answer = heartbeatAnswers.get(errorCode);
  if (answer === undefined) {
    answer = Object.freeze({ throttleTimeMs: 0, errorCode });
    heartbeatAnswers.set(errorCode, answer);
  }
  return answer;
}
