// What a member of the consumer protocol makes of each error of ConsumerGroupHeartbeat (in Java AbstractHeartbeatRequestManager).

import { errorCodes, isRetriable } from "@ottla/protocol";

/**
 * - `fenced`: the member is not in the group as it believes: what it owned is lost, and it joins again with epoch 0.
 * - `gone`: the same for who was in the group: it ended, or became a classic one, without this member. Java gives up there. Who wants to
 *   join cannot.
 * - `later`, `moved`: as in the classic protocol.
 * - `denied`: topics that may not be described; tried again, as access may come.
 * - `fatal`: trying again is of no use.
 */
export type HeartbeatReaction = "fenced" | "gone" | "later" | "moved" | "denied" | "fatal";

const reactions: Readonly<Record<number, HeartbeatReaction>> = {
  [errorCodes.FENCED_MEMBER_EPOCH]: "fenced",
  [errorCodes.UNKNOWN_MEMBER_ID]: "fenced",
  [errorCodes.GROUP_ID_NOT_FOUND]: "gone",
  [errorCodes.NOT_COORDINATOR]: "moved",
  [errorCodes.COORDINATOR_NOT_AVAILABLE]: "moved",
  [errorCodes.COORDINATOR_LOAD_IN_PROGRESS]: "later",
  [errorCodes.TOPIC_AUTHORIZATION_FAILED]: "denied",
  // Another member has the instance id, and lives. As in Java the user has to decide.
  [errorCodes.UNRELEASED_INSTANCE_ID]: "fatal",
  [errorCodes.FENCED_INSTANCE_ID]: "fatal",
};

export function heartbeatReaction(errorCode: number): HeartbeatReaction {
  return reactions[errorCode] ?? (isRetriable(errorCode) ? "later" : "fatal");
}
