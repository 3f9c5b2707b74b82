// The timers of a shard, as data: keyed deadlines, the soonest first. The runtime sleeps until `nextMs` and then asks for what is due.
// Moving a deadline later, as every heartbeat does, costs a map entry; the heap learns of it when the old entry comes to its top.
// Invariant: a key has at most one deadline; an action runs at most once for each time that it was set.

import { assert } from "@ottla/base";

interface Deadline<Action> {
  dueMs: number;
  action: Action;
  /** The time of this key's earliest entry in the heap; never later than `dueMs`. */
  queuedMs: number;
}

interface Entry {
  dueMs: number;
  key: string;
}

/** Deadlines in monotonic milliseconds. */
export class Deadlines<Action> {
  private readonly byKey = new Map<string, Deadline<Action>>();
  private readonly heap: Entry[] = [];

  get size(): number {
    return this.byKey.size;
  }

  has(key: string): boolean {
    return this.byKey.has(key);
  }

  /** Sets the deadline of `key`; one that it had is forgotten. */
  set(key: string, dueMs: number, action: Action): void {
    const known = this.byKey.get(key);
    if (known === undefined) {
      this.byKey.set(key, { dueMs, action, queuedMs: dueMs });
      this.push({ dueMs, key });
      return;
    }
    known.dueMs = dueMs;
    known.action = action;
    if (dueMs >= known.queuedMs) return;
    known.queuedMs = dueMs;
    this.push({ dueMs, key });
  }

  cancel(key: string): void {
    this.byKey.delete(key);
    // Entries of forgotten keys are dropped at the top of the heap; when most are, they are swept.
    if (this.heap.length > 64 && this.heap.length > 4 * this.byKey.size) this.rebuild();
  }

  /** When the next action is due, or null. */
  nextMs(): number | null {
    this.settle();
    return this.heap[0]?.dueMs ?? null;
  }

  /** Takes the next action that is due at `nowMs`, or null. */
  takeDue(nowMs: number): Action | null {
    this.settle();
    const top = this.heap[0];
    if (top === undefined || top.dueMs > nowMs) return null;
    this.pop();
    const deadline = this.byKey.get(top.key);
    assert(deadline !== undefined, "the top of a settled heap is a live deadline");
    this.byKey.delete(top.key);
    return deadline.action;
  }

  // Brings a live and true entry to the top.
  private settle(): void {
    for (let top = this.heap[0]; top !== undefined; top = this.heap[0]) {
      const deadline = this.byKey.get(top.key);
      if (deadline !== undefined && deadline.dueMs === top.dueMs) return;
      this.pop();
      if (deadline !== undefined && deadline.queuedMs === top.dueMs) {
        deadline.queuedMs = deadline.dueMs;
        this.push({ dueMs: deadline.dueMs, key: top.key });
      }
    }
  }

  private rebuild(): void {
    this.heap.length = 0;
    for (const [key, deadline] of this.byKey) {
      deadline.queuedMs = deadline.dueMs;
      this.push({ dueMs: deadline.dueMs, key });
    }
  }

  private push(entry: Entry): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.dueMs <= entry.dueMs) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.dueMs < heap[child]!.dueMs) child++;
      if (heap[child]!.dueMs >= last.dueMs) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}
