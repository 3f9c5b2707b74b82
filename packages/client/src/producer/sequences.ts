// Sequence numbers of one partition of an idempotent producer (KIP-98, KIP-360): what TxnPartitionEntry is in Java's client. Pure.
// Batches are kept in the order in which they got their sequences, so nothing here compares sequence numbers by size: they wrap at 2^31.

import { assert } from "@ottla/base";
import { batchFormat } from "@ottla/protocol";
import type { Batch } from "./batch.ts";

export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

export const NO_IDENTITY: ProducerIdentity = { producerId: -1, producerEpoch: -1 };
export const LARGEST_EPOCH = 0x7fff;

const NONE = -1;
/** Brokers compare with so many batches of a producer to find duplicates (ProducerStateEntry.NUM_BATCHES_TO_RETAIN). */
const REMEMBERED_BATCHES = 5;

export class PartitionSequences {
  private identity: ProducerIdentity = NO_IDENTITY;
  /** Base sequence of the next batch. */
  private next = 0;
  /** Last sequence of the last batch that was acknowledged; -1 when there is none. */
  private lastAcked = NONE;
  /** How many batches got a sequence. */
  private assigned = 0;
  /** A batch was given up though it may have been written: the sequence that would follow it. null when there is none. */
  private unresolvedNext: number | null = null;
  /** The sequences have a gap that only a new epoch closes; nothing is sent until then. */
  needsNewEpoch = false;

  /** A batch of the present epoch was acknowledged. */
  get hasAcknowledged(): boolean {
    return this.lastAcked !== NONE;
  }

  get isUnresolved(): boolean {
    return this.unresolvedNext !== null;
  }

  /** The partition's sequences belong to another id or epoch. */
  isStale(current: ProducerIdentity): boolean {
    return this.identity.producerId !== current.producerId || this.identity.producerEpoch !== current.producerEpoch;
  }

  /** Gives a batch its sequence; before the first one of a new epoch, no batch of an older one may be left. */
  assign(batch: Batch, current: ProducerIdentity): void {
    assert(!batch.hasSequence, "a batch gets its sequence once");
    if (this.isStale(current)) this.restart(current, []);
    batch.setProducer({ ...current, baseSequence: this.next });
    batch.serial = this.assigned++;
    this.next = batchFormat.incrementSequence(this.next, batch.recordCount);
  }

  /** One more batch, and the broker would no longer know `first` again if that had been written and is sent once more. */
  isWindowFull(first: Batch): boolean {
    return this.assigned - first.serial >= REMEMBERED_BATCHES;
  }

  /** Starts at 0 with this id and epoch; batches that had a sequence get new ones, in their order. */
  restart(current: ProducerIdentity, sequenced: readonly Batch[]): void {
    this.identity = current;
    this.next = 0;
    this.lastAcked = NONE;
    this.unresolvedNext = null;
    this.needsNewEpoch = false;
    for (const batch of sequenced) {
      assert(batch.state !== "inFlight", "sequences never change under a request");
      batch.setProducer({ ...current, baseSequence: this.next });
      batch.sequenceWasReset = true;
      this.next = batchFormat.incrementSequence(this.next, batch.recordCount);
    }
  }

  /** The broker has the batch. */
  acknowledged(batch: Batch): void {
    if (this.isStale(batch)) return;
    if (this.lastAcked === NONE || isAhead(batch.lastSequence, this.lastAcked)) this.lastAcked = batch.lastSequence;
  }

  /** A batch behind it was acknowledged, so it was written as well, though nobody said so. */
  isPassed(batch: Batch): boolean {
    return this.lastAcked !== NONE && !this.isStale(batch) && isAhead(this.lastAcked, batch.lastSequence);
  }

  /** The batch is given up, and nobody knows whether it was written. */
  markUnresolved(batch: Batch): void {
    if (this.isStale(batch)) return;
    this.unresolvedNext = batchFormat.incrementSequence(batch.lastSequence, 1);
  }

  /** This is the batch right behind the one whose fate is unknown. */
  followsUnresolved(batch: Batch): boolean {
    return this.unresolvedNext === batch.baseSequence;
  }

  /** Continues what was acknowledged last. */
  isNext(sequence: number): boolean {
    return sequence === batchFormat.incrementSequence(this.lastAcked, 1);
  }

  /** With no sequenced batch left: whether all is known after all. If not, the sequences have to start anew. */
  resolve(): boolean {
    this.unresolvedNext = null;
    return this.isNext(this.next);
  }
}

// Sequences wrap; no two that are compared are half a circle apart.
function isAhead(sequence: number, other: number): boolean {
  return sequence !== other && batchFormat.decrementSequence(sequence, other) < 0x4000_0000;
}
