// The markers that end transactions and are not all written yet: who has taken them, and where they are still missing (what Kafka's
// TransactionMarkerChannelManager keeps of a transaction). Soft state: after a restart it is made anew from the log.

import { assert } from "@ottla/base";
import { isBeingEnded } from "./transaction.ts";
import type { Transaction } from "./transaction.ts";

export interface MarkerPartition {
  readonly topic: string;
  readonly partition: number;
}

/** How one transaction ends, and where. The broker writes it and comes back with this very object. */
export interface TransactionMarkers {
  readonly transactionalId: string;
  readonly producerId: number;
  /** Above the epoch of the records when the client gets one with each transaction. */
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
  readonly committed: boolean;
  /** Of the client; partitions are strict with epochs from 2 on. */
  readonly transactionVersion: number;
  readonly partitions: readonly MarkerPartition[];
}

interface Outstanding {
  readonly markers: TransactionMarkers;
  readonly missing: Map<string, Set<number>>;
}

export class OutstandingMarkers {
  private readonly byId = new Map<string, Outstanding>();
  private untaken: TransactionMarkers[] = [];

  add(transaction: Transaction, coordinatorEpoch: number): void {
    assert(isBeingEnded(transaction), "only a decided transaction has markers");
    const partitions: MarkerPartition[] = [];
    const missing = new Map<string, Set<number>>();
    for (const [topic, indexes] of transaction.partitions) {
      missing.set(topic, new Set(indexes));
      for (const partition of indexes) partitions.push({ topic, partition });
    }
    const markers: TransactionMarkers = {
      transactionalId: transaction.transactionalId,
      producerId: transaction.producerId,
      producerEpoch: transaction.producerEpoch,
      coordinatorEpoch,
      committed: transaction.state === "PrepareCommit",
      transactionVersion: transaction.clientTransactionVersion,
      partitions,
    };
    this.byId.set(transaction.transactionalId, { markers, missing });
    this.untaken.push(markers);
  }

  /** The markers that were added since the last call. */
  take(): readonly TransactionMarkers[] {
    const taken = this.untaken;
    this.untaken = [];
    return taken;
  }

  /** Notes where markers are written now; true when they are everywhere. Markers of an earlier shard or transaction change nothing. */
  written(markers: TransactionMarkers, partitions: readonly MarkerPartition[]): boolean {
    const outstanding = this.byId.get(markers.transactionalId);
    if (outstanding === undefined || outstanding.markers !== markers) return false;
    const { missing } = outstanding;
    for (const { topic, partition } of partitions) {
      const indexes = missing.get(topic);
      indexes?.delete(partition);
      if (indexes?.size === 0) missing.delete(topic);
    }
    if (missing.size > 0) return false;
    this.byId.delete(markers.transactionalId);
    return true;
  }

  /** Where the markers of a transactional id are missing; undefined when none are under way. */
  missingOf(transactionalId: string): ReadonlyMap<string, ReadonlySet<number>> | undefined {
    return this.byId.get(transactionalId)?.missing;
  }
}
