// The phases of a member of a classic group, and which may follow which.

import { assert } from "@ottla/base";

/**
 * - outside: in no generation. - refreshing: waits for metadata before it joins. - joining: JoinGroup is under way.
 * - findingTopics: leads, and waits for metadata to assign. - syncing: SyncGroup is under way.
 * - stable: has its part of a generation. - between: a rebalance failed, another follows; the generation may still count for commits.
 */
export type Phase =
  | "outside"
  | "refreshing"
  | "joining"
  | "findingTopics"
  | "syncing"
  | "stable"
  | "between"
  | "failed"
  | "closed";

/** Where each phase may lead; any may end in "failed" and "closed". */
const transitions: Readonly<Record<Phase, readonly Phase[]>> = {
  outside: ["outside", "refreshing", "joining"],
  refreshing: ["outside", "between", "joining"],
  joining: ["outside", "between", "findingTopics", "syncing"],
  findingTopics: ["outside", "between", "syncing"],
  syncing: ["outside", "between", "stable"],
  stable: ["outside", "refreshing", "joining"],
  between: ["outside", "refreshing", "joining"],
  failed: ["outside", "failed"],
  closed: ["closed"],
};

/** Phases in which an answer is awaited. */
export function isBusy(phase: Phase): boolean {
  return phase === "refreshing" || phase === "joining" || phase === "findingTopics" || phase === "syncing";
}

/** Returns `to`, which may follow `from`. */
export function nextPhase(from: Phase, to: Phase): Phase {
  const isLegal = to === "failed" || to === "closed" || transitions[from].includes(to);
  assert(isLegal, `a member in ${from} does not become ${to}`);
  return to;
}
