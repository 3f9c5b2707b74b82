// Offsets of partitions and deleted records by the admin client.

import assert from "node:assert/strict";
import { test } from "node:test";
import { codeOf, codesOf, openTransaction, produce, startAdmin } from "./support/admin-fixtures.ts";
import { isReference } from "./target.ts";

test("offsets are told for places and times", async () => {
  await using made = await startAdmin();
  const { admin, cluster, name } = made;
  const topic = name("orders");
  await made.create([{ name: topic, partitions: 7 }]);
  const first = 1_700_000_000_000;
  for (const partition of [0, 1, 2, 3, 4, 5, 6]) {
    await produce(cluster, { topic, partition }, ["a", "b", "c"], { timestamp: first });
    await produce(cluster, { topic, partition }, ["late"], { timestamp: first + 5000 });
  }
  const offsets = await admin.listOffsets([
    { topic, partition: 0 },
    { topic, partition: 1, at: "earliest" },
    { topic, partition: 2, at: "maxTimestamp" },
    { topic, partition: 3, at: first + 1 },
    { topic, partition: 4, at: first + 10_000 },
    { topic, partition: 5, at: "earliestLocal" },
    { topic, partition: 6, at: "latest" },
  ]);
  assert.deepEqual(
    [...offsets].map(([key, { offset, timestamp }]) => [key, offset, timestamp]),
    [
      [`${topic}-0`, 4, -1],
      [`${topic}-1`, 0, -1],
      [`${topic}-2`, 3, first + 5000],
      [`${topic}-3`, 1, first + 1],
      [`${topic}-4`, -1, -1],
      [`${topic}-5`, 0, -1],
      [`${topic}-6`, 4, -1],
    ],
  );
  assert.equal(offsets.get(`${topic}-0`)!.leaderEpoch, 0);
});

test("places of tiered storage are answered without it too", async () => {
  await using made = await startAdmin();
  const { admin, name } = made;
  const topic = name("orders");
  await made.create([{ name: topic, partitions: 2 }]);
  const offsets = await admin.listOffsets([
    { topic, partition: 0, at: "latestTiered" },
    { topic, partition: 1, at: "earliestPendingUpload" },
  ]);
  assert.deepEqual(
    [...offsets.values()].map(({ offset }) => offset),
    [-1, -1],
  );
});

test("with read_committed, the latest offset stops at an open transaction", async () => {
  await using made = await startAdmin();
  const { admin, cluster, name } = made;
  const topic = name("orders");
  await made.create([topic]);
  await produce(cluster, { topic, partition: 0 }, ["a", "b"]);
  await openTransaction(cluster, name("transaction"), { topic, partition: 0 });
  const at = async (isolationLevel: "read_committed" | "read_uncommitted"): Promise<number> =>
    (await admin.listOffsets([{ topic, partition: 0 }], { isolationLevel })).get(`${topic}-0`)!.offset;
  assert.deepEqual([await at("read_committed"), await at("read_uncommitted")], [2, 3]);
});

test("a partition that does not exist fails after a moment", async () => {
  await using made = await startAdmin();
  const { admin, name } = made;
  const [topic, missing] = [name("orders"), name("missing")];
  await made.create([topic]);
  const call = admin.listOffsets([
    { topic, partition: 0 },
    { topic, partition: 1 },
    { topic: missing, partition: 0 },
  ]);
  const code = "UNKNOWN_TOPIC_OR_PARTITION";
  assert.deepEqual(await codesOf(call), { [`${topic}-1`]: code, [`${missing}-0`]: code });
});

test("records before an offset are deleted, or all of them", async () => {
  await using made = await startAdmin();
  const { admin, cluster, name } = made;
  const topic = name("orders");
  await made.create([{ name: topic, partitions: 3 }]);
  for (const partition of [0, 1, 2]) await produce(cluster, { topic, partition }, ["a", "b", "c"]);
  const deleted = await admin.deleteRecords([
    { topic, partition: 0, beforeOffset: 2 },
    { topic, partition: 1, beforeOffset: -1 },
  ]);
  assert.deepEqual(
    [...deleted.values()].map(({ partition, lowWatermark }) => [partition, lowWatermark]),
    [
      [0, 2],
      [1, 3],
    ],
  );
  const starts = await admin.listOffsets([0, 1, 2].map((partition) => ({ topic, partition, at: "earliest" as const })));
  assert.deepEqual(
    [...starts.values()].map(({ offset }) => offset),
    [2, 3, 0],
  );
  assert.deepEqual(await codesOf(admin.deleteRecords([{ topic, partition: 2, beforeOffset: 9 }])), {
    [`${topic}-2`]: "OFFSET_OUT_OF_RANGE",
  });
});

test("a call to a broker that is gone ends with its time", { skip: isReference }, async () => {
  await using made = await startAdmin();
  const { admin, target } = made;
  await admin.listTopics();
  await target.broker!.close();
  assert.equal(await codeOf(admin.listTopics({ timeoutMs: 300 })), "TIMEOUT");
});
