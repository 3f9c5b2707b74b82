// Which partition a record goes to: Java's hash of keys, sticky and adaptive choice, round robin, a function of the user's.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "@ottla/base";
import type { PartitionMetadata } from "../src/network/cluster.ts";
import { murmur2, partitionForKey } from "../src/producer/murmur2.ts";
import { partitionLoad, TopicPartitioner } from "../src/producer/partitioner.ts";
import type { PartitionerOptions, PartitionLoad } from "../src/producer/partitioner.ts";

/** From org.apache.kafka.common.utils.UtilsTest. */
const hashes: readonly (readonly [string, number])[] = [
  ["21", -973_932_308],
  ["foobar", -790_332_482],
  ["a-little-bit-long-string", -985_981_536],
  ["a-little-bit-longer-string", -1_486_304_829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971],
  ["abc", 479_470_107],
];
for (const [text, hash] of hashes)
  test(`murmur2 of "${text}" is Java's`, () => assert.equal(murmur2(Buffer.from(text)), hash));

test("a key's partition is the hash without its sign, modulo the partitions; text and its bytes are one key", () => {
  const partitioner = make({}, 7);
  for (const [text, hash] of hashes) {
    const expected = (hash & 0x7fff_ffff) % 7;
    assert.equal(partitionForKey(Buffer.from(text), 7), expected);
    assert.equal(partitioner.choose(text, null), expected);
    assert.equal(partitioner.choose(Buffer.from(text), null), expected);
  }
  const long = "größer".repeat(500);
  assert.equal(partitioner.choose(long, null), partitioner.choose(Buffer.from(long), null));
  assert.equal(partitioner.choose("größer", null), partitioner.choose(Buffer.from("größer"), null));
});

test("records without a key stick to a partition for a batch's size, when leaving it makes no small batch", () => {
  const partitioner = make({ stickyBytes: 100 }, 50);
  const first = partitioner.choose(null, "v");
  partitioner.chosen(first, 99, true);
  assert.equal(partitioner.choose(null, "v"), first);
  partitioner.chosen(first, 1, false);
  assert.equal(partitioner.choose(null, "v"), first);
  partitioner.chosen(first, 1, true);
  const second = partitioner.choose(null, "v");
  assert.notEqual(second, first);
  partitioner.chosen(second, 199, false);
  assert.equal(partitioner.choose(null, "v"), second);
  partitioner.chosen(second, 1, false);
  assert.notEqual(partitioner.choose(null, "v"), second);
});

test("what goes elsewhere by its key does not count", () => {
  const partitioner = make({ stickyBytes: 100 }, 50);
  const sticky = partitioner.choose(null, "v");
  partitioner.chosen((sticky + 1) % 50, 1000, true);
  assert.equal(partitioner.choose(null, "v"), sticky);
});

test("without keys all partitions get about as much", () => {
  const partitioner = make({ stickyBytes: 1 }, 10);
  const counts = spread(partitioner, 20_000, 10);
  for (const count of counts) assert.equal(Math.abs(count - 2000) < 300, true, String(counts));
});

test("keys may be ignored", () => {
  const partitioner = make({ stickyBytes: 100, ignoreKeys: true }, 50);
  const chosen = new Set(hashes.map(([text]) => partitioner.choose(text, null)));
  assert.equal(chosen.size, 1);
});

test("partitions without a leader are left out, unless none has one", () => {
  const partitioner = make({ stickyBytes: 1 }, 3);
  partitioner.update([partition(0, -1), partition(1, 5), partition(2, -1)]);
  assert.deepEqual(spread(partitioner, 100, 3).map(Boolean), [false, true, false]);
  partitioner.update([partition(0, -1), partition(1, -1), partition(2, -1)]);
  assert.deepEqual(spread(partitioner, 100, 3).map(Boolean), [true, true, true]);
});

/** From the comment and tests of BuiltInPartitioner: lines 0, 3, 1 become running sums 4, 5, 8. */
test("short lines are chosen more often", () => {
  const load = partitionLoad([line(0, 0), line(1, 3), line(2, 1)], 3)!;
  assert.deepEqual(load, { partitions: [0, 1, 2], frequencies: [4, 5, 8] });
  const partitioner = make({ stickyBytes: 1 }, 3, load);
  const [first, second, third] = spread(partitioner, 8000, 3);
  assert.equal(Math.abs(first! - 4000) < 300, true);
  assert.equal(Math.abs(second! - 1000) < 300, true);
  assert.equal(Math.abs(third! - 3000) < 300, true);
});

test("lines that are alike need no weighing, unless a partition was left out", () => {
  assert.equal(partitionLoad([line(0, 2), line(1, 2)], 2), null);
  assert.equal(partitionLoad([line(0, 2)], 1), null);
  assert.equal(partitionLoad([], 3), null);
  assert.deepEqual(partitionLoad([line(1, 2)], 2), { partitions: [1], frequencies: [1] });
});

test("round robin takes one after the other", () => {
  const partitioner = make({ kind: "roundRobin" }, 3);
  const first = partitioner.choose("k", null);
  const next = [1, 2, 3, 4].map(() => partitioner.choose("k", null));
  assert.deepEqual(
    next,
    [1, 2, 3, 4].map((step) => (first + step) % 3),
  );
});

test("a function sees the key, the value and the partitions", () => {
  const partitioner = make({ kind: ({ key, partitions }) => String(key).length % partitions.length }, 3);
  assert.equal(partitioner.choose("four", null), 1);
});

function make(
  options: Partial<PartitionerOptions>,
  count: number,
  load: PartitionLoad | null = null,
): TopicPartitioner {
  const all = { kind: "default", ignoreKeys: false, adaptive: true, stickyBytes: 16_384, ...options } as const;
  const partitioner = new TopicPartitioner("t", all, new SeededRandom(7), () => load);
  partitioner.update(Array.from({ length: count }, (_, index) => partition(index, 1)));
  return partitioner;
}

function spread(partitioner: TopicPartitioner, records: number, count: number): number[] {
  const counts = Array.from({ length: count }, () => 0);
  for (let record = 0; record < records; record++) {
    const chosen = partitioner.choose(null, "v");
    counts[chosen]!++;
    partitioner.chosen(chosen, 2, true);
  }
  return counts;
}

function partition(number: number, leaderId: number): PartitionMetadata {
  return { partition: number, leaderId, leaderEpoch: 0, replicas: [], isr: [], offlineReplicas: [] };
}

function line(number: number, length: number): { partition: number; length: number } {
  return { partition: number, length };
}
