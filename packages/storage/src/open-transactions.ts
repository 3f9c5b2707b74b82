// The transactions that hold back the last stable offset: those without a marker, and those whose marker is not yet below the
// high watermark. Kafka's ongoingTxns and unreplicatedTxns. Invariant: `ongoing` is in the order of first offsets.

import { assert } from "@ottla/base";
import type { AbortedTransaction } from "./transaction-index.ts";

export interface CompletedTransaction {
  producerId: number;
  firstOffset: number;
  /** The marker's. */
  lastOffset: number;
  aborted: boolean;
}

export class OpenTransactions {
  /** First offset to producer id. Appends begin transactions at rising offsets, so insertion order is offset order. */
  private readonly ongoing = new Map<number, number>();
  /** First offset to the marker's offset. */
  private readonly unreplicated = new Map<number, number>();

  begin(firstOffset: number, producerId: number): void {
    this.ongoing.set(firstOffset, producerId);
  }

  /** Returns the entry for the transaction index when it was aborted. */
  complete(transaction: CompletedTransaction): AbortedTransaction | null {
    const { producerId, firstOffset, lastOffset, aborted } = transaction;
    assert(this.ongoing.get(firstOffset) === producerId, "a marker ends a transaction that is open");
    this.ongoing.delete(firstOffset);
    this.unreplicated.set(firstOffset, lastOffset);
    const lastStableOffset = this.firstOngoing() ?? lastOffset + 1;
    return aborted ? { producerId, firstOffset, lastOffset, lastStableOffset } : null;
  }

  /** Markers below `offset` are decided for good. */
  settleBelow(offset: number): void {
    for (const [firstOffset, markerOffset] of this.unreplicated) {
      if (markerOffset < offset) this.unreplicated.delete(firstOffset);
    }
  }

  /** The lowest offset of a transaction that is not decided, null when all are. */
  firstUnstableOffset(): number | null {
    let first = this.firstOngoing();
    for (const firstOffset of this.unreplicated.keys()) {
      if (first === null || firstOffset < first) first = firstOffset;
    }
    return first;
  }

  firstOngoing(): number | null {
    for (const firstOffset of this.ongoing.keys()) return firstOffset;
    return null;
  }

  clear(): void {
    this.ongoing.clear();
    this.unreplicated.clear();
  }
}
