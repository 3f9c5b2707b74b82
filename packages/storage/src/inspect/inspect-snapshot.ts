// The producers of a `.snapshot` file, as they were at the offset in its name.

import { decodeProducerSnapshot } from "../producer-state-snapshot.ts";

export interface SnapshotEntry {
  kind: "producer";
  producerId: number;
  producerEpoch: number;
  coordinatorEpoch: number;
  /** -1 when it has none open. */
  currentTxnFirstOffset: number;
  lastTimestamp: number;
  /** The last batch; -1 each when there is none. */
  firstSequence: number;
  lastSequence: number;
  lastOffset: number;
}

/** @throws DecodeError when the snapshot is damaged. */
export function* inspectSnapshot(bytes: Buffer): Generator<SnapshotEntry> {
  for (const entry of decodeProducerSnapshot(bytes)) {
    const last = entry.lastBatch();
    yield {
      kind: "producer",
      producerId: entry.producerId,
      producerEpoch: entry.epoch,
      coordinatorEpoch: entry.coordinatorEpoch,
      currentTxnFirstOffset: entry.transactionFirstOffset,
      lastTimestamp: entry.lastTimestamp,
      firstSequence: last?.firstSequence ?? -1,
      lastSequence: entry.lastSequence(),
      lastOffset: last?.lastOffset ?? -1,
    };
  }
}
