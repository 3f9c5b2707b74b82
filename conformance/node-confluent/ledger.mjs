// Who owns which partition and what was processed, as the members of a group tell it.

import { withResolvers } from "./support.mjs";

const stageLimitMs = 20_000;

export class Ledger {
  /** Two owners of one partition at a time, in sentences. */
  violations = [];
  seen = new Set();
  #owned = new Map();
  #waiting = [];

  /** The member owns these partitions and no others. */
  owns(member, partitions) {
    this.#owned.set(member, partitions);
    for (const [other, theirs] of this.#owned) {
      const shared = other === member ? [] : theirs.filter((partition) => partitions.includes(partition));
      if (shared.length > 0) this.violations.push(`${member} and ${other} both own ${shared.join(", ")}`);
    }
    this.#wake();
  }

  processed(values) {
    for (const value of values) this.seen.add(value);
    this.#wake();
  }

  gone(member) {
    this.#owned.delete(member);
    this.#wake();
  }

  /** So many members own something, and every partition has an owner. */
  restsWith(members, partitions) {
    const shares = [...this.#owned.values()];
    return shares.filter((share) => share.length > 0).length === members && shares.flat().length === partitions;
  }

  /** Resolves as soon as it holds; rejects with what is known after a limit. */
  async until(what, done) {
    if (done()) return;
    const { promise, resolve, reject } = withResolvers();
    this.#waiting.push({ done, resolve });
    const limit = setTimeout(() => reject(new Error(`${what} does not come: ${this.#state()}`)), stageLimitMs);
    await promise.finally(() => clearTimeout(limit));
  }

  #state() {
    const owners = [...this.#owned].map(([member, partitions]) => `${member} [${partitions.join(" ")}]`);
    return `${this.seen.size} records seen, owners ${owners.join(", ") || "none"}`;
  }

  #wake() {
    const ready = this.#waiting.filter(({ done }) => done());
    this.#waiting = this.#waiting.filter((waiter) => !ready.includes(waiter));
    for (const { resolve } of ready) resolve();
  }
}
