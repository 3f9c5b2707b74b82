// Collects records into batches by partition within the memory that it may use, and knows which partitions have something to send and
// which batches are not done. Pure: the clock is a parameter, sending is the sender's work. Java's counterpart is RecordAccumulator.

import type { Clock } from "@ottla/base";
import { batchFormat } from "@ottla/protocol";
import { Batch } from "./batch.ts";
import type { CompressionChoice } from "./batch.ts";
import type { BufferPool } from "./buffer-pool.ts";
import type { PendingRecord } from "./pending-record.ts";
import type { ProducerPartition } from "./producer-partition.ts";
import { exactSize } from "./record-writer.ts";
import { splitBatch } from "./split-batch.ts";

export interface AccumulatorOptions {
  /** What a batch that is too large is split into. */
  readonly batchSizeBytes: number;
  /** A batch never grows beyond, unless one record alone does. */
  readonly maxBatchBytes: number;
  readonly compression: CompressionChoice;
}

export class Accumulator {
  readonly pool: BufferPool;
  private readonly options: AccumulatorOptions;
  /** Partitions with a batch that is not in flight; what was looked at longest ago comes first. */
  readonly pending = new Set<ProducerPartition>();
  /** Batches whose calls are not settled, oldest first but for those that come of a split. */
  readonly incomplete = new Set<Batch>();
  /** How many `flush` calls wait. */
  flushing = 0;

  private readonly clock: Clock;

  constructor(pool: BufferPool, clock: Clock, options: AccumulatorOptions) {
    this.pool = pool;
    this.clock = clock;
    this.options = options;
  }

  /** Writes the record into the partition's batch; answers with its bytes, or 0 when there is no memory. `bound` is its `largestSize`. */
  append(record: PendingRecord, partition: ProducerPartition, bound: number): number {
    let batch = partition.open;
    if (batch === null || bound > batch.room || batch.sizeInBytes + bound > this.options.maxBatchBytes) {
      batch = this.roomFor(record, partition);
      if (batch === null) return 0;
    }
    return batch.append(record);
  }

  /** The batch's place is free, and whoever flushes is told. Its calls are settled by now, or it is dissolved. */
  forget(batch: Batch): void {
    this.incomplete.delete(batch);
    if (batch.flushes !== null) {
      for (const flush of batch.flushes) if (--flush.remaining === 0) flush.resolve();
      batch.flushes = null;
    }
  }

  /** Whether the partition still has something to send; what was just looked at goes behind the others. */
  rotate(partition: ProducerPartition): void {
    this.pending.delete(partition);
    if (partition.waitingBatches > 0) this.pending.add(partition);
  }

  /** Puts smaller batches where this one was. The caller forgets and releases it. */
  split(batch: Batch): Batch[] {
    // A batch that is already small is halved; else the usual size is tried (RecordAccumulator.splitAndReenqueue).
    const { batchSizeBytes } = this.options;
    const half = Math.max(batch.largestRecordBytes + batchFormat.HEADER_BYTES, Math.ceil(batch.sizeInBytes / 2));
    const target = batch.isSplit || batch.sizeInBytes <= batchSizeBytes ? half : batchSizeBytes;
    const parts = splitBatch(batch, this.pool, target);
    batch.partition.replace(batch, parts);
    for (const part of parts) {
      this.incomplete.add(part);
      if (batch.flushes !== null) {
        part.flushes = [...batch.flushes];
        for (const flush of part.flushes) flush.remaining++;
      }
    }
    this.pending.add(batch.partition);
    return parts;
  }

  /** Resolves when every batch of now is done. None of them takes further records. */
  flushed(): Promise<void> {
    if (this.incomplete.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const flush = { remaining: this.incomplete.size, resolve };
      for (const batch of this.incomplete) {
        if (batch.state === "open") batch.partition.closeOpen();
        (batch.flushes ??= []).push(flush);
      }
    });
  }

  private roomFor(record: PendingRecord, partition: ProducerPartition): Batch | null {
    const { maxBatchBytes, compression } = this.options;
    const size = exactSize(record);
    const { open } = partition;
    if (open !== null && open.sizeInBytes + size <= maxBatchBytes) {
      if (size <= open.room) return open;
      const piece = this.pool.take(size);
      if (piece === null) return null;
      open.addPiece(piece);
      return open;
    }
    const piece = this.pool.take(batchFormat.HEADER_BYTES + size);
    if (piece === null) return null;
    partition.closeOpen();
    const batch = new Batch(partition, this.pool, piece, { compression, createdMs: this.clock.monotonicMs() });
    partition.open = batch;
    partition.batches.push(batch);
    this.pending.add(partition);
    this.incomplete.add(batch);
    return batch;
  }
}
