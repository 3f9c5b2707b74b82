// One segment of a log: the .log file, and through its indexes the way to an offset or a time in it. Appending is told to it after
// the write (`appended`), so that a failed write leaves no trace here.
// Invariant: `size` bytes of whole batches are in the file; their offsets are from baseOffset to baseOffset + 2^31 - 1.

import { assert, DecodeError } from "@ottla/base";
import type { Logger } from "@ottla/base";
import { BatchHead } from "./batch-head.ts";
import type { File, FileSystem } from "./file-system.ts";
import {
  LOG_SUFFIX,
  offsetFileName,
  OFFSET_INDEX_SUFFIX,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from "./log-file-names.ts";
import { MAX_RELATIVE_OFFSET } from "./offset-index.ts";
import type { OffsetIndex } from "./offset-index.ts";
import { FileHandle } from "./open-files.ts";
import type { IndexOwner, OpenFiles } from "./open-files.ts";
import { RecentBatches } from "./recent-batches.ts";
import { SegmentIndexes } from "./segment-indexes.ts";
import { NOT_FOUND, scanHeads } from "./segment-scan.ts";
import { NO_TIMESTAMP } from "./time-index.ts";
import type { TimeIndex } from "./time-index.ts";
import type { TransactionIndex } from "./transaction-index.ts";

export interface SegmentOptions {
  folder: string;
  baseOffset: number;
  openFiles: OpenFiles;
  logger: Logger;
  indexIntervalBytes: number;
  /** Bytes of the .log file, 0 for a new one. */
  size: number;
  createdMs: number;
  /** How much earlier than segment.ms this one rolls. */
  rollJitterMs: number;
  /** Whether a .txnindex file exists. */
  hasTransactionIndex: boolean;
}

/** A batch that was just written. */
export interface AppendedBatch {
  position: number;
  sizeInBytes: number;
  lastOffset: number;
  maxTimestamp: number;
}

const sharedHead = new BatchHead();

export class Segment implements IndexOwner {
  readonly baseOffset: number;
  readonly createdMs: number;
  readonly rollJitterMs: number;
  readonly indexes: SegmentIndexes;
  size: number;
  /** From here on this process wrote the file, so that it is likely in the page cache. */
  readonly hotFrom: number;
  indexIntervalBytes: number;
  private readonly openFiles: OpenFiles;
  private readonly logger: Logger;
  /** Open for appending, from the first append until the segment is old and flushed. */
  private own: FileHandle | null = null;
  /** Its files have other names, or it is closed. */
  private removed = false;
  /** Null until something is appended, and again when the segment is old. */
  private recent: RecentBatches | null = null;
  private bytesSinceIndexEntry = 0;
  private maxTimestamp: number | null = null;
  private maxTimestampOffset = -1;
  private firstTimestamp: number | null = null;

  constructor(options: SegmentOptions) {
    this.baseOffset = options.baseOffset;
    this.createdMs = options.createdMs;
    this.rollJitterMs = options.rollJitterMs;
    this.size = options.size;
    this.hotFrom = options.size;
    this.indexIntervalBytes = options.indexIntervalBytes;
    this.openFiles = options.openFiles;
    this.logger = options.logger;
    const { folder, baseOffset, hasTransactionIndex } = options;
    this.indexes = new SegmentIndexes({
      fileSystem: this.fileSystem,
      folder,
      baseOffset,
      hasTransactions: hasTransactionIndex,
    });
    if (options.size === 0) this.restart();
  }

  get path(): string {
    return this.pathOf(LOG_SUFFIX);
  }

  /** The file for use in this turn of the event loop. */
  file(): File {
    return this.own?.file ?? this.openFiles.get(this.path).file;
  }

  /** The file for longer use; release the handle afterwards. */
  hold(): FileHandle {
    return (this.own ?? this.openFiles.get(this.path)).hold();
  }

  /** The file for appending; it stays open until `close` or `closeAppender`. */
  appender(): File {
    if (this.own === null) {
      this.openFiles.forget(this.path);
      this.own = new FileHandle(this.fileSystem.open(this.path, "append"));
    }
    return this.own.file;
  }

  /** Gives back the file for appending; readers that hold it keep it. */
  closeAppender(): void {
    const own = this.own;
    this.own = null;
    if (own === null) return;
    own.cached = false;
    if (own.holders === 0) own.file.close();
  }

  /** Takes note of a written batch: size, timestamps, and an index entry when due. */
  appended(batch: AppendedBatch): void {
    assert(batch.position === this.size, "batches follow each other in the file");
    if (this.size === 0) this.firstTimestamp = batch.maxTimestamp;
    this.noteTimestamp(batch.maxTimestamp, batch.lastOffset);
    if (this.bytesSinceIndexEntry > this.indexIntervalBytes) {
      this.offsetIndex().append(batch.lastOffset, batch.position);
      this.timeIndex().maybeAppend(this.maxTimestamp!, this.maxTimestampOffset);
      this.bytesSinceIndexEntry = 0;
    }
    this.bytesSinceIndexEntry += batch.sizeInBytes;
    (this.recent ??= new RecentBatches()).add(batch.lastOffset, batch.position);
    this.size += batch.sizeInBytes;
    this.indexes.noteChange();
  }

  holdsOffset(offset: number): boolean {
    return offset >= this.baseOffset && offset - this.baseOffset <= MAX_RELATIVE_OFFSET;
  }

  /** Whether an index would be beyond segment.index.bytes with `entries` more. */
  indexesFull(maxBytes: number, entries: number): boolean {
    const [offsets, times] = [this.offsetIndex(), this.timeIndex()];
    return offsets.isFull(maxBytes, entries) || times.isFull(maxBytes, entries);
  }

  /** The largest timestamp of its records, -1 when it has none or only magic 0. */
  largestTimestamp(): number {
    if (this.maxTimestamp === null) {
      const times = this.timeIndex();
      // Retention goes by it: an entry with a wrong bit must not make the segment old.
      if (times.count > 0 && !this.batchHasTime(times, times.count - 1)) this.rebuildTimes();
      this.maxTimestamp = this.timeIndex().lastTimestamp();
      this.maxTimestampOffset = this.timeIndex().lastOffset();
    }
    return this.maxTimestamp;
  }

  /** An offset before which every record is earlier than `timestamp`, as the time index has it. */
  offsetBefore(timestamp: number): number {
    const times = this.timeIndex();
    const slot = times.slotOf(timestamp);
    if (slot === -1) return this.baseOffset;
    if (this.batchHasTime(times, slot)) return times.offsetAt(slot);
    this.rebuildTimes();
    return this.offsetBefore(timestamp);
  }

  /** The last offset of the batch that has the largest timestamp. */
  largestTimestampOffset(): number {
    this.largestTimestamp();
    return this.maxTimestampOffset;
  }

  /** What retention goes by: the largest timestamp, or else when the file was last written. */
  retentionTimestamp(): number {
    const largest = this.largestTimestamp();
    return largest >= 0 ? largest : (this.fileSystem.status(this.path)?.modifiedMs ?? this.createdMs);
  }

  /** The age that segment.ms is compared with: by record time when there is one, else since it was created. */
  waitedForRollMs(nowMs: number, timestamp: number): number {
    if (this.size === 0) return nowMs - this.createdMs;
    if (this.firstTimestamp === null) {
      const found = scanHeads(this.file(), { from: 0, to: this.size }, sharedHead, () => true);
      this.firstTimestamp = found === NOT_FOUND ? NO_TIMESTAMP : sharedHead.maxTimestamp;
    }
    return this.firstTimestamp >= 0 ? timestamp - this.firstTimestamp : nowMs - this.createdMs;
  }

  offsetIndex(): OffsetIndex {
    if (this.indexes.offsets === null) this.loadIndexes();
    return this.indexes.offsets!;
  }

  timeIndex(): TimeIndex {
    if (this.indexes.times === null) this.loadIndexes();
    return this.indexes.times!;
  }

  transactionIndex(): TransactionIndex | null {
    return this.indexes.transactionIndex();
  }

  /**
   * The position of the batch that holds `offset` or, where offsets have a gap, of the next one in this segment; else NOT_FOUND.
   * Its head is left in `head`.
   * @throws DecodeError when damage is met first: whoever looks would else be led past records that were acknowledged.
   */
  positionOf(offset: number, head: BatchHead): number {
    const index = this.offsetIndex();
    const slot = index.slotOf(offset);
    const from = slot === -1 ? 0 : index.positionAt(slot);
    let misled = slot !== -1;
    let end = from;
    const found = scanHeads(this.file(), { from, to: this.size }, head, (at) => {
      if (misled) misled = at.lastOffset !== index.offsetAt(slot);
      end = at.position + at.sizeInBytes;
      return misled || at.lastOffset >= offset;
    });
    if (!misled) {
      if (found === NOT_FOUND && end < this.size) throw new DecodeError(`${this.path} is damaged at byte ${end}`);
      return found;
    }
    this.rebuildIndexes("an entry does not lead to its batch");
    return this.positionOf(offset, head);
  }

  /** As `positionOf`, for a reader: of the head only position and size are sure to be left, and of what was written last no byte is read. */
  readPositionOf(offset: number, head: BatchHead): number {
    const recent = this.recent === null ? NOT_FOUND : this.recent.find(offset, this.size, head);
    return recent === NOT_FOUND ? this.positionOf(offset, head) : recent;
  }

  /**
   * Where to begin to look for `offset`: at the batch of the last index entry that is not above it, or at the beginning.
   * An entry that does not lead to its batch has the indexes built again.
   */
  scanStart(offset: number): number {
    const index = this.offsetIndex();
    const slot = index.slotOf(offset);
    if (slot === -1) return 0;
    const position = index.positionAt(slot);
    const found = scanHeads(this.file(), { from: position, to: this.size }, sharedHead, () => true);
    if (found === position && sharedHead.lastOffset === index.offsetAt(slot)) return position;
    this.rebuildIndexes("an entry does not lead to its batch");
    return this.scanStart(offset);
  }

  /**
   * Where its whole batches end, as far as can be seen from their heads, and the offset behind the last of them. Looks at what
   * the indexes do not cover: if the time index lacks a timestamp, because its file was not synced, the indexes are built again.
   */
  end(): { position: number; offset: number } {
    const end = { position: this.scanStart(this.offsetIndex().lastOffset()), offset: this.baseOffset };
    end.position = Math.min(end.position, this.scanStart(this.timeIndex().lastOffset()));
    let maxTimestamp = NO_TIMESTAMP;
    scanHeads(this.file(), { from: end.position, to: this.size }, sharedHead, (head) => {
      end.position = head.position + head.sizeInBytes;
      end.offset = head.lastOffset + 1;
      maxTimestamp = Math.max(maxTimestamp, head.maxTimestamp);
      return false;
    });
    if (maxTimestamp > this.largestTimestamp()) this.rebuildIndexes("the time index ends too early");
    return end;
  }

  /** Writes what the index files lack. The last time index entry is the largest timestamp, as in every closed segment of Kafka. */
  writeIndexes(): void {
    this.completeTimes();
    this.indexes.write();
  }

  /** Becomes an old segment: index files complete, indexes in memory only while they are used. */
  becomeInactive(): void {
    this.recent = null;
    this.indexes.noteChange();
    this.writeIndexes();
    this.openFiles.usedIndexes(this, this.indexes.heldBytes());
  }

  /** Resolves when the log and, if asked, the index files would survive a power cut. Nothing is done for a removed segment. */
  async sync(options: { indexes: boolean }): Promise<void> {
    if (this.removed) return;
    const handle = this.own ?? new FileHandle(this.fileSystem.open(this.path, "append"));
    if (handle !== this.own) handle.cached = false;
    handle.hold();
    try {
      await handle.file.sync();
    } finally {
      handle.release();
    }
    if (options.indexes && !this.removed) await this.indexes.sync();
  }

  /** Whether any transaction of this segment was aborted. */
  get hasTransactions(): boolean {
    return this.indexes.hasTransactions;
  }

  /** Resolves when the aborted transactions in the index file would survive a power cut, but for the file's name. */
  async syncTransactions(): Promise<void> {
    if (!this.removed) await this.indexes.syncTransactions();
  }

  /** Cuts all batches from `position` on, which hold `offset` and later. */
  truncate(cut: { position: number; offset: number }): void {
    const [offsets, times, transactions] = [this.offsetIndex(), this.timeIndex(), this.transactionIndex()];
    this.appender().truncate(cut.position);
    this.size = cut.position;
    this.recent = null;
    offsets.truncateTo(cut.offset);
    times.truncateTo(cut.offset);
    transactions?.truncateTo(cut.offset);
    this.indexes.noteChange();
    this.bytesSinceIndexEntry = 0;
    this.firstTimestamp = null;
    this.maxTimestamp = times.lastTimestamp();
    this.maxTimestampOffset = times.lastOffset();
    scanHeads(this.file(), { from: this.scanStart(times.lastOffset()), to: this.size }, sharedHead, (head) => {
      this.noteTimestamp(head.maxTimestamp, head.lastOffset);
      return false;
    });
  }

  /** Forgets everything but the file; recovery then calls `appended` for every batch it finds. */
  restart(): void {
    this.size = 0;
    this.recent = null;
    this.indexes.reset();
    this.bytesSinceIndexEntry = 0;
    this.maxTimestamp = NO_TIMESTAMP;
    this.maxTimestampOffset = this.baseOffset;
    this.firstTimestamp = null;
  }

  dropIndexes(): void {
    if (this.own === null) this.indexes.drop();
  }

  /** Renames all files; open ones stay readable. Returns the new paths. */
  addSuffix(suffix: string): string[] {
    this.abandon();
    const renamed: string[] = [];
    for (const kind of [LOG_SUFFIX, OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX]) {
      const path = this.pathOf(kind);
      if (this.fileSystem.status(path) === null) continue;
      this.fileSystem.rename(path, path + suffix);
      renamed.push(path + suffix);
    }
    return renamed;
  }

  /** Closes without writing anything. */
  abandon(): void {
    this.removed = true;
    this.closeAppender();
    this.openFiles.forget(this.path);
    this.openFiles.forgetIndexes(this);
  }

  private get fileSystem(): FileSystem {
    return this.openFiles.fileSystem;
  }

  private pathOf(suffix: string): string {
    return `${this.indexes.folder}/${offsetFileName(this.baseOffset, suffix)}`;
  }

  private noteTimestamp(timestamp: number, lastOffset: number): void {
    if (timestamp <= this.largestTimestamp()) return;
    this.maxTimestamp = timestamp;
    this.maxTimestampOffset = lastOffset;
  }

  private completeTimes(): void {
    if (this.size > 0 && this.indexes.times !== null)
      this.timeIndex().maybeAppend(this.largestTimestamp(), this.maxTimestampOffset);
  }

  private loadIndexes(): void {
    const problem = this.indexes.load(this.size);
    if (problem !== null) this.rebuildIndexes(problem);
    else if (this.own === null) this.openFiles.usedIndexes(this, this.indexes.heldBytes());
  }

  /** Whether the batch that an entry of the time index leads to has the entry's timestamp. */
  private batchHasTime(times: TimeIndex, slot: number): boolean {
    try {
      const position = this.positionOf(times.offsetAt(slot), sharedHead);
      return position !== NOT_FOUND && sharedHead.maxTimestamp === times.timestampAt(slot);
    } catch (error) {
      if (error instanceof DecodeError) return false;
      throw error;
    }
  }

  private rebuildTimes(): void {
    this.rebuildIndexes("a time does not belong to its batch");
  }

  private rebuildIndexes(reason: string): void {
    this.logger.warn({ path: this.path, reason }, "an index is not usable and is built again from the segment");
    this.indexAnew();
    if (this.own !== null) return;
    try {
      this.completeTimes();
      this.indexes.replace();
      this.openFiles.usedIndexes(this, this.indexes.heldBytes());
    } catch (error) {
      // Reading goes on from memory; `close` tries again.
      this.logger.warn({ path: this.path, error }, "an index that was built again could not be written");
    }
  }

  /** @throws when the file cannot be read; then all is as before, and whoever looks next tries again. */
  private indexAnew(): void {
    const file = this.file();
    const { size, bytesSinceIndexEntry, maxTimestamp, maxTimestampOffset, firstTimestamp } = this;
    const { offsets, times, changed } = this.indexes;
    this.restart();
    try {
      scanHeads(file, { from: 0, to: size }, sharedHead, (head) => {
        this.appended(head);
        return false;
      });
    } catch (error) {
      Object.assign(this, { bytesSinceIndexEntry, maxTimestamp, maxTimestampOffset, firstTimestamp });
      Object.assign(this.indexes, { offsets, times, changed });
      throw error;
    } finally {
      this.size = size;
      // What was read here may end before the segment does.
      this.recent = null;
    }
  }
}
