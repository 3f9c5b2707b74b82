// How long a transaction has been open. Coordinators keep the start of the last one after its end.

import type { TransactionDescription, TransactionState } from "@ottla/client";

const open: ReadonlySet<TransactionState> = new Set(["Ongoing", "PrepareCommit", "PrepareAbort", "PrepareEpochFence"]);

/** null when none is open. */
export function openForMs({ state, startTimeMs }: TransactionDescription, nowMs: number): number | null {
  return startTimeMs === null || !open.has(state) ? null : Math.max(0, nowMs - startTimeMs);
}
