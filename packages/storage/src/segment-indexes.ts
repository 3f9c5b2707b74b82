// The three indexes of one segment: in memory, in their files, and the way between. They are read when first needed. Those of
// the active segment stay in memory and reach their files when it is rolled or closed; after a kill they are built again, because
// recovery reads the active segment anyway.
// Invariant: memory is given up only when the files hold the same.

import { DecodeError } from "@ottla/base";
import type { EntryTable } from "./entry-table.ts";
import type { FileSystem } from "./file-system.ts";
import { offsetFileName, OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX } from "./log-file-names.ts";
import { OffsetIndex } from "./offset-index.ts";
import { TimeIndex } from "./time-index.ts";
import { TransactionIndex } from "./transaction-index.ts";

export class SegmentIndexes {
  readonly baseOffset: number;
  offsets: OffsetIndex | null = null;
  times: TimeIndex | null = null;
  folder: string;
  /** Whether the files lack something. */
  changed = false;
  private transactions: TransactionIndex | null = null;
  private hasAborted: boolean;
  private readonly fileSystem: FileSystem;

  constructor(options: { fileSystem: FileSystem; folder: string; baseOffset: number; hasTransactions: boolean }) {
    this.fileSystem = options.fileSystem;
    this.folder = options.folder;
    this.baseOffset = options.baseOffset;
    this.hasAborted = options.hasTransactions;
  }

  /** Must be called with every change of an index. */
  noteChange(): void {
    this.changed = true;
  }

  /** Begins empty offset and time indexes; the files follow with the next `write`. */
  reset(): void {
    this.offsets = new OffsetIndex(this.baseOffset);
    this.times = new TimeIndex(this.baseOffset);
    this.changed = true;
  }

  /** Drops the aborted transactions as well; recovery finds them again. */
  resetTransactions(): void {
    this.transactions = this.hasAborted ? new TransactionIndex(this.baseOffset) : null;
    this.changed = true;
  }

  /** Reads offset and time index; says what makes them unusable, or null. `segmentBytes` is the length of the log. */
  load(segmentBytes: number): string | null {
    const offsetBytes = this.fileSystem.readFile(this.pathOf(OFFSET_INDEX_SUFFIX));
    const timeBytes = this.fileSystem.readFile(this.pathOf(TIME_INDEX_SUFFIX));
    if (offsetBytes === null || timeBytes === null) return "an index file is missing";
    const offsets = new OffsetIndex(this.baseOffset, offsetBytes);
    const times = new TimeIndex(this.baseOffset, timeBytes);
    // Closing a segment always writes its largest timestamp; without one the file was lost in a power cut.
    if (segmentBytes > 0 && times.count === 0) return "the time index is empty";
    try {
      const problem = offsets.problem(segmentBytes) ?? times.problem();
      if (problem !== null) return problem;
    } catch (error) {
      if (error instanceof DecodeError) return error.message;
      throw error;
    }
    this.offsets = offsets;
    this.times = times;
    return null;
  }

  /** Null when no transaction of this segment was aborted. @throws DecodeError when the file is damaged. */
  transactionIndex(): TransactionIndex | null {
    if (this.transactions === null && this.hasAborted) {
      this.transactions = new TransactionIndex(
        this.baseOffset,
        this.fileSystem.readFile(this.pathOf(TRANSACTION_INDEX_SUFFIX)) ?? undefined,
      );
    }
    return this.transactions;
  }

  /** The transaction index to add to; its file is made by `write`. */
  transactionIndexForAppend(): TransactionIndex {
    this.transactions = this.transactionIndex() ?? new TransactionIndex(this.baseOffset);
    this.hasAborted = true;
    this.changed = true;
    return this.transactions;
  }

  /** Brings the files up to what memory holds. */
  write(): void {
    if (!this.changed) return;
    if (this.offsets !== null) this.writeTable(OFFSET_INDEX_SUFFIX, this.offsets.table);
    if (this.times !== null) this.writeTable(TIME_INDEX_SUFFIX, this.times.table);
    if (this.transactions !== null) this.writeTable(TRANSACTION_INDEX_SUFFIX, this.transactions.table);
    this.changed = false;
  }

  /**
   * Writes offset and time index anew, so that a power cut leaves the old files or the new ones. A beginning of a time index looks
   * like a whole one, and those of old segments are not checked at start.
   */
  replace(): void {
    this.replaceTable(OFFSET_INDEX_SUFFIX, this.offsets!.table);
    this.replaceTable(TIME_INDEX_SUFFIX, this.times!.table);
    this.write();
  }

  /** Resolves when the files would survive a power cut; those that are gone meanwhile are left out. */
  sync(): Promise<void> {
    const transactions = this.hasAborted ? [TRANSACTION_INDEX_SUFFIX] : [];
    return this.syncFiles([OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, ...transactions]);
  }

  /** As `sync`, for the aborted transactions alone. */
  syncTransactions(): Promise<void> {
    return this.syncFiles(this.hasAborted ? [TRANSACTION_INDEX_SUFFIX] : []);
  }

  /** Whether there are aborted transactions. */
  get hasTransactions(): boolean {
    return this.hasAborted;
  }

  /** Gives up the memory, unless the files lack something. */
  drop(): void {
    if (this.changed) return;
    this.offsets = null;
    this.times = null;
    this.transactions = null;
  }

  heldBytes(): number {
    return (
      (this.offsets?.table.heldBytes() ?? 0) +
      (this.times?.table.heldBytes() ?? 0) +
      (this.transactions?.table.heldBytes() ?? 0)
    );
  }

  private async syncFiles(suffixes: readonly string[]): Promise<void> {
    for (const suffix of suffixes) {
      if (this.fileSystem.status(this.pathOf(suffix)) === null) continue;
      const file = this.fileSystem.open(this.pathOf(suffix), "append");
      try {
        await file.sync();
      } finally {
        file.close();
      }
    }
  }

  private pathOf(suffix: string): string {
    return `${this.folder}/${offsetFileName(this.baseOffset, suffix)}`;
  }

  private replaceTable(suffix: string, table: EntryTable): void {
    this.fileSystem.writeFileSynced(this.pathOf(suffix), table.all());
    table.writtenCount = table.count;
  }

  private writeTable(suffix: string, table: EntryTable): void {
    const file = this.fileSystem.open(this.pathOf(suffix), "append");
    try {
      if (file.size < table.writtenCount * table.entryBytes) table.writtenCount = 0;
      const keep = table.writtenCount * table.entryBytes;
      if (file.size !== keep) file.truncate(keep);
      if (table.count > table.writtenCount) file.appendSync(table.unwritten());
      table.writtenCount = table.count;
    } finally {
      file.close();
    }
  }
}
