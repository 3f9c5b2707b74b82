// The entries of an index file in memory, in the file's own bytes: fixed size, big endian, only ever appended or cut.
// The owner decides what an entry means. Nothing is written here: `unwritten` says what the file still lacks.
// Invariant: `count` entries are valid; `writtenCount` of them are in the file.

import { assert } from "@ottla/base";

const FIRST_ENTRIES = 16;
const NO_BYTES = Buffer.alloc(0);

export class EntryTable {
  readonly entryBytes: number;
  count: number;
  writtenCount: number;
  bytes: Buffer;

  /** Takes over `bytes`, as read from the file; what is no whole entry at the end is left out. */
  constructor(entryBytes: number, bytes: Buffer = NO_BYTES) {
    this.entryBytes = entryBytes;
    this.bytes = bytes;
    this.count = Math.floor(bytes.length / entryBytes);
    this.writtenCount = this.count;
  }

  /** Makes room for one more entry and returns where its bytes begin. */
  add(): number {
    const at = this.count * this.entryBytes;
    if (at === this.bytes.length || at + this.entryBytes > this.bytes.length) this.grow();
    this.count++;
    return at;
  }

  cut(count: number): void {
    assert(count >= 0 && count <= this.count, "an index is only cut shorter");
    this.count = count;
    this.writtenCount = Math.min(this.writtenCount, count);
  }

  /** Bytes of memory held. */
  heldBytes(): number {
    return this.bytes.length;
  }

  /** All entries in the file's format; shares memory with the table. */
  all(): Buffer {
    return this.bytes.subarray(0, this.count * this.entryBytes);
  }

  /** The entries that the file lacks; shares memory with the table. */
  unwritten(): Buffer {
    return this.bytes.subarray(this.writtenCount * this.entryBytes, this.count * this.entryBytes);
  }

  private grow(): void {
    const next = Buffer.allocUnsafeSlow(Math.max(FIRST_ENTRIES, this.count * 2) * this.entryBytes);
    this.bytes.copy(next, 0, 0, this.count * this.entryBytes);
    this.bytes = next;
  }
}
