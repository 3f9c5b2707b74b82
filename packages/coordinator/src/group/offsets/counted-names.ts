// Numbers small names: each name in use has an index, so that a million offsets hold 4 bytes for a group or topic instead of a string.
// Invariant: an index means one name as long as the name is held at least once; afterwards both are free.

import { assert } from "@ottla/base";

export class CountedNames {
  private readonly indexes = new Map<string, number>();
  private readonly names: string[] = [];
  private readonly holders: number[] = [];
  private readonly free: number[] = [];
  /** Offsets of one group and topic come one after another: the name that was looked for last, and its index. */
  private lastName = "";
  private lastIndex = -1;

  /** Names in use. */
  get size(): number {
    return this.indexes.size;
  }

  /** -1 when nobody holds the name. */
  indexOf(name: string): number {
    if (this.lastIndex >= 0 && this.lastName === name) return this.lastIndex;
    const index = this.indexes.get(name) ?? -1;
    this.lastName = name;
    this.lastIndex = index;
    return index;
  }

  nameOf(index: number): string {
    return this.names[index]!;
  }

  /** The index of the name, held once more. */
  hold(name: string): number {
    const known = this.indexOf(name);
    if (known >= 0) {
      this.holders[known]!++;
      return known;
    }
    const index = this.free.pop() ?? this.names.length;
    this.indexes.set(name, index);
    this.names[index] = name;
    this.holders[index] = 1;
    return index;
  }

  /** Gives one hold back. */
  release(index: number): void {
    const left = --this.holders[index]!;
    assert(left >= 0, "a name is released as often as it was held");
    if (left > 0) return;
    this.indexes.delete(this.names[index]!);
    this.names[index] = "";
    this.lastIndex = -1;
    this.free.push(index);
  }

  /** How often the name is held. */
  holdsOf(index: number): number {
    return this.holders[index]!;
  }
}
