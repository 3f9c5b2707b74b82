// Where a transactional producer stands: Java's TransactionManager.State. Pure.

import { assert } from "@ottla/base";

/**
 * uninitialized: no id yet. ready: between transactions. open: in one. failed: it can only be aborted. fatal: the producer can only be
 * closed.
 */
export type TransactionState =
  | "uninitialized"
  | "initializing"
  | "ready"
  | "open"
  | "committing"
  | "aborting"
  | "failed"
  | "fatal";

const legalNext: Readonly<Record<TransactionState, readonly TransactionState[]>> = {
  uninitialized: ["initializing", "fatal"],
  initializing: ["ready", "uninitialized", "fatal"],
  ready: ["open", "fatal"],
  open: ["committing", "aborting", "failed", "fatal"],
  committing: ["ready", "failed", "fatal"],
  aborting: ["ready", "fatal"],
  failed: ["aborting", "failed", "fatal"],
  fatal: ["fatal"],
};

/** The next state; asserts that it may follow. */
export function nextState(from: TransactionState, to: TransactionState): TransactionState {
  assert(legalNext[from].includes(to), `a transactional producer does not go from ${from} to ${to}`);
  return to;
}
