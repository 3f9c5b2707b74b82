// Which producers wrote to a log and how far: the memory behind idempotence and transactions, Kafka's ProducerStateManager.
// Pure: files and clocks are the log's. A group of appends is staged while its write is under way: `check` sees what was staged,
// everything else sees only what was committed. Snapshots are kept by the log, encoded by producer-state-snapshot.ts.

import { assert, DecodeError } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { AppendOrigin } from "@ottla/protocol";
import { OpenTransactions } from "./open-transactions.ts";
import type { CompletedTransaction } from "./open-transactions.ts";
import { ProducerEntry } from "./producer-entry.ts";
import { isUnderWay, judgeBatch } from "./producer-rules.ts";
import type { ProducerBatch, ProducerVerdict, TransactionTerms } from "./producer-rules.ts";
import { decodeProducerSnapshot, encodeProducerSnapshot } from "./producer-state-snapshot.ts";
import type { AbortedTransaction } from "./transaction-index.ts";
import { NO_GUARD, TransactionVerifications } from "./transaction-verifications.ts";
import type { TransactionBeginning } from "./transaction-verifications.ts";

/** As DescribeProducers (KIP-664) lists it. */
export interface ActiveProducer {
  producerId: number;
  producerEpoch: number;
  lastSequence: number;
  lastTimestamp: number;
  coordinatorEpoch: number;
  currentTxnStartOffset: number;
}

const NO_TERMS: TransactionTerms = {};

/** A transaction's beginning or end in the order of the log. */
type Step = { begins: number; producerId: number } | CompletedTransaction;

export class ProducerState {
  /** producer.id.expiration.ms. */
  expirationMs: number;
  private producers = new Map<number, ProducerEntry>();
  private readonly transactions = new OpenTransactions();
  private readonly verifications = new TransactionVerifications();
  private readonly staged = new Map<number, ProducerEntry>();
  private readonly stagedSteps: Step[] = [];
  private end = 0;

  constructor(options: { expirationMs: number }) {
    this.expirationMs = options.expirationMs;
  }

  /** The offset up to which this state has seen the log; a snapshot taken now carries it in its name. */
  get endOffset(): number {
    return this.end;
  }

  get producerCount(): number {
    return this.producers.size;
  }

  /** Judges a batch of a producer with an id against what was committed and staged; changes nothing. */
  check(batch: ProducerBatch, origin: AppendOrigin, terms: TransactionTerms = NO_TERMS): ProducerVerdict {
    const { producerId } = batch;
    return judgeBatch(this.entryOf(producerId), batch, origin, terms, this.verifications.get(producerId));
  }

  /**
   * Before a producer's first batch of a transaction: the guard under which the coordinator is to be asked, and the batch be appended.
   * NO_GUARD when the transaction is under way and needs no asking. INVALID_PRODUCER_EPOCH for a producer of old.
   */
  beginVerification(beginning: TransactionBeginning, nowMs: number): { errorCode: number; guard: number } {
    const entry = this.entryOf(beginning.producerId);
    if (entry !== null && beginning.producerEpoch < entry.epoch)
      return { errorCode: errorCodes.INVALID_PRODUCER_EPOCH, guard: NO_GUARD };
    const isKnown = isUnderWay(entry, beginning.producerEpoch);
    return { errorCode: errorCodes.NONE, guard: isKnown ? NO_GUARD : this.verifications.begin(beginning, nowMs) };
  }

  /** Notes a batch that `check` let pass and that is about to be written at `baseOffset`. */
  stage(batch: ProducerBatch, baseOffset: number, terms: TransactionTerms = NO_TERMS): void {
    assert(batch.producerId >= 0, "only batches with a producer id have producer state");
    let entry = this.staged.get(batch.producerId);
    if (entry === undefined) {
      entry = this.producers.get(batch.producerId)?.copy() ?? new ProducerEntry(batch.producerId);
      this.staged.set(batch.producerId, entry);
    }
    if (batch.isTransactional) this.verifications.settle(batch, terms.transactionVersion ?? 0);
    if (batch.isControl) this.stageMarker(entry, batch, baseOffset);
    else this.stageData(entry, batch, baseOffset);
  }

  /**
   * Makes what was staged hold, after its write succeeded; `endOffset` is the log's end behind it.
   * Returns the entries that belong into the transaction index, in order.
   */
  commit(endOffset: number): AbortedTransaction[] {
    const aborted: AbortedTransaction[] = [];
    for (const [producerId, entry] of this.staged) this.producers.set(producerId, entry);
    for (const step of this.stagedSteps) {
      if ("begins" in step) {
        this.transactions.begin(step.begins, step.producerId);
        continue;
      }
      const entry = this.transactions.complete(step);
      if (entry !== null) aborted.push(entry);
    }
    this.discard();
    this.end = endOffset;
    return aborted;
  }

  /** Forgets what was staged, after its write failed. */
  discard(): void {
    if (this.staged.size > 0) this.staged.clear();
    this.stagedSteps.length = 0;
  }

  /**
   * Takes in a batch that is in the log already: recovery, and followers. Batches without a producer id only move the end.
   * Returns the entry for the transaction index when the batch aborts a transaction.
   */
  replay(batch: ProducerBatch, baseOffset: number): AbortedTransaction | null {
    assert(this.staged.size === 0, "nothing is staged while the log is read back");
    if (batch.producerId >= 0) this.stage(batch, baseOffset);
    return this.commit(baseOffset + batch.lastOffsetDelta + 1)[0] ?? null;
  }

  /** The first offset of a transaction that is not decided below the high watermark; null when there is none. */
  firstUnstableOffset(): number | null {
    return this.transactions.firstUnstableOffset();
  }

  /** Up to where read_committed consumers may read (LSO). */
  lastStableOffset(highWatermark: number, logStartOffset: number): number {
    const first = this.transactions.firstUnstableOffset();
    return first === null ? highWatermark : Math.min(highWatermark, Math.max(first, logStartOffset));
  }

  /** Transactions whose markers are below the high watermark no longer hold back the last stable offset. */
  onHighWatermark(highWatermark: number): void {
    this.transactions.settleBelow(highWatermark);
  }

  /** The log's start moved up; producers stay until they expire. */
  onLogStartOffset(logStartOffset: number): void {
    this.transactions.settleBelow(logStartOffset);
    if (this.end < logStartOffset) this.end = logStartOffset;
  }

  /** Forgets producers without an open transaction that wrote nothing for `expirationMs`; returns how many. */
  removeExpired(nowMs: number): number {
    const before = this.producers.size;
    for (const [producerId, entry] of this.producers) {
      if (this.isExpired(entry, nowMs)) this.producers.delete(producerId);
    }
    this.verifications.removeExpired(nowMs, this.expirationMs);
    return before - this.producers.size;
  }

  /** The snapshot file's content for the state at `endOffset`. */
  snapshot(): Buffer {
    return encodeProducerSnapshot(this.producers.values());
  }

  /**
   * Starts over from a snapshot that was taken at `endOffset`; batches from there on are replayed by the caller.
   * @throws DecodeError when the snapshot is damaged; the state is then as it was.
   */
  load(snapshot: Buffer, endOffset: number, nowMs: number): void {
    const entries = decodeProducerSnapshot(snapshot).filter((entry) => !this.isExpired(entry, nowMs));
    const open = entries.filter((entry) => entry.transactionFirstOffset >= 0);
    open.sort((left, right) => left.transactionFirstOffset - right.transactionFirstOffset);
    if (new Set(open.map((entry) => entry.transactionFirstOffset)).size !== open.length)
      throw new DecodeError("two transactions begin at one offset");
    this.reset(endOffset);
    for (const entry of entries) this.producers.set(entry.producerId, entry);
    for (const entry of open) this.transactions.begin(entry.transactionFirstOffset, entry.producerId);
  }

  /** Forgets everything: the log was cut, and is replayed from `endOffset` on. */
  reset(endOffset: number): void {
    assert(this.staged.size === 0, "nothing is staged while the state starts over");
    this.producers.clear();
    this.verifications.clear();
    this.transactions.clear();
    this.end = endOffset;
  }

  activeProducers(): ActiveProducer[] {
    const active: ActiveProducer[] = [];
    for (const entry of this.producers.values()) {
      active.push({
        producerId: entry.producerId,
        producerEpoch: entry.epoch,
        lastSequence: entry.lastSequence(),
        lastTimestamp: entry.lastTimestamp,
        coordinatorEpoch: entry.coordinatorEpoch,
        currentTxnStartOffset: entry.transactionFirstOffset,
      });
    }
    return active;
  }

  private entryOf(producerId: number): ProducerEntry | null {
    return this.staged.get(producerId) ?? this.producers.get(producerId) ?? null;
  }

  private stageData(entry: ProducerEntry, batch: ProducerBatch, baseOffset: number): void {
    const { lastSequence, lastOffsetDelta, maxTimestamp } = batch;
    entry.addBatch(batch.producerEpoch, {
      lastSequence,
      lastOffset: baseOffset + lastOffsetDelta,
      offsetDelta: lastOffsetDelta,
      timestamp: maxTimestamp,
    });
    if (!batch.isTransactional || entry.transactionFirstOffset >= 0) return;
    entry.transactionFirstOffset = baseOffset;
    this.stagedSteps.push({ begins: baseOffset, producerId: batch.producerId });
  }

  // A marker without an open transaction moves the epoch only and is no business of the last stable offset.
  private stageMarker(entry: ProducerEntry, batch: ProducerBatch, offset: number): void {
    if (batch.marker === null) return;
    const firstOffset = entry.transactionFirstOffset;
    const { type, coordinatorEpoch } = batch.marker;
    entry.endTransaction({ epoch: batch.producerEpoch, coordinatorEpoch, timestamp: batch.maxTimestamp });
    if (firstOffset < 0) return;
    this.stagedSteps.push({ producerId: batch.producerId, firstOffset, lastOffset: offset, aborted: type === "abort" });
  }

  private isExpired(entry: ProducerEntry, nowMs: number): boolean {
    return entry.transactionFirstOffset < 0 && nowMs - entry.lastTimestamp >= this.expirationMs;
  }
}
