// What idempotence and transactions decide for the sender: with which id, epoch and sequence a batch goes, and what its failure means for
// those behind it. Three kinds: none, idempotent (here), transactional (transactional-sequencing.ts). Java has all of it in TransactionManager.

import type { KafkaError } from "../errors.ts";
import type { Batch } from "./batch.ts";
import type { ProducerPartition } from "./producer-partition.ts";
import { LARGEST_EPOCH, NO_IDENTITY } from "./sequences.ts";
import type { ProducerIdentity } from "./sequences.ts";

export interface Sequencing {
  /** null: batches go without id and sequence. */
  readonly identity: ProducerIdentity | null;
  readonly transactionalId: string | null;
  /** The highest version of Produce to use; undefined for any. */
  readonly maxProduceVersion: number | undefined;
  /** Brokers take only sequence 0 of a producer that they do not know (KIP-890); else any. */
  readonly gapsAreRefused: boolean;
  /** Nothing waits for company, as a transaction is about to end. */
  readonly isHurried: boolean;
  /** Not null: batches that would be sent again are given up with this error instead. */
  readonly givesUp: KafkaError | null;
  /** Whether anything may be sent; sets about what is missing, and the sender is told when it is there. */
  prepare(): boolean;
  maySend(partition: ProducerPartition): boolean;
  /** The calls of the batch were told this error. */
  recordsFailed(batch: Batch, error: KafkaError): void;
  /**
   * A batch with a sequence left without being acknowledged. `refused`: the broker has certainly not written it with this attempt; else
   * nobody knows.
   */
  sequenceLost(batch: Batch, refused: boolean): void;
  /** The broker found a gap, or has lost track of the producer. */
  needNewEpoch(partition: ProducerPartition): void;
  /** An answer for the partition was dealt with. */
  settled(partition: ProducerPartition): void;
}

/** acks other than all, or idempotent false. */
export const unsequenced: Sequencing = {
  identity: null,
  transactionalId: null,
  maxProduceVersion: undefined,
  gapsAreRefused: false,
  isHurried: false,
  givesUp: null,
  prepare: () => true,
  maySend: () => true,
  recordsFailed() {},
  sequenceLost() {},
  needNewEpoch() {},
  settled() {},
};

/**
 * Idempotence without transactions. Where sequences have a gap, the epoch is raised here, without asking the broker (KIP-360), and the
 * partition's batches get new sequences: but only when no request with one of them is out, so that each of them was answered, or is behind
 * one that was refused.
 */
export class IdempotentSequencing implements Sequencing {
  readonly transactionalId = null;
  readonly maxProduceVersion = undefined;
  readonly gapsAreRefused = false;
  readonly isHurried = false;
  readonly givesUp = null;
  private current: ProducerIdentity = NO_IDENTITY;
  private readonly acquire: () => void;
  private readonly restarting = new Set<ProducerPartition>();

  /** @param acquire begins to ask for an id, unless that is under way; ends with `acquired` */
  constructor(acquire: () => void) {
    this.acquire = acquire;
  }

  get identity(): ProducerIdentity {
    return this.current;
  }

  prepare(): boolean {
    if (this.current.producerId >= 0) return true;
    this.acquire();
    return false;
  }

  acquired(identity: ProducerIdentity): void {
    this.current = identity;
    for (const partition of this.restarting) partition.sequences.restart(identity, partition.sequenced());
    this.restarting.clear();
  }

  maySend(): boolean {
    return true;
  }

  recordsFailed(): void {}

  sequenceLost(batch: Batch, refused: boolean): void {
    const { sequences } = batch.partition;
    if (refused && !batch.fateUnknown) sequences.needsNewEpoch = true;
    else sequences.markUnresolved(batch);
  }

  needNewEpoch(partition: ProducerPartition): void {
    partition.sequences.needsNewEpoch = true;
  }

  settled(partition: ProducerPartition): void {
    const { sequences } = partition;
    if (sequences.isUnresolved && !partition.hasSequenced && !sequences.resolve()) sequences.needsNewEpoch = true;
    if (sequences.needsNewEpoch && partition.inFlight === 0) this.restart(partition);
  }

  private restart(partition: ProducerPartition): void {
    const { producerId, producerEpoch } = this.current;
    if (producerId < 0 || producerEpoch === LARGEST_EPOCH) {
      this.current = NO_IDENTITY;
      this.restarting.add(partition);
      return;
    }
    this.current = { producerId, producerEpoch: producerEpoch + 1 };
    partition.sequences.restart(this.current, partition.sequenced());
  }
}
