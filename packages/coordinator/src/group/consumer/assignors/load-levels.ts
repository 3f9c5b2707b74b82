// Picks the least and the most loaded of a topic's subscribers in turn, without sorting again after each move.
// The subscribers are sorted once. The least loaded fill up like water from the left: a level rises when all below it have got one more.
// The most loaded drain from the right in the same way. Both pictures hold as long as each pick is followed by the move that it is for.

import { assert } from "@ottla/base";

export class LoadLevels {
  /** How many partitions each member has, by member index; shared with the assignor, which changes it as it moves partitions. */
  private readonly sizes: Int32Array;
  /** Member indices. */
  private sorted = new Float64Array(0);

  private lowEnd = 0;
  private lowLevel = 0;
  private lowNext = 0;

  private highStart = 0;
  /** Behind it stand members that have nothing of this topic to give. */
  private highEnd = 0;
  private highLevel = 0;
  private highNext = 0;

  constructor(sizes: Int32Array) {
    this.sizes = sizes;
  }

  /** By how much the fullest of these members has more than the emptiest. */
  spread(members: readonly number[]): number {
    const { sizes } = this;
    let least = sizes[members[0]!]!;
    let most = least;
    for (const member of members) {
      const size = sizes[member]!;
      if (size < least) least = size;
      else if (size > most) most = size;
    }
    return most - least;
  }

  /** Begins with these members, in the order of their sizes, then of their indices. */
  begin(members: readonly number[]): void {
    assert(members.length > 0, "a topic that is balanced has subscribers");
    const { sizes } = this;
    // Size and index in one number: those sort without a comparison function.
    const sorted = new Float64Array(members.length);
    for (let at = 0; at < sorted.length; at++) sorted[at] = sizes[members[at]!]! * sizes.length + members[at]!;
    sorted.sort();
    for (let at = 0; at < sorted.length; at++) sorted[at]! %= sizes.length;
    this.sorted = sorted;
    this.lowEnd = 0;
    this.lowLevel = sizes[this.sorted[0]!]! - 1;
    this.lowNext = 0;
    this.highStart = this.sorted.length;
    this.highEnd = this.sorted.length;
    this.highLevel = sizes[this.sorted.at(-1)!]! + 1;
    this.highNext = this.sorted.length - 1;
  }

  /** The next member to give a partition to. */
  takeLeast(): number {
    if (this.lowNext >= this.lowEnd) {
      this.lowLevel++;
      while (this.lowEnd < this.sorted.length && this.sizeAt(this.lowEnd) === this.lowLevel) this.lowEnd++;
      this.lowNext = 0;
    }
    return this.sorted[this.lowNext++]!;
  }

  /** The next member to take a partition from, or -1 when none is left. */
  takeMost(): number {
    if (this.highNext < this.highStart) {
      const drained = this.highEnd <= this.highStart && this.highStart > 0;
      this.highLevel = drained ? this.sizeAt(this.highStart - 1) : this.highLevel - 1;
      while (this.highStart > 0 && this.sizeAt(this.highStart - 1) === this.highLevel) this.highStart--;
      this.highNext = this.highEnd - 1;
    }
    if (this.highNext < 0) return -1;
    return this.sorted[this.highNext--]!;
  }

  /** The member that `takeMost` gave last has nothing to give. */
  excludeMost(): void {
    const at = this.highNext + 1;
    const last = this.highEnd - 1;
    const excluded = this.sorted[at]!;
    this.sorted[at] = this.sorted[last]!;
    this.sorted[last] = excluded;
    this.highEnd--;
  }

  isBalanced(): boolean {
    return this.highLevel - this.lowLevel <= 1;
  }

  private sizeAt(position: number): number {
    return this.sizes[this.sorted[position]!]!;
  }
}
