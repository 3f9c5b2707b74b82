// What became of a transaction as far as its producer's own calls tell: the ground on which transaction-checks.ts stands.

import { assert } from "@ottla/base";
import type { Attempt, KnownTransaction, TransactionHistory, TransactionWrite } from "./transaction-history.ts";

/** committed: the broker said so. aborted: nobody asked to commit, or that was refused. open: a commit was asked for and nobody knows. */
export type Fate = "committed" | "aborted" | "open";

export function fateOf({ end }: KnownTransaction): Fate {
  if (end === null || !end.committed) return "aborted";
  if (end.attempts.some(({ told }) => told === "yes")) return "committed";
  return end.attempts.length > 0 && end.attempts.every(({ told }) => told === "no") ? "aborted" : "open";
}

/** Whether the values may be there at all: not when each attempt was refused. */
export function mayBeWritten({ attempts }: { readonly attempts: readonly Attempt[] }): boolean {
  return attempts.length === 0 || attempts.some(({ told }) => told !== "no");
}

/** Whether the broker said that they are. */
export function isWritten({ attempts }: { readonly attempts: readonly Attempt[] }): boolean {
  return attempts.some(({ told }) => told === "yes");
}

/** When everything about a transaction was over for its producer; Infinity when it did not learn of an end. */
export function endOf({ end }: KnownTransaction): number {
  const done = end?.attempts.find(({ told }) => told === "yes");
  return done?.ended ?? Infinity;
}

export interface Written {
  readonly transaction: KnownTransaction;
  readonly write: TransactionWrite;
}

/** Whose write a value is. */
export function writesByValue(history: TransactionHistory): Map<string, Written> {
  const byValue = new Map<string, Written>();
  for (const transaction of history.transactions) {
    for (const write of transaction.writes) {
      for (const value of write.values) {
        assert(!byValue.has(value), `every value is written once, ${value} is in two transactions`);
        byValue.set(value, { transaction, write });
      }
    }
  }
  return byValue;
}

/** All values that a read_committed reader finds in the end. */
export function finalValues(history: TransactionHistory): Set<string> {
  return new Set(history.scans.flatMap(({ records }) => records.map(({ value }) => value)));
}
