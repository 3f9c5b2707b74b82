// What is out of use is removed when its time has come, a few at a time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, silentLogger } from "@ottla/base";
import { MemoryFileSystem } from "@ottla/storage";
import { DelayedRemoval } from "../src/delayed-removal.ts";

/** Notes what is removed; each removal ends when the test says so. */
class SlowRemovals extends MemoryFileSystem {
  readonly removed: string[] = [];
  private ends: (() => void)[] = [];

  override remove(path: string): Promise<void> {
    this.removed.push(path);
    return new Promise((resolve) => this.ends.push(resolve));
  }

  get running(): number {
    return this.ends.length;
  }

  async endOne(): Promise<void> {
    this.ends.shift()?.();
    await new Promise((resolve) => void setImmediate(resolve));
  }
}

function setUp(): { clock: ManualClock; fileSystem: SlowRemovals; removal: DelayedRemoval } {
  const clock = new ManualClock();
  const fileSystem = new SlowRemovals(clock);
  return { clock, fileSystem, removal: new DelayedRemoval({ fileSystem, clock, logger: silentLogger }) };
}

test("files go in the order of their time, whatever order they came in", async () => {
  const { clock, fileSystem, removal } = setUp();
  removal.add(["/late"], 300);
  removal.add(["/soon"], 100);
  removal.add(["/between"], 200);
  removal.add(["/at once"], 0);
  const seen: string[][] = [];
  for (const advanceMs of [0, 99, 1, 100, 99, 1]) {
    clock.advance(advanceMs);
    seen.push(fileSystem.removed.splice(0));
    await fileSystem.endOne();
  }
  assert.deepEqual(seen, [["/at once"], [], ["/soon"], ["/between"], [], ["/late"]]);
});

test("two are removed at a time, however many are due, and no more after a stop", async () => {
  const { clock, fileSystem, removal } = setUp();
  const paths = Array.from({ length: 20 }, (_, index) => `/${index}`);
  removal.add(paths.slice(0, 10), 10);
  removal.add(paths.slice(10), 10);
  clock.advance(10);
  for (let ended = 0; ended < 15; ended++) {
    assert.equal(fileSystem.running, 2);
    await fileSystem.endOne();
  }
  removal.add(["/never"], 0);
  removal.stop();
  clock.advance(10);
  for (let ended = 0; ended < 5; ended++) await fileSystem.endOne();
  assert.deepEqual(fileSystem.removed, paths.slice(0, 17));
});

test("a hundred thousand wait without being looked at again and again", () => {
  const { clock, removal } = setUp();
  let looks = 0;
  const schedule = clock.schedule.bind(clock);
  clock.schedule = (delayMs, action) => {
    looks++;
    return schedule(delayMs, action);
  };
  for (let count = 0; count < 100_000; count++) removal.add([`/${count}`], 60_000);
  assert.equal(looks, 1);
});
