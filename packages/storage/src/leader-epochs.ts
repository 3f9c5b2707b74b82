// Kafka's LeaderEpochFileCache: at which offset each leader epoch began. Followers ask it where they diverge, consumers whether a
// truncation happened under them. Pure: the log writes the file when `dirty`, and recovery finds what was not written.
// Invariant: epochs and start offsets both increase.

import { assert } from "@ottla/base";

export const LEADER_EPOCH_CHECKPOINT = "leader-epoch-checkpoint";
export const UNDEFINED_EPOCH = -1;
export const UNDEFINED_EPOCH_OFFSET = -1;

export interface EpochEntry {
  epoch: number;
  startOffset: number;
}

export class LeaderEpochs {
  /** True when the entries differ from the file. */
  dirty = false;
  private entries: EpochEntry[];

  constructor(entries: EpochEntry[] = []) {
    this.entries = entries;
  }

  all(): readonly EpochEntry[] {
    return this.entries;
  }

  latestEpoch(): number {
    return this.entries.at(-1)?.epoch ?? UNDEFINED_EPOCH;
  }

  earliest(): EpochEntry | null {
    return this.entries[0] ?? null;
  }

  /** Notes that `epoch` begins at `startOffset`. Entries that contradict it go, as in Kafka. */
  assign(epoch: number, startOffset: number): void {
    assert(epoch >= 0 && startOffset >= 0, "a leader epoch and its start offset are not negative");
    const latest = this.entries.at(-1);
    if (latest !== undefined && latest.epoch === epoch && latest.startOffset <= startOffset) return;
    while (
      this.entries.length > 0 &&
      (this.entries.at(-1)!.epoch >= epoch || this.entries.at(-1)!.startOffset >= startOffset)
    ) {
      this.entries.pop();
    }
    this.entries.push({ epoch, startOffset });
    this.dirty = true;
  }

  /** The largest epoch not above `requestedEpoch` and where it ends, as OffsetForLeaderEpoch answers (KIP-101, KIP-279). */
  endOffsetFor(requestedEpoch: number, logEndOffset: number): { epoch: number; endOffset: number } {
    if (requestedEpoch === UNDEFINED_EPOCH) return { epoch: UNDEFINED_EPOCH, endOffset: UNDEFINED_EPOCH_OFFSET };
    if (requestedEpoch === this.latestEpoch()) return { epoch: requestedEpoch, endOffset: logEndOffset };
    const higher = this.entries.findIndex((entry) => entry.epoch > requestedEpoch);
    if (higher === -1) return { epoch: UNDEFINED_EPOCH, endOffset: UNDEFINED_EPOCH_OFFSET };
    const endOffset = this.entries[higher]!.startOffset;
    return { epoch: higher === 0 ? requestedEpoch : this.entries[higher - 1]!.epoch, endOffset };
  }

  /** The epoch that `offset` was written in, or -1. */
  epochOf(offset: number): number {
    return this.entries.findLast((entry) => entry.startOffset <= offset)?.epoch ?? UNDEFINED_EPOCH;
  }

  /** Drops what begins at `endOffset` or later. */
  truncateFromEnd(endOffset: number): void {
    const kept = this.entries.filter((entry) => entry.startOffset < endOffset);
    if (kept.length < this.entries.length) this.replace(kept);
  }

  /** Drops what ends before `startOffset`; the epoch that holds it then begins there. */
  truncateFromStart(startOffset: number): void {
    const last = this.entries.findLastIndex((entry) => entry.startOffset <= startOffset);
    if (last === -1 || (last === 0 && this.entries[0]!.startOffset === startOffset)) return;
    this.replace([{ epoch: this.entries[last]!.epoch, startOffset }, ...this.entries.slice(last + 1)]);
  }

  clear(): void {
    if (this.entries.length > 0) this.replace([]);
  }

  private replace(entries: EpochEntry[]): void {
    this.entries = entries;
    this.dirty = true;
  }
}
