// Writes the markers of decided transactions until all are written (Kafka's TransactionMarkerChannelManager, for partitions of this node).
// A partition that cannot take its marker now is tried again; one that is deleted needs none.
// Invariants: a decided transaction is never given up while its partition may come back; once a transactional id has newer markers,
// those before are written no more, for they could end a transaction that began since.

import type { MarkerPartition, TransactionMarkers } from "@ottla/coordinator";
import { errorCodes, errorName } from "@ottla/protocol";
import type { Clock, Logger, Timer } from "@ottla/base";
import type { EndOfTransaction } from "./transaction-marker.ts";

export interface MarkerWriterParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether the metadata has the partition. */
  exists(partition: MarkerPartition): boolean;
  /** Writes one marker; resolves with an error code. */
  write(partition: MarkerPartition, end: EndOfTransaction): Promise<number>;
}

interface Writing {
  readonly markers: TransactionMarkers;
  readonly onWritten: (partitions: readonly MarkerPartition[]) => void;
  left: readonly MarkerPartition[];
  attempts: number;
  retry: Timer | null;
}

const FIRST_RETRY_MS = 20;
const LAST_RETRY_MS = 1000;

export class MarkerWriter {
  private readonly parts: MarkerWriterParts;
  private readonly underWay = new Map<string, Writing>();
  private closed = false;

  constructor(parts: MarkerWriterParts) {
    this.parts = parts;
  }

  /** Transactions whose markers are not all written. */
  get size(): number {
    return this.underWay.size;
  }

  /** Begins to write; `onWritten` is told of partitions that have their marker, or need none, until that is all of them. */
  write(markers: TransactionMarkers, onWritten: (partitions: readonly MarkerPartition[]) => void): void {
    if (this.closed) return;
    this.underWay.get(markers.transactionalId)?.retry?.cancel();
    const writing: Writing = { markers, onWritten, left: markers.partitions, attempts: 0, retry: null };
    this.underWay.set(markers.transactionalId, writing);
    void this.attempt(writing);
  }

  /** Writes no more; what is left is written after the next start. */
  close(): void {
    this.closed = true;
    for (const { retry } of this.underWay.values()) retry?.cancel();
    this.underWay.clear();
  }

  private async attempt(writing: Writing): Promise<void> {
    writing.retry = null;
    const { left, markers } = writing;
    // A partition may be offline until the next start: each line comes after twice as many attempts as the one before.
    const isTold = (writing.attempts & (writing.attempts + 1)) === 0;
    const results = await Promise.all(left.map((partition) => this.writeOne(partition, markers, isTold)));
    if (!this.isCurrent(writing)) return;
    if (results.includes(errorCodes.TRANSACTION_COORDINATOR_FENCED)) {
      // There is a newer coordinator, which drives the transaction on.
      this.underWay.delete(markers.transactionalId);
      return;
    }
    writing.left = left.filter((_, index) => results[index] !== errorCodes.NONE);
    if (writing.left.length === 0) this.underWay.delete(markers.transactionalId);
    else this.retryLater(writing);
    if (writing.left.length < left.length) {
      writing.onWritten(left.filter((_, index) => results[index] === errorCodes.NONE));
    }
  }

  private async writeOne(partition: MarkerPartition, markers: TransactionMarkers, isTold: boolean): Promise<number> {
    if (!this.parts.exists(partition)) return errorCodes.NONE;
    const errorCode = await this.tryToWrite(partition, markers);
    if (errorCode === errorCodes.NONE) return errorCode;
    const { transactionalId, producerId, producerEpoch } = markers;
    if (isTold) {
      this.parts.logger.warn(
        { ...partition, transactionalId, producerId, producerEpoch, error: errorName(errorCode) },
        "the marker of a transaction could not be written",
      );
    }
    // The partition has a later epoch of this producer and so no open transaction of this one. Kafka leaves the transaction undone here,
    // until its coordinator is loaded again.
    return errorCode === errorCodes.INVALID_PRODUCER_EPOCH ? errorCodes.NONE : errorCode;
  }

  private async tryToWrite(partition: MarkerPartition, markers: TransactionMarkers): Promise<number> {
    try {
      return await this.parts.write(partition, markers);
    } catch (error) {
      this.parts.logger.error({ ...partition, error }, "writing a transaction's marker failed");
      return errorCodes.UNKNOWN_SERVER_ERROR;
    }
  }

  private retryLater(writing: Writing): void {
    const delayMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** writing.attempts++);
    writing.retry = this.parts.clock.schedule(delayMs, () => void this.attempt(writing));
  }

  private isCurrent(writing: Writing): boolean {
    return this.underWay.get(writing.markers.transactionalId) === writing;
  }
}
