// SharedRun: never two at once, and never an answer from a run that began before the question.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedRun } from "../src/shared-run.ts";

interface Run {
  end(): void;
  fail(error: Error): void;
}

function recorded(): { runs: Run[]; shared: SharedRun } {
  const runs: Run[] = [];
  const shared = new SharedRun(() => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    runs.push({ end: resolve, fail: reject });
    return promise;
  });
  return { runs, shared };
}

test("who asks while it runs shares the run after it", async () => {
  const { runs, shared } = recorded();
  const first = shared.run();
  const second = shared.run();
  const third = shared.run();
  assert.equal(runs.length, 1);
  runs[0]!.end();
  await first;
  await Promise.resolve();
  assert.equal(runs.length, 2);
  runs[1]!.end();
  await Promise.all([second, third]);
  assert.equal(runs.length, 2);
});

test("a run that fails fails for those who asked for it, and the next begins all the same", async () => {
  const { runs, shared } = recorded();
  const first = shared.run();
  const second = shared.run();
  runs[0]!.fail(new Error("no space"));
  await assert.rejects(first, /no space/);
  await Promise.resolve();
  runs[1]!.end();
  await second;
  const third = shared.run();
  assert.equal(runs.length, 3);
  runs[2]!.end();
  await third;
});
