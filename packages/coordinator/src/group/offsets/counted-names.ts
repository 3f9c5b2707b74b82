// Numbers small names: each name in use has an index, so that a million offsets hold 4 bytes for a group or topic instead of a string.
// Invariant: an index means one name as long as the name is held at least once; afterwards both are free.

import { assert } from "@ottla/base";

export class CountedNames {
  private readonly indexes = new Map<string, number>();
  private readonly names: string[] = [];
  private readonly holders: number[] = [];
  private readonly free: number[] = [];

  /** Names in use. */
  get size(): number {
    return this.indexes.size;
  }

  /** -1 when nobody holds the name. */
  indexOf(name: string): number {
    return this.indexes.get(name) ?? -1;
  }

  nameOf(index: number): string {
    return this.names[index]!;
  }

  /** The index of the name, held once more. */
  hold(name: string): number {
    const known = this.indexes.get(name);
    if (known !== undefined) {
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
    this.free.push(index);
  }

  /** How often the name is held. */
  holdsOf(index: number): number {
    return this.holders[index]!;
  }
}
