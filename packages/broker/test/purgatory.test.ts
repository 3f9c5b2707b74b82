// Long polls: completed exactly once, by bytes, by time, by a change, or forgotten with their client.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "@ottla/base";
import { FetchPurgatory } from "../src/fetch/purgatory.ts";
import type { DelayedFetch } from "../src/fetch/purgatory.ts";
import type { Partition } from "../src/partition.ts";

describe("a delayed fetch", () => {
  for (const [name, act, completed] of [
    ["is answered when enough bytes arrived", (f: Fixture) => f.arrive(6, 4), 1],
    ["goes on waiting when too few arrived", (f: Fixture) => f.arrive(6, 3), 0],
    ["is answered when its time is up", (f: Fixture) => f.clock.advance(500), 1],
    ["is answered at once when something else changed", (f: Fixture) => f.arrive(0), 1],
    [
      "is answered once, whatever comes afterwards",
      (f: Fixture) => {
        f.arrive(100, 100);
        f.clock.advance(1000);
      },
      1,
    ],
    [
      "is forgotten when its client is gone",
      (f: Fixture) => {
        f.fetch.cancel();
        f.arrive(100);
        f.clock.advance(1000);
      },
      0,
    ],
    ["is answered at shutdown", (f: Fixture) => f.purgatory.close(), 1],
    [
      "of a read_committed reader does not count what arrives in an open transaction",
      (f: Fixture) => f.committed().arriveInTransaction(100),
      0,
    ],
    [
      "of a read_committed reader is answered when a marker makes enough readable",
      (f: Fixture) => f.committed().endTransaction(78, 0),
      1,
    ],
    [
      "of a read_committed reader goes on waiting when a marker makes too little readable",
      (f: Fixture) => f.committed().endTransaction(78, 4),
      0,
    ],
  ] as const) {
    it(name, () => {
      const fixture = new Fixture();
      act(fixture);
      assert.equal(fixture.completed, completed);
      assert.equal(fixture.purgatory.size, fixture.partition.waiting.size);
      if (completed === 1) assert.equal(fixture.purgatory.size, 0);
    });
  }
});

class Fixture {
  completed = 0;
  readonly clock = new ManualClock();
  readonly purgatory = new FetchPurgatory(this.clock);
  // Only the set of waiting fetches matters here.
  readonly partition = {
    waiting: new Set<DelayedFetch>(),
    watch(this: Partition, fetch: DelayedFetch): void {
      this.waiting.add(fetch);
    },
  } as unknown as Partition;
  private missing = 10;
  fetch = this.park(null);

  /** Lets a read_committed reader wait instead. */
  committed(): this {
    this.fetch.cancel();
    this.fetch = this.park(() => this.missing);
    return this;
  }

  arrive(...bytes: number[]): void {
    for (const count of bytes) for (const fetch of this.partition.waiting) fetch.arrived(count, true);
  }

  arriveInTransaction(bytes: number): void {
    for (const fetch of this.partition.waiting) fetch.arrived(bytes, false);
  }

  endTransaction(markerBytes: number, stillMissing: number): void {
    this.missing = stillMissing;
    this.arrive(markerBytes);
  }

  private park(recount: (() => number) | null): DelayedFetch {
    const complete = (): void => void this.completed++;
    return this.purgatory.park({ missingBytes: 10, maxWaitMs: 500, partitions: [this.partition], recount, complete });
  }
}
