// The columns hold what a plain map would, whatever comes and goes, and an offset costs little.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { SeededRandom } from "@ottla/base";
import { OffsetTable } from "../src/group/offsets/offset-table.ts";
import type { CommittedOffset } from "../src/group/offsets/offset-table.ts";

function keyOf(group: string, topic: string, partition: number): string {
  return `${group}/${topic}/${partition}`;
}

function assertSame(table: OffsetTable, model: Map<string, CommittedOffset>): void {
  assert.equal(table.size, model.size);
  const groups = new Map<string, Map<string, CommittedOffset>>();
  for (const [key, committed] of model) {
    const group = key.slice(0, key.indexOf("/"));
    groups.set(group, (groups.get(group) ?? new Map<string, CommittedOffset>()).set(key, committed));
  }
  for (const group of ["g0", "g1", "g2", "g3"]) {
    const expected = groups.get(group) ?? new Map<string, CommittedOffset>();
    const found = new Map(
      [...table.ofGroup(group)].map((each) => [keyOf(group, each.topic, each.partition), each] as const),
    );
    assert.deepEqual(found, expected);
    assert.equal(table.hasGroup(group), expected.size > 0);
    assert.equal(table.countOf(group), expected.size);
  }
  for (const topic of ["t0", "t1", "t2"]) {
    const found = [...table.ofTopic(topic)].map(({ group, committed }) => keyOf(group, topic, committed.partition));
    assert.deepEqual(found.sort(), [...model.keys()].filter((key) => key.includes(`/${topic}/`)).sort());
  }
}

for (const seed of [1, 2, 3]) {
  test(`20,000 random commits and removals, seed ${seed}: the table holds what a map holds`, () => {
    const random = new SeededRandom(seed);
    const below = (limit: number) => random.below(limit);
    const table = new OffsetTable();
    const model = new Map<string, CommittedOffset>();
    for (let step = 0; step < 20_000; step++) {
      const group = `g${below(4)}`;
      const topic = `t${below(3)}`;
      const partition = below(step % 4000 < 2000 ? 200 : 5) - 2;
      if (below(step % 5000 < 2500 ? 4 : 2) === 0) {
        assert.equal(table.remove(group, topic, partition), model.delete(keyOf(group, topic, partition)));
      } else {
        const value = {
          offset: below(1000) * 2 ** 40,
          leaderEpoch: below(10) - 1,
          metadata: below(3) === 0 ? `note ${step}` : "",
          commitTimestamp: 1_700_000_000_000 + step,
          expireTimestamp: below(5) === 0 ? step : -1,
          topicId: `id-${below(3)}`,
        };
        table.put(group, topic, partition, value, step);
        model.set(keyOf(group, topic, partition), { topic, partition, ...value, order: step });
      }
      if (step % 1999 === 0) assertSame(table, model);
    }
    assertSame(table, model);
    for (const key of model.keys()) {
      const [group = "", topic = "", partition = ""] = key.split("/");
      assert.equal(table.remove(group, topic, Number(partition)), true);
    }
    assertSame(table, new Map());
  });
}

test("an offset among 100,000 takes at most 140 bytes", () => {
  const table = new OffsetTable();
  const value = { offset: 1, leaderEpoch: -1, metadata: "", commitTimestamp: 2, expireTimestamp: -1, topicId: "id" };
  const before = bytesInUse();
  for (let index = 0; index < 100_000; index++) table.put(`group-${index % 100}`, "orders", index, value, index);
  const each = (bytesInUse() - before) / 100_000;
  assert.ok(table.size === 100_000 && each > 40 && each < 140, `${each} bytes`);
});

function bytesInUse(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // Array buffers are freed beside the program after a collection; the next collection waits for that.
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
