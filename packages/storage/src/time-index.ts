// Kafka's TimeIndex: (timestamp: int64, last offset of its batch - base offset: int32). An entry says that no record before
// that batch has a later timestamp, so timestamps increase strictly and offsets never decrease.
// One slot stays free for the entry that is written when the segment is closed or rolled.

import { assert, readInt32, readInt64, writeInt32, writeInt64 } from "@ottla/base";
import { EntryTable } from "./entry-table.ts";
import { lastSlotWhere } from "./offset-index.ts";

export const TIME_INDEX_ENTRY_BYTES = 12;
export const NO_TIMESTAMP = -1;

export class TimeIndex {
  readonly baseOffset: number;
  readonly table: EntryTable;

  constructor(baseOffset: number, bytes?: Buffer) {
    this.baseOffset = baseOffset;
    this.table = new EntryTable(TIME_INDEX_ENTRY_BYTES, bytes);
  }

  get count(): number {
    return this.table.count;
  }

  /** @throws DecodeError when the file holds no safe number here. */
  timestampAt(slot: number): number {
    return readInt64(this.table.bytes, slot * TIME_INDEX_ENTRY_BYTES);
  }

  offsetAt(slot: number): number {
    return this.baseOffset + readInt32(this.table.bytes, slot * TIME_INDEX_ENTRY_BYTES + 8);
  }

  lastTimestamp(): number {
    return this.count === 0 ? NO_TIMESTAMP : this.timestampAt(this.count - 1);
  }

  lastOffset(): number {
    return this.count === 0 ? this.baseOffset : this.offsetAt(this.count - 1);
  }

  /** Whether `more` entries would leave no room for another. */
  isFull(maxBytes: number, more: number): boolean {
    return this.count + more >= Math.floor(maxBytes / TIME_INDEX_ENTRY_BYTES) - 1;
  }

  /** Adds an entry when the timestamp is later than the last; does nothing else, as Kafka does. */
  maybeAppend(timestamp: number, offset: number): void {
    if (timestamp <= this.lastTimestamp()) return;
    assert(this.count === 0 || offset >= this.lastOffset(), "offsets in a time index do not decrease");
    const at = this.table.add();
    writeInt64(this.table.bytes, at, timestamp);
    writeInt32(this.table.bytes, at + 8, offset - this.baseOffset);
  }

  /** The last entry not later than `timestamp`, or -1. */
  slotOf(timestamp: number): number {
    return lastSlotWhere(this.count, (at) => this.timestampAt(at) <= timestamp);
  }

  /** The offset of the last entry not later than `timestamp`, or the base offset: all before it are earlier. */
  offsetOf(timestamp: number): number {
    const slot = this.slotOf(timestamp);
    return slot === -1 ? this.baseOffset : this.offsetAt(slot);
  }

  /** Drops the entries of `offset` and later. */
  truncateTo(offset: number): void {
    this.table.cut(lastSlotWhere(this.count, (slot) => this.offsetAt(slot) < offset) + 1);
  }

  /** What is wrong with the entries, or null. @throws DecodeError when one has no safe number. */
  problem(): string | null {
    for (let slot = 0; slot < this.count; slot++) {
      const timestamp = this.timestampAt(slot);
      if (this.offsetAt(slot) < this.baseOffset) return `entry ${slot} has an offset below the base offset`;
      if (slot === 0) continue;
      if (timestamp <= this.timestampAt(slot - 1)) return `entry ${slot} is not later than the one before`;
      if (this.offsetAt(slot) < this.offsetAt(slot - 1)) return `entry ${slot} goes back in offsets`;
    }
    return null;
  }
}
