// Kafka's OffsetIndex: for some batches of a segment, (last offset - base offset: int32, position: int32), both increasing.
// The entry of the largest offset not above a target says where to begin to scan. The file may be lost: it is rebuilt from the segment.

import { assert, readInt32, writeInt32 } from "@ottla/base";
import { EntryTable } from "./entry-table.ts";

export const OFFSET_INDEX_ENTRY_BYTES = 8;
export const MAX_RELATIVE_OFFSET = 0x7fff_ffff;

export class OffsetIndex {
  readonly baseOffset: number;
  readonly table: EntryTable;

  constructor(baseOffset: number, bytes?: Buffer) {
    this.baseOffset = baseOffset;
    this.table = new EntryTable(OFFSET_INDEX_ENTRY_BYTES, bytes);
  }

  get count(): number {
    return this.table.count;
  }

  offsetAt(slot: number): number {
    return this.baseOffset + readInt32(this.table.bytes, slot * OFFSET_INDEX_ENTRY_BYTES);
  }

  positionAt(slot: number): number {
    return readInt32(this.table.bytes, slot * OFFSET_INDEX_ENTRY_BYTES + 4);
  }

  /** The base offset when there is no entry. */
  lastOffset(): number {
    return this.count === 0 ? this.baseOffset : this.offsetAt(this.count - 1);
  }

  /** Whether `more` entries would leave no room for another. */
  isFull(maxBytes: number, more: number): boolean {
    return this.count + more >= Math.floor(maxBytes / OFFSET_INDEX_ENTRY_BYTES);
  }

  append(offset: number, position: number): void {
    assert(this.count === 0 || offset > this.lastOffset(), "offsets in an index increase");
    assert(
      offset >= this.baseOffset && offset - this.baseOffset <= MAX_RELATIVE_OFFSET,
      "an index entry's offset fits 31 bits",
    );
    const at = this.table.add();
    writeInt32(this.table.bytes, at, offset - this.baseOffset);
    writeInt32(this.table.bytes, at + 4, position);
  }

  /** The slot of the largest offset not above `offset`, or -1. */
  slotOf(offset: number): number {
    return lastSlotWhere(this.count, (slot) => this.offsetAt(slot) <= offset);
  }

  /** Where to begin to look for `offset`. */
  positionOf(offset: number): number {
    const slot = this.slotOf(offset);
    return slot === -1 ? 0 : this.positionAt(slot);
  }

  /** The offset of the first entry at or beyond `position`, or null: an upper bound of the offsets that lie before it. */
  offsetAtOrAfter(position: number): number | null {
    const slot = lastSlotWhere(this.count, (at) => this.positionAt(at) < position) + 1;
    return slot < this.count ? this.offsetAt(slot) : null;
  }

  /** Drops the entries of `offset` and later. */
  truncateTo(offset: number): void {
    this.table.cut(lastSlotWhere(this.count, (slot) => this.offsetAt(slot) < offset) + 1);
  }

  /** What is wrong with the entries of a segment of `segmentBytes`, or null. Kafka checks the same and rebuilds. */
  problem(segmentBytes: number): string | null {
    for (let slot = 0; slot < this.count; slot++) {
      const [offset, position] = [this.offsetAt(slot), this.positionAt(slot)];
      if (offset < this.baseOffset) return `entry ${slot} has an offset below the base offset`;
      if (position < 0 || position >= segmentBytes) return `entry ${slot} points outside of the segment`;
      if (slot > 0 && (offset <= this.offsetAt(slot - 1) || position <= this.positionAt(slot - 1))) {
        return `entry ${slot} does not increase`;
      }
    }
    return null;
  }
}

/** The last slot below `count` that satisfies `holds`, which is true for a beginning of the table and false for the rest; or -1. */
export function lastSlotWhere(count: number, holds: (slot: number) => boolean): number {
  let low = -1;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
