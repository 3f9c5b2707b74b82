// One partition as the producer sees it: its batches that are not done, in the order in which their records were sent, and which of
// them may go next. Pure. The order never changes: a retried batch keeps its place, a split one is replaced in place.

import { assert } from "@ottla/base";
import type { Batch } from "./batch.ts";
import type { ProducerIdentity } from "./sequences.ts";
import { PartitionSequences } from "./sequences.ts";

export class ProducerPartition {
  readonly topic: string;
  readonly partition: number;
  /** Not done, or done but still in flight. Oldest first. */
  readonly batches: Batch[] = [];
  /** The last of `batches`, while it takes records. */
  open: Batch | null = null;
  /** Requests with a batch of this partition that have no answer yet. */
  inFlight = 0;
  leaderId = -1;
  leaderEpoch = -1;
  readonly sequences = new PartitionSequences();
  /** Number of the transaction that the partition was last added to. */
  transaction = -1;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  /** How many batches are not in flight. */
  get waitingBatches(): number {
    let count = 0;
    for (const batch of this.batches) if (batch.state !== "inFlight" && batch.state !== "done") count++;
    return count;
  }

  /** How much waits to be sent. */
  get waitingBytes(): number {
    let bytes = 0;
    for (const batch of this.batches)
      if (batch.state !== "inFlight" && batch.state !== "done") bytes += batch.sizeInBytes;
    return bytes;
  }

  /**
   * The batch that may be sent now as far as order goes, or null. With sequences, a batch is tried again only when it is the first, and
   * nothing new goes out behind one that waits for that: retries have one request in flight (Java's shouldStopDrainBatchesForPartition).
   * `identity` null: without sequences, where order through retries takes `maxInFlight` 1.
   *
   * The first batch of an epoch goes alone, unless `gapsAreRefused`: a broker that knows nothing of the producer takes any sequence, so a
   * second batch could be written before the first was tried again (which Java's client lets happen).
   */
  nextToSend(identity: ProducerIdentity | null, maxInFlight: number, gapsAreRefused: boolean): Batch | null {
    if (this.inFlight >= maxInFlight) return null;
    const { batches, sequences } = this;
    if (identity !== null && this.inFlight > 0 && !gapsAreRefused && !sequences.hasAcknowledged) return null;
    for (let index = 0; index < batches.length; index++) {
      const batch = batches[index]!;
      if (batch.state === "inFlight" || batch.state === "done") continue;
      if (identity === null) return batch;
      if (sequences.needsNewEpoch) return null;
      if (batch.hasSequence) return index === 0 ? batch : null;
      if (sequences.isUnresolved) return null;
      const mustWait = index > 0 && (sequences.isStale(identity) || sequences.isWindowFull(batches[0]!));
      return mustWait ? null : batch;
    }
    return null;
  }

  /** Some batch that has a sequence is not done with. */
  get hasSequenced(): boolean {
    return this.batches.some((batch) => batch.hasSequence);
  }

  /** Batches that have a sequence, in order. */
  sequenced(): Batch[] {
    return this.batches.filter((batch) => batch.hasSequence);
  }

  /** No record goes into the open batch any more. */
  closeOpen(): void {
    this.open?.close();
    this.open = null;
  }

  remove(batch: Batch): void {
    const at = this.batches.indexOf(batch);
    assert(at >= 0, "a batch is removed once");
    this.batches.splice(at, 1);
    if (this.open === batch) this.open = null;
  }

  /** Puts others where the batch was. */
  replace(batch: Batch, others: readonly Batch[]): void {
    const at = this.batches.indexOf(batch);
    assert(at >= 0, "a batch that is split is there");
    this.batches.splice(at, 1, ...others);
  }
}
