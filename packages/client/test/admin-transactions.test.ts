// Transactions and producers by the admin client, with transactions opened by plain requests.

import assert from "node:assert/strict";
import { test } from "node:test";
import { codeOf, codesOf, openTransaction, produce, startAdmin } from "./support/admin-fixtures.ts";

test("transactions are listed by state, producer, duration and pattern, and described", async () => {
  await using made = await startAdmin();
  const { admin, cluster, name } = made;
  const topic = name("orders");
  await made.create([topic]);
  const [open, other] = [name("open"), name("other")];
  const { producerId, producerEpoch } = await openTransaction(cluster, open, { topic, partition: 0 });
  await admin.fenceProducers([other]);
  const listed = async (options: Parameters<typeof admin.listTransactions>[0]): Promise<string[]> =>
    [...(await admin.listTransactions(options)).keys()].filter((id) => id === open || id === other).sort();
  const all = await admin.listTransactions();
  assert.equal(all.get(open)!.state, "Ongoing");
  assert.equal(all.get(open)!.producerId, producerId);
  assert.deepEqual(await listed({ states: ["Ongoing"] }), [open]);
  assert.deepEqual(await listed({ producerIds: [producerId] }), [open]);
  assert.equal((await listed({ longerThanMs: 600_000 })).includes(open), false);
  assert.deepEqual(await listed({ transactionalIdPattern: "oth.*" }), [other]);

  const described = (await admin.describeTransactions([open])).get(open)!;
  assert.deepEqual(
    [described.state, described.producerId, described.producerEpoch, described.timeoutMs],
    ["Ongoing", producerId, producerEpoch, 60_000],
  );
  assert.equal(typeof described.startTimeMs, "number");
  assert.deepEqual(described.partitions, [{ topic, partition: 0 }]);
  assert.equal((await admin.describeTransactions([other])).get(other)!.startTimeMs, null);
  const missing = name("missing");
  assert.deepEqual(await codesOf(admin.describeTransactions([open, missing])), {
    [missing]: "TRANSACTIONAL_ID_NOT_FOUND",
  });
});

test("producers of a partition are described, with where their transaction begins", async () => {
  await using made = await startAdmin();
  const { admin, cluster, name } = made;
  const topic = name("orders");
  await made.create([{ name: topic, partitions: 2 }]);
  await produce(cluster, { topic, partition: 0 }, ["a"]);
  const { producerId, producerEpoch } = await openTransaction(cluster, name("open"), { topic, partition: 0 });
  const [nodeId] = (await admin.describeCluster()).nodes.keys();
  for (const options of [{}, { brokerId: nodeId! }]) {
    const partitions = [0, 1].map((partition) => ({ topic, partition }));
    const described = await admin.describeProducers(partitions, options);
    const [producer] = described.get(`${topic}-0`)!.activeProducers;
    assert.deepEqual(
      [producer!.producerId, producer!.producerEpoch, producer!.lastSequence],
      [producerId, producerEpoch, 0],
    );
    assert.equal(producer!.transactionStartOffset, 1);
    assert.equal(producer!.coordinatorEpoch, null);
    assert.deepEqual(described.get(`${topic}-1`)!.activeProducers, []);
  }
  const nowhere = [{ topic, partition: 7 }];
  assert.deepEqual(await codesOf(admin.describeProducers(nowhere)), { [`${topic}-7`]: "UNKNOWN_TOPIC_OR_PARTITION" });
});

test("a transaction is aborted on one partition", async () => {
  await using made = await startAdmin();
  const { admin, cluster, name } = made;
  const topic = name("orders");
  await made.create([topic]);
  const place = { topic, partition: 0 };
  await admin.fenceProducers([name("hangs")]);
  const { producerId, producerEpoch } = await openTransaction(cluster, name("hangs"), place);
  await admin.abortTransaction({ ...place, producerId, producerEpoch, coordinatorEpoch: 0 });
  const [producer] = (await admin.describeProducers([place])).get(`${topic}-0`)!.activeProducers;
  assert.equal(producer!.transactionStartOffset, null);
  const old = { ...place, producerId, producerEpoch: producerEpoch - 1, coordinatorEpoch: 0 };
  assert.equal(await codeOf(admin.abortTransaction(old)), "INVALID_PRODUCER_EPOCH");
  const nowhere = { ...old, topic: name("missing") };
  assert.equal(await codeOf(admin.abortTransaction(nowhere)), "UNKNOWN_TOPIC_OR_PARTITION");
});

test("producers are fenced, and what they had open is aborted", async () => {
  await using made = await startAdmin();
  const { admin, cluster, name } = made;
  const topic = name("orders");
  await made.create([topic]);
  const [one, other] = [name("one"), name("other")];
  const opened = await openTransaction(cluster, one, { topic, partition: 0 });
  const fenced = await admin.fenceProducers([one, other]);
  assert.equal(fenced.get(one)!.producerId, opened.producerId);
  assert.equal(fenced.get(one)!.producerEpoch > opened.producerEpoch, true);
  assert.equal(fenced.get(other)!.producerEpoch, 0);
  const late = produce(cluster, { topic, partition: 0 }, ["late"], { transactionalId: one, ...opened });
  await assert.rejects(late, /INVALID_PRODUCER_EPOCH|PRODUCER_FENCED/);
  const { offset } = (await admin.listOffsets([{ topic, partition: 0 }], { isolationLevel: "read_committed" })).get(
    `${topic}-0`,
  )!;
  assert.equal(offset, 2);
});

test("an open transaction is terminated by its id alone", async () => {
  await using made = await startAdmin();
  const { admin, cluster, name } = made;
  const topic = name("orders");
  await made.create([topic]);
  const open = name("open");
  await openTransaction(cluster, open, { topic, partition: 0 });
  await admin.forceTerminateTransaction(open);
  assert.notEqual((await admin.describeTransactions([open])).get(open)!.state, "Ongoing");
});
