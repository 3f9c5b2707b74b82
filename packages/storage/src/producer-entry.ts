// What the log remembers of one producer: its epoch, its last five batches, and where its open transaction began.
// Kafka's ProducerStateEntry. Five batches, because an idempotent producer has at most five requests in flight and may
// repeat any of them. Only `addBatch` and `endTransaction` change it; the state machine around it decides when.

import { batchFormat } from "@ottla/protocol";

export const BATCHES_REMEMBERED = 5;
const NONE = -1;

export interface RememberedBatch {
  firstSequence: number;
  lastSequence: number;
  lastOffset: number;
  offsetDelta: number;
  timestamp: number;
}

export class ProducerEntry {
  readonly producerId: number;
  /** -1 as long as nothing was seen. */
  epoch = NONE;
  /** Of the coordinator that wrote the last marker; -1 before the first. */
  coordinatorEpoch = NONE;
  lastTimestamp = NONE;
  /** First offset of the open transaction, -1 when there is none. */
  transactionFirstOffset = NONE;
  /** Oldest first, all of the current epoch. */
  readonly batches: RememberedBatch[];

  constructor(producerId: number, batches: RememberedBatch[] = []) {
    this.producerId = producerId;
    this.batches = batches;
  }

  /** -1 when no batch is remembered. */
  lastSequence(): number {
    return this.batches.length === 0 ? NONE : this.batches[this.batches.length - 1]!.lastSequence;
  }

  lastBatch(): RememberedBatch | null {
    return this.batches.at(-1) ?? null;
  }

  /** The remembered batch with exactly these sequence numbers. */
  findBatch(epoch: number, firstSequence: number, lastSequence: number): RememberedBatch | null {
    if (epoch !== this.epoch) return null;
    for (const batch of this.batches) {
      if (batch.firstSequence === firstSequence && batch.lastSequence === lastSequence) return batch;
    }
    return null;
  }

  addBatch(
    epoch: number,
    batch: { lastSequence: number; lastOffset: number; offsetDelta: number; timestamp: number },
  ): void {
    this.adoptEpoch(epoch);
    if (this.batches.length === BATCHES_REMEMBERED) this.batches.shift();
    const { lastSequence, lastOffset, offsetDelta, timestamp } = batch;
    // A coordinator's transactional batches carry no sequences.
    const firstSequence = lastSequence === NONE ? NONE : batchFormat.decrementSequence(lastSequence, offsetDelta);
    this.batches.push({ firstSequence, lastSequence, lastOffset, offsetDelta, timestamp });
    this.lastTimestamp = timestamp;
  }

  endTransaction(marker: { epoch: number; coordinatorEpoch: number; timestamp: number }): void {
    this.adoptEpoch(marker.epoch);
    this.coordinatorEpoch = marker.coordinatorEpoch;
    this.lastTimestamp = marker.timestamp;
    this.transactionFirstOffset = NONE;
  }

  copy(): ProducerEntry {
    const copy = new ProducerEntry(this.producerId, this.batches.slice());
    copy.epoch = this.epoch;
    copy.coordinatorEpoch = this.coordinatorEpoch;
    copy.lastTimestamp = this.lastTimestamp;
    copy.transactionFirstOffset = this.transactionFirstOffset;
    return copy;
  }

  private adoptEpoch(epoch: number): void {
    if (epoch === this.epoch) return;
    this.batches.length = 0;
    this.epoch = epoch;
  }
}
