// Kafka's TransactionIndex: the aborted transactions of a segment, in the order of their markers, for read_committed fetches.
// An entry is version int16 = 0, then producer id, first offset, last offset (of the marker) and last stable offset as int64.
// Most segments have none, and then no file.

import { assert, readInt64, writeInt64 } from "@ottla/base";
import { EntryTable } from "./entry-table.ts";

export const TRANSACTION_INDEX_ENTRY_BYTES = 34;
const CURRENT_VERSION = 0;

export interface AbortedTransaction {
  producerId: number;
  firstOffset: number;
  lastOffset: number;
  /** The last stable offset once this transaction was decided. */
  lastStableOffset: number;
}

export class TransactionIndex {
  readonly baseOffset: number;
  readonly table: EntryTable;

  constructor(baseOffset: number, bytes?: Buffer) {
    this.baseOffset = baseOffset;
    this.table = new EntryTable(TRANSACTION_INDEX_ENTRY_BYTES, bytes);
  }

  get count(): number {
    return this.table.count;
  }

  entryAt(slot: number): AbortedTransaction {
    const at = slot * TRANSACTION_INDEX_ENTRY_BYTES;
    const bytes = this.table.bytes;
    return {
      producerId: readInt64(bytes, at + 2),
      firstOffset: readInt64(bytes, at + 10),
      lastOffset: readInt64(bytes, at + 18),
      lastStableOffset: readInt64(bytes, at + 26),
    };
  }

  append(aborted: AbortedTransaction): void {
    const last = this.count === 0 ? -1 : this.entryAt(this.count - 1).lastOffset;
    assert(aborted.lastOffset > last, "markers of aborted transactions follow each other");
    const at = this.table.add();
    this.table.bytes.writeInt16BE(CURRENT_VERSION, at);
    writeInt64(this.table.bytes, at + 2, aborted.producerId);
    writeInt64(this.table.bytes, at + 10, aborted.firstOffset);
    writeInt64(this.table.bytes, at + 18, aborted.lastOffset);
    writeInt64(this.table.bytes, at + 26, aborted.lastStableOffset);
  }

  /** Adds to `found` what a reader of [fetchOffset, upperBoundOffset) must skip; true when later segments hold no more of it. */
  collect(
    range: { fetchOffset: number; upperBoundOffset: number },
    found: { producerId: number; firstOffset: number }[],
  ): boolean {
    for (let slot = 0; slot < this.count; slot++) {
      const aborted = this.entryAt(slot);
      if (aborted.lastOffset >= range.fetchOffset && aborted.firstOffset < range.upperBoundOffset) {
        found.push({ producerId: aborted.producerId, firstOffset: aborted.firstOffset });
      }
      if (aborted.lastStableOffset >= range.upperBoundOffset) return true;
    }
    return false;
  }

  /** Drops the entries whose marker lies at `offset` or later. */
  truncateTo(offset: number): void {
    let count = 0;
    while (count < this.count && this.entryAt(count).lastOffset < offset) count++;
    this.table.cut(count);
  }

  /** What is wrong with the entries, or null. */
  problem(): string | null {
    for (let slot = 0; slot < this.count; slot++) {
      const version = this.table.bytes.readInt16BE(slot * TRANSACTION_INDEX_ENTRY_BYTES);
      if (version > CURRENT_VERSION) return `entry ${slot} has version ${version}`;
      if (this.entryAt(slot).lastOffset < this.baseOffset) return `entry ${slot} ends below the base offset`;
    }
    return null;
  }
}
