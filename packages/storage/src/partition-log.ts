// The log of one topic partition: Kafka's UnifiedLog. Appends in groups, reads, looks up times, forgets old segments, flushes, closes.
// This class guards the state and its order of changes; how each thing is done stands in the modules it delegates to.
// Invariants: nothing is acknowledged that is not in the file; after a failed write or sync nothing more is (`offline`);
// offsets have no gaps; logStartOffset <= highWatermark <= logEndOffset.

import { assert } from "@ottla/base";
import type { FramePart } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { encodePartitionMetadata, PARTITION_METADATA_FILE } from "./checkpoint-files.ts";
import type { EpochEntry } from "./leader-epochs.ts";
import { LogAppender } from "./log-appender.ts";
import type { LogConfig } from "./log-config.ts";
import { LogFlusher } from "./log-flusher.ts";
import { abortedIn, locate, partOf } from "./log-reader.ts";
import type { AppendOptions, AppendResult, ReadOptions, ReadResult, TimestampAndOffset } from "./log-results.ts";
import { deleteOldSegments, moveLogStart } from "./log-retention.ts";
import { rollSegment, takeSnapshot } from "./log-state.ts";
import type { LogState } from "./log-state.ts";
import { findByTimestamp, findLargestTimestamp } from "./log-timestamps.ts";
import { truncateLog } from "./log-truncation.ts";
import type { Segment } from "./segment.ts";
import type { ActiveProducer } from "./producer-state.ts";
import type { TransactionBeginning } from "./transaction-verifications.ts";

export class PartitionLog {
  private readonly state: LogState;
  private readonly appender: LogAppender;
  private readonly flusher: LogFlusher;
  private failure: Error | null = null;
  private closed = false;
  private dirtySince: number | null = null;

  /** Use LogDirectory or openPartitionLog. */
  constructor(state: LogState, loaded: { recoveryPoint: number; namesDurable: boolean }) {
    this.state = state;
    this.flusher = new LogFlusher(state, loaded);
    this.appender = new LogAppender(state, {
      isOffline: () => this.failure !== null,
      failed: (error) => this.goOffline(error),
      rolled: (segment) => this.afterRoll(segment),
      written: () => this.afterWrite(),
    });
  }

  get topic(): string {
    return this.state.topic;
  }

  get partition(): number {
    return this.state.partition;
  }

  get folder(): string {
    return this.state.folder;
  }

  /** Null when the folder does not say; `assignTopicId` sets it. */
  get topicId(): string | null {
    return this.state.topicId;
  }

  get config(): LogConfig {
    return this.state.config;
  }

  get logStartOffset(): number {
    return this.state.logStartOffset;
  }

  /** The offset that the next record gets. */
  get logEndOffset(): number {
    return this.state.logEndOffset;
  }

  get highWatermark(): number {
    return this.state.highWatermark;
  }

  /** Up to where read_committed consumers may read. */
  get lastStableOffset(): number {
    return this.state.producers.lastStableOffset(this.state.highWatermark, this.state.logStartOffset);
  }

  get sizeInBytes(): number {
    return this.state.segments.sizeInBytes();
  }

  get firstSegmentOffset(): number {
    return this.state.segments.first.baseOffset;
  }

  get segmentCount(): number {
    return this.state.segments.count;
  }

  /** Everything below would survive a power cut. */
  get recoveryPoint(): number {
    return this.flusher.recoveryPoint;
  }

  /** True after a failed write or sync, and after `close`: appends and reads get KAFKA_STORAGE_ERROR. */
  get offline(): boolean {
    return this.failure !== null || this.closed;
  }

  /** Whether flush.messages records are in the file and not durable: then they are not acknowledged, or shown, before a flush. */
  flushIsDue(): boolean {
    return this.flusher.unflushedRecords() >= this.state.config.flushMessages;
  }

  /** When records became unflushed that still are (clock's monotonic milliseconds), or null. */
  get dirtySinceMs(): number | null {
    return this.dirtySince;
  }

  /**
   * Appends record batches. `records` belongs to the log until `done`, and may be changed in place.
   * All appends of one turn of the event loop leave in one write. `done` may be called before this returns when the log is offline.
   */
  append(records: Buffer, options: AppendOptions, done: (result: AppendResult) => void): void {
    if (this.offline) {
      done({ ...REFUSED, logStartOffset: this.state.logStartOffset });
      return;
    }
    this.appender.append(records, options, done);
  }

  /** Reads whole batches from the one that holds `offset`; may end inside of a batch, as Kafka's reads do. */
  read(options: ReadOptions): ReadResult {
    const { logStartOffset, logEndOffset, highWatermark, segments } = this.state;
    if (this.offline) return { ok: false, errorCode: errorCodes.KAFKA_STORAGE_ERROR, logStartOffset, highWatermark };
    if (options.offset < logStartOffset || options.offset > logEndOffset) {
      return { ok: false, errorCode: errorCodes.OFFSET_OUT_OF_RANGE, logStartOffset, highWatermark };
    }
    const lastStableOffset = this.lastStableOffset;
    const committed = options.upTo === "lastStableOffset";
    const endOffset = committed ? lastStableOffset : options.upTo === "logEnd" ? logEndOffset : highWatermark;
    const { offset, maxBytes, minOneBatch } = options;
    const range = { offset, endOffset, logEndOffset, maxBytes, minOneBatch };
    let part: FramePart | null = null;
    try {
      const located = locate(segments, range);
      part = located === null ? null : partOf(located, this.state.context.readPace);
      const abortedTransactions = !committed ? null : located === null ? [] : abortedIn(segments, located, range);
      return {
        ok: true,
        part,
        bytes: located?.bytes ?? 0,
        endsEarly: located?.endsEarly ?? false,
        logStartOffset,
        highWatermark,
        lastStableOffset,
        logEndOffset,
        abortedTransactions,
      };
    } catch (error) {
      if (part !== null && !Buffer.isBuffer(part)) part.release();
      // A damaged file or a failed read hurts the one who asked; appends go on, so the log stays online.
      this.state.context.logger.error({ folder: this.folder, offset, error }, "a log could not be read");
      return { ok: false, errorCode: errorCodes.KAFKA_STORAGE_ERROR, logStartOffset, highWatermark };
    }
  }

  /** Sets the high watermark, held between log start and log end. */
  updateHighWatermark(offset: number): void {
    const { state } = this;
    state.highWatermark = Math.max(state.logStartOffset, Math.min(offset, state.logEndOffset));
    state.producers.onHighWatermark(state.highWatermark);
  }

  /** The first record at or after `timestamp`; null when there is none. Not limited to the high watermark. @throws when the log cannot be read. */
  fetchOffsetByTimestamp(timestamp: number): TimestampAndOffset | null {
    return findByTimestamp(this.state.segments, { timestamp, startOffset: this.state.logStartOffset });
  }

  /** The first record with the largest timestamp; null when no record has one. @throws when the log cannot be read. */
  maxTimestampOffset(): TimestampAndOffset | null {
    return findLargestTimestamp(this.state.segments);
  }

  /** The log start and the leader epoch it was written in (-1 when not known). */
  earliest(): { offset: number; leaderEpoch: number } {
    const first = this.state.leaderEpochs.earliest();
    const known = first !== null && first.startOffset <= this.state.logStartOffset;
    return { offset: this.state.logStartOffset, leaderEpoch: known ? first.epoch : -1 };
  }

  get latestLeaderEpoch(): number {
    return this.state.leaderEpochs.latestEpoch();
  }

  get leaderEpochs(): readonly EpochEntry[] {
    return this.state.leaderEpochs.all();
  }

  /** As OffsetForLeaderEpoch asks: the largest epoch not above `epoch`, and where it ends; -1 and -1 when not known. */
  endOffsetFor(epoch: number): { epoch: number; endOffset: number } {
    return this.state.leaderEpochs.endOffsetFor(epoch, this.state.logEndOffset);
  }

  /** Notes that a leader begins at the log end (Kafka does so when a broker becomes leader). */
  startLeaderEpoch(epoch: number): void {
    this.state.leaderEpochs.assign(epoch, this.state.logEndOffset);
  }

  /** Before the first batch of a producer's transaction in this log; see ProducerState. */
  beginVerification(beginning: TransactionBeginning): { errorCode: number; guard: number } {
    return this.state.producers.beginVerification(beginning, this.state.context.clock.nowMs());
  }

  activeProducers(): ActiveProducer[] {
    return this.state.producers.activeProducers();
  }

  removeExpiredProducers(): number {
    return this.state.producers.removeExpired(this.state.context.clock.nowMs());
  }

  /** Why the log start cannot move to `offset`: OFFSET_OUT_OF_RANGE above the high watermark; NONE when it can. */
  refuseLogStart(offset: number): number {
    if (this.offline) return errorCodes.KAFKA_STORAGE_ERROR;
    return offset < 0 || offset > this.state.highWatermark ? errorCodes.OFFSET_OUT_OF_RANGE : errorCodes.NONE;
  }

  /** Moves the log start to `offset`, in memory: LogDirectory notes it. Returns as `refuseLogStart`. */
  deleteRecordsBefore(offset: number): number {
    const refusal = this.refuseLogStart(offset);
    if (refusal === errorCodes.NONE) moveLogStart(this.state, offset);
    return refusal;
  }

  /** Forgets what retention and the log start allow; returns how many segments. @throws after taking the log offline. */
  deleteOldSegments(): number {
    if (this.offline) return 0;
    return this.guarded(() => deleteOldSegments(this.state, !this.appender.isWriting()));
  }

  updateConfig(config: LogConfig): void {
    this.state.config = config;
    for (const segment of this.state.segments.all()) segment.indexIntervalBytes = config.indexIntervalBytes;
  }

  /** Writes partition.metadata; refuses to change an id. Durable with the next flush of the folder. */
  assignTopicId(topicId: string): void {
    assert(this.state.topicId === null || this.state.topicId === topicId, "a topic id never changes");
    if (this.state.topicId !== null) return;
    this.state.context.fileSystem.writeFile(
      `${this.folder}/${PARTITION_METADATA_FILE}`,
      encodePartitionMetadata(topicId),
    );
    this.state.topicId = topicId;
  }

  /** Begins a new segment at the log end; does nothing when the active one is empty. */
  async roll(): Promise<void> {
    await this.appender.idle();
    if (this.offline || this.state.segments.active.size === 0) return;
    const { active } = this.state.segments;
    this.guarded(() => rollSegment(this.state, this.state.logEndOffset));
    this.afterRoll(active);
  }

  /** Resolves when everything appended so far would survive a power cut. Rejects, and takes the log offline, when that failed. */
  async flush(): Promise<void> {
    if (this.failure !== null) throw this.failure;
    const endOffset = this.state.logEndOffset;
    try {
      await this.flusher.flush();
    } catch (error) {
      this.goOffline(error);
      throw error;
    }
    this.dirtySince = this.state.logEndOffset > endOffset ? this.state.context.clock.monotonicMs() : null;
  }

  /** Cuts the log so that `offset` is the next (followers). True when something was cut. Nothing may be appended until it resolves. */
  async truncateTo(offset: number): Promise<boolean> {
    await this.appender.idle();
    await this.flusher.idle();
    try {
      const cut = await truncateLog(this.state, offset);
      this.flusher.truncatedTo(this.state.logEndOffset);
      return cut;
    } catch (error) {
      this.goOffline(error);
      throw error;
    }
  }

  /**
   * Flushes, writes indexes and a producer snapshot, closes all files. Appends from now on are refused, those that wait are written.
   * Rejects when something failed: then the stop was not clean.
   */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.appender.idle();
    try {
      await this.flush();
      takeSnapshot(this.state, this.state.logEndOffset);
      for (const segment of this.state.segments.all()) segment.writeIndexes();
      await this.flusher.syncClosed();
    } finally {
      this.abandon();
    }
  }

  /** Closes all files and writes nothing more, because the log is deleted. */
  async discard(): Promise<void> {
    this.closed = true;
    await this.appender.idle();
    await this.flusher.idle();
    this.abandon();
  }

  private afterWrite(): Promise<void> | null {
    if (this.flusher.unflushedRecords() > 0) this.dirtySince ??= this.state.context.clock.monotonicMs();
    return this.flushIsDue() ? this.flush() : null;
  }

  private abandon(): void {
    for (const segment of this.state.segments.all()) segment.abandon();
  }

  private afterRoll(segment: Segment): void {
    this.flusher.noteRolled(segment);
    // Already reported by goOffline; nobody waits for this one.
    this.flush().catch(() => {});
  }

  private guarded<Result>(action: () => Result): Result {
    try {
      return action();
    } catch (error) {
      this.goOffline(error);
      throw error;
    }
  }

  private goOffline(error: unknown): void {
    if (this.failure !== null) return;
    this.failure = error instanceof Error ? error : new Error(String(error));
    this.state.context.logger.error({ folder: this.folder, error }, "a log is offline after a failed write");
    this.state.context.events.wentOffline(this, error);
  }
}

const REFUSED: AppendResult = {
  errorCode: errorCodes.KAFKA_STORAGE_ERROR,
  errorMessage: null,
  baseOffset: -1,
  lastOffset: -1,
  logAppendTimeMs: -1,
  logStartOffset: -1,
  recordErrors: [],
  appendedBytes: 0,
  appendedRecords: 0,
  duplicate: false,
};
