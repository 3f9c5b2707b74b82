// Which of a partition's records are in work: handed to the application and not finished yet. What may be committed ends before the
// oldest of them, whatever order they finish in. A record can be set aside: the application left its loop at it, so nobody works on it, but
// it is not finished either. Pure. One window lives from one position (seek, assignment) to the next, so that records from before a seek
// cannot finish records from after it.

import { assert } from "@ottla/base";

/** Beyond this many finished entries at the front the list is shortened. */
const COMPACT_AT = 64;
/** Emptied lists that are longer give their memory back; shorter ones are written over. */
const KEPT_ENTRIES = 1_024;

export class WorkWindow {
  private readonly offsets: number[] = [];
  private readonly epochs: number[] = [];
  private readonly finished: boolean[] = [];
  /** Entries are those from `head` up to `size`. */
  private head = 0;
  private size = 0;
  private unfinished = 0;
  /** Offsets of those set aside; seldom more than one. */
  private aside: number[] = [];
  private isAbandoned = false;
  private readonly idleListeners: (() => void)[] = [];
  private readonly quietListeners: (() => void)[] = [];

  /** How many records are not finished. */
  get count(): number {
    return this.unfinished;
  }

  /** How many of them somebody works on. */
  get activeCount(): number {
    return this.isAbandoned ? 0 : this.workingCount;
  }

  /** The same whether the partition is gone or not. */
  get workingCount(): number {
    return this.unfinished - this.aside.length;
  }

  /** The partition is gone: nobody waits for the records that are still in work. */
  abandon(): void {
    this.isAbandoned = true;
    this.tellIdle();
  }

  /** The oldest record in work; -1 when there is none. */
  get oldestOffset(): number {
    return this.unfinished === 0 ? -1 : this.offsets[this.head]!;
  }

  /** Leader epoch that belongs to a commit of `oldestOffset`: that of the record before it. -1 when unknown. */
  get oldestEpoch(): number {
    return this.unfinished === 0 ? -1 : this.epochs[this.head]!;
  }

  /** A record goes to the application. Offsets rise. `epochBefore` is the leader epoch of what was handed out before it. */
  begin(offset: number, epochBefore: number): void {
    assert(
      this.unfinished === 0 || offset > this.offsets[this.size - 1]!,
      "records of a partition are handed out in order",
    );
    const at = this.size++;
    this.offsets[at] = offset;
    this.epochs[at] = epochBefore;
    this.finished[at] = false;
    this.unfinished++;
  }

  /** The application is done with the record; nothing happens when it was already, or was never in work. */
  finish(offset: number): void {
    const at = this.find(offset);
    if (at === -1 || this.finished[at]!) return;
    this.finished[at] = true;
    this.unfinished--;
    if (this.aside.length > 0) this.aside = this.aside.filter((each) => each !== offset);
    this.settleFront();
    this.tellIdle();
  }

  /** Nobody works on the record any more, but it is not finished. */
  setAside(offset: number): void {
    const at = this.find(offset);
    if (at === -1 || this.finished[at]! || this.aside.includes(offset)) return;
    this.aside.push(offset);
    this.tellIdle();
  }

  /** Everything up to and with `offset` is done. */
  finishThrough(offset: number): void {
    if (this.unfinished === 0 || this.offsets[this.head]! > offset) return;
    if (this.aside.length > 0) this.aside = this.aside.filter((each) => each > offset);
    if (this.offsets[this.size - 1]! <= offset) this.clear();
    else {
      for (; this.offsets[this.head]! <= offset; this.head++) if (!this.finished[this.head]!) this.unfinished--;
      this.settleFront();
    }
    this.tellIdle();
  }

  /** Calls once when nobody works on any record; at once when nobody does now. */
  onIdle(listener: () => void): void {
    if (this.activeCount === 0) listener();
    else this.idleListeners.push(listener);
  }

  /** As `onIdle`, and waits for records in work though the partition is gone. */
  onQuiet(listener: () => void): void {
    if (this.workingCount === 0) listener();
    else this.quietListeners.push(listener);
  }

  /** What is finished at the front goes. */
  private settleFront(): void {
    if (this.unfinished === 0) {
      this.clear();
      return;
    }
    while (this.finished[this.head]!) this.head++;
    if (this.head >= COMPACT_AT && this.head * 2 >= this.size) this.compact();
  }

  private tellIdle(): void {
    if (this.idleListeners.length > 0 && this.activeCount === 0)
      for (const listener of this.idleListeners.splice(0)) listener();
    if (this.quietListeners.length > 0 && this.workingCount === 0)
      for (const listener of this.quietListeners.splice(0)) listener();
  }

  private find(offset: number): number {
    let low = this.head;
    let high = this.size - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.offsets[middle]!;
      if (found === offset) return middle;
      if (found < offset) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  private clear(): void {
    this.head = 0;
    this.size = 0;
    this.unfinished = 0;
    if (this.offsets.length > KEPT_ENTRIES) {
      this.offsets.length = 0;
      this.epochs.length = 0;
      this.finished.length = 0;
    }
  }

  private compact(): void {
    for (const list of [this.offsets, this.epochs, this.finished]) {
      list.copyWithin(0, this.head, this.size);
    }
    this.size -= this.head;
    this.head = 0;
  }
}
