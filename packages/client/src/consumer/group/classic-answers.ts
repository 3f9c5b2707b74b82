// What a member of the classic protocol makes of each error, by API (in Java AbstractCoordinator's response handlers).

import { errorCodes, isRetriable } from "@ottla/protocol";

/**
 * - `takeId`: the coordinator wants the member to come with the id that it was given (KIP-394).
 * - `again`: join again at once.
 * - `later`: the same again after a backoff.
 * - `moved`: somebody else coordinates the group; ask who, and try again after a backoff.
 * - `generationLost`, `memberLost`: what was owned belongs to others; join again, with or without the member id.
 * - `rebalance`: the group rebalances; join it.
 * - `fatal`: trying again is of no use.
 */
export type Reaction = "takeId" | "again" | "later" | "moved" | "generationLost" | "memberLost" | "rebalance" | "fatal";

type Reactions = Readonly<Record<number, Reaction>>;

const coordinatorTrouble: Reactions = {
  [errorCodes.COORDINATOR_NOT_AVAILABLE]: "moved",
  [errorCodes.NOT_COORDINATOR]: "moved",
  [errorCodes.COORDINATOR_LOAD_IN_PROGRESS]: "later",
};

const reactions: Readonly<Record<"join" | "sync" | "heartbeat", Reactions>> = {
  join: {
    ...coordinatorTrouble,
    [errorCodes.MEMBER_ID_REQUIRED]: "takeId",
    [errorCodes.UNKNOWN_MEMBER_ID]: "memberLost",
    // A broker that could not write the group's record in time.
    [errorCodes.REBALANCE_IN_PROGRESS]: "later",
  },
  sync: {
    ...coordinatorTrouble,
    [errorCodes.REBALANCE_IN_PROGRESS]: "again",
    [errorCodes.UNKNOWN_MEMBER_ID]: "memberLost",
    [errorCodes.ILLEGAL_GENERATION]: "generationLost",
  },
  heartbeat: {
    ...coordinatorTrouble,
    [errorCodes.REBALANCE_IN_PROGRESS]: "rebalance",
    [errorCodes.UNKNOWN_MEMBER_ID]: "memberLost",
    [errorCodes.ILLEGAL_GENERATION]: "generationLost",
  },
};

/** Errors that are not in the table are tried again when they are retriable, and fatal otherwise. */
export function reactionTo(api: keyof typeof reactions, errorCode: number): Reaction {
  return reactions[api][errorCode] ?? (isRetriable(errorCode) ? "later" : "fatal");
}
