// What becomes of a commit of offsets, by the error of a partition (in Java OffsetCommitResponseHandler and CommitRequestManager).

import { errorCodes, isRetriable } from "@ottla/protocol";

/**
 * - `again`: after a backoff. - `moved`: somebody else coordinates the group. - `unknownTopic`: metadata first.
 * - `membership`: the member is told; whether there is still something to commit then shows when it is tried again.
 * - `failed`: the caller is told.
 */
export type CommitReaction = "again" | "moved" | "unknownTopic" | "membership" | "failed";

const reactions: Readonly<Record<number, CommitReaction>> = {
  [errorCodes.NOT_COORDINATOR]: "moved",
  [errorCodes.COORDINATOR_NOT_AVAILABLE]: "moved",
  [errorCodes.REQUEST_TIMED_OUT]: "moved",
  [errorCodes.UNKNOWN_TOPIC_OR_PARTITION]: "again",
  [errorCodes.UNKNOWN_TOPIC_ID]: "unknownTopic",
  [errorCodes.UNKNOWN_MEMBER_ID]: "membership",
  [errorCodes.ILLEGAL_GENERATION]: "membership",
  [errorCodes.REBALANCE_IN_PROGRESS]: "membership",
  [errorCodes.FENCED_INSTANCE_ID]: "membership",
  [errorCodes.STALE_MEMBER_EPOCH]: "membership",
  [errorCodes.FENCED_MEMBER_EPOCH]: "membership",
  [errorCodes.TOPIC_AUTHORIZATION_FAILED]: "failed",
  [errorCodes.GROUP_AUTHORIZATION_FAILED]: "failed",
};

export function commitReaction(errorCode: number): CommitReaction {
  return reactions[errorCode] ?? (isRetriable(errorCode) ? "again" : "failed");
}

export function isUnknownTopic(errorCode: number): boolean {
  return errorCode === errorCodes.UNKNOWN_TOPIC_OR_PARTITION || errorCode === errorCodes.UNKNOWN_TOPIC_ID;
}
