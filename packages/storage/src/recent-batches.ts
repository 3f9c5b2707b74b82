// Where the batches that were written last lie in a segment, so that a consumer at the tail is served without a look at index and file.
// Bounded: RECENT_BATCHES_MAX. Holds only what this process wrote, without a gap: whoever cuts or rereads the segment drops it.

import type { BatchHead } from "./batch-head.ts";
import { NOT_FOUND } from "./segment-scan.ts";

/** Takes 1 KB for each partition that is written to. A power of two. */
export const RECENT_BATCHES_MAX = 64;

export class RecentBatches {
  /** Last offset and position by turns. */
  private readonly entries = new Float64Array(2 * RECENT_BATCHES_MAX);
  private added = 0;

  /** Notes the batch that follows the one noted before it. */
  add(lastOffset: number, position: number): void {
    const at = slotOf(this.added++);
    this.entries[at] = lastOffset;
    this.entries[at + 1] = position;
  }

  /**
   * The position of the batch that holds `offset` or, where offsets have a gap, of the next one; position and size are left in
   * `head`. NOT_FOUND when it is not among them: for the oldest this cannot be told. `endPosition` is where the newest ends.
   */
  find(offset: number, endPosition: number, head: BatchHead): number {
    const oldest = Math.max(0, this.added - RECENT_BATCHES_MAX);
    let position = NOT_FOUND;
    let end = endPosition;
    for (let index = this.added - 1; index >= oldest; index--) {
      const at = slotOf(index);
      if (this.entries[at]! < offset) {
        head.position = position;
        head.sizeInBytes = end - position;
        return position;
      }
      if (position !== NOT_FOUND) end = position;
      position = this.entries[at + 1]!;
    }
    return NOT_FOUND;
  }
}

function slotOf(index: number): number {
  return 2 * (index & (RECENT_BATCHES_MAX - 1));
}
