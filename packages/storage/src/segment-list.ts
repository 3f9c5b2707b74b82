// The segments of a log in order of base offset. The last is the active one, the only one that grows.
// Invariant: never empty once loaded; base offsets increase.

import { assert } from "@ottla/base";
import type { Segment } from "./segment.ts";

export class SegmentList {
  private readonly segments: Segment[] = [];

  get active(): Segment {
    return this.segments.at(-1)!;
  }

  get first(): Segment {
    return this.segments[0]!;
  }

  get count(): number {
    return this.segments.length;
  }

  all(): readonly Segment[] {
    return this.segments;
  }

  at(index: number): Segment | null {
    return this.segments[index] ?? null;
  }

  add(segment: Segment): void {
    assert(this.count === 0 || segment.baseOffset > this.active.baseOffset, "segments are added in order");
    this.segments.push(segment);
  }

  /** The index of the last segment that begins at or before `offset`, or -1. */
  floorIndex(offset: number): number {
    let low = -1;
    let high = this.segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.segments[middle]!.baseOffset <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Takes the first `count` out of the list. */
  removeFirst(count: number): Segment[] {
    return this.segments.splice(0, count);
  }

  /** Takes all from `index` on out of the list. */
  removeFrom(index: number): Segment[] {
    return this.segments.splice(index);
  }

  sizeInBytes(): number {
    let sum = 0;
    for (const segment of this.segments) sum += segment.size;
    return sum;
  }
}
