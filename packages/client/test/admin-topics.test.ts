// Topics by the admin client: made, described, listed, enlarged, deleted; and what fails, by topic.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { AdminError, settled } from "../src/admin/admin-error.ts";
import { codeOf, codesOf, startAdmin } from "./support/admin-fixtures.ts";
import { eventually } from "./support/eventually.ts";

test("topics are created with what they are given, and the answer tells what they became", async () => {
  await using made = await startAdmin();
  const { admin, name } = made;
  const [plain, full, placed] = [name("plain"), name("full"), name("placed")];
  const { nodes } = await admin.describeCluster();
  const [nodeId] = nodes.keys();
  const created = await made.create([
    plain,
    {
      name: full,
      partitions: 3,
      replicationFactor: 1,
      configs: { "retention.ms": 3_600_000, "max.message.bytes": 5_000 },
    },
    { name: placed, assignments: [[nodeId!], [nodeId!]] },
  ]);
  assert.deepEqual([...created.keys()], [plain, full, placed]);
  assert.equal(created.get(full)!.partitions, 3);
  assert.equal(created.get(full)!.replicationFactor, 1);
  assert.equal(created.get(full)!.configs!.get("retention.ms")!.value, "3600000");
  assert.equal(created.get(full)!.configs!.get("retention.ms")!.source, "DYNAMIC_TOPIC_CONFIG");
  assert.equal(created.get(placed)!.partitions, 2);
  const described = await admin.describeTopics([plain, full, placed]);
  assert.equal(described.get(full)!.topicId, created.get(full)!.topicId);
  assert.deepEqual(
    described
      .get(full)!
      .partitions.map(({ partition, leaderId, replicas, isr }) => ({ partition, leaderId, replicas, isr })),
    [0, 1, 2].map((partition) => ({ partition, leaderId: nodeId, replicas: [nodeId], isr: [nodeId] })),
  );
});

test("a topic that is only validated is not created", async () => {
  await using made = await startAdmin();
  const { admin, name } = made;
  const topic = name("maybe");
  const created = await admin.createTopics([{ name: topic, partitions: 2 }], { validateOnly: true });
  assert.equal(created.get(topic)!.partitions, 2);
  assert.deepEqual(await codesOf(admin.describeTopics([topic])), { [topic]: "UNKNOWN_TOPIC_OR_PARTITION" });
});

test("each topic fails for itself, and what succeeded is told beside it", async () => {
  await using made = await startAdmin();
  const { admin, name } = made;
  const [there, fresh] = [name("there"), name("fresh")];
  await made.create([there]);
  const { values, errors } = await settled(
    admin.createTopics([there, fresh, "not a name", { name: name("none"), partitions: 0 }]),
  );
  assert.deepEqual([...values.keys()], [fresh]);
  assert.deepEqual(
    [...errors.values()].map(({ code }) => code),
    ["TOPIC_ALREADY_EXISTS", "INVALID_TOPIC_EXCEPTION", "INVALID_PARTITIONS"],
  );
  await assert.rejects(admin.createTopics([there]), (error) => {
    assert.ok(error instanceof AdminError);
    assert.equal(error.code, "TOPIC_ALREADY_EXISTS");
    assert.equal(error.retriable, false);
    assert.equal(error.context.topic, there);
    return true;
  });
});

test("nothing is asked about no topics", async () => {
  await using made = await startAdmin();
  const { admin } = made;
  assert.equal((await admin.createTopics([])).size, 0);
  assert.equal((await admin.describeTopics([])).size, 0);
  assert.equal(await codeOf(admin.deleteTopics([])), "resolved");
});

test("topics are deleted by name and by id", async () => {
  await using made = await startAdmin();
  const { admin, name } = made;
  const [byName, byId] = [name("by-name"), name("by-id")];
  const created = await made.create([byName, byId]);
  await admin.deleteTopics([byName]);
  await admin.deleteTopics({ topicIds: [created.get(byId)!.topicId] });
  await eventually(async () => {
    const listed = await admin.listTopics();
    assert.deepEqual([listed.has(byName), listed.has(byId)], [false, false]);
  });
  assert.deepEqual(await codesOf(admin.deleteTopics([byName])), { [byName]: "UNKNOWN_TOPIC_OR_PARTITION" });
  const topicId = created.get(byId)!.topicId;
  assert.deepEqual(await codesOf(admin.deleteTopics({ topicIds: [topicId] })), { [topicId]: "UNKNOWN_TOPIC_ID" });
});

test("topics are described by id, and by what the caller may do with them", async () => {
  await using made = await startAdmin();
  const { admin, name } = made;
  const topic = name("orders");
  const { topicId } = (await made.create([topic])).get(topic)!;
  const byId = await admin.describeTopics({ topicIds: [topicId] }, { includeAuthorizedOperations: true });
  assert.equal(byId.get(topicId)!.name, topic);
  assert.equal(byId.get(topicId)!.authorizedOperations!.includes("WRITE"), true);
  const byName = await admin.describeTopics([topic]);
  assert.equal(byName.get(topic)!.authorizedOperations, null);
  const unknown = "AAAAAAAAAAAAAAAAAAAAAQ";
  assert.deepEqual(await codesOf(admin.describeTopics({ topicIds: [unknown] })), { [unknown]: "UNKNOWN_TOPIC_ID" });
});

test("topics are described page by page", async () => {
  await using made = await startAdmin();
  const { admin, name } = made;
  const [a, b, c] = [name("a"), name("b"), name("c")];
  await made.create([
    { name: a, partitions: 1 },
    { name: b, partitions: 7 },
    { name: c, partitions: 2 },
  ]);
  const described = await admin.describeTopics([c, b, a, b], { partitionLimitPerResponse: 2 });
  assert.deepEqual(
    [...described].map(([topic, { partitions }]) => [topic, partitions.map(({ partition }) => partition)]),
    [
      [a, [0]],
      [b, [0, 1, 2, 3, 4, 5, 6]],
      [c, [0, 1]],
    ],
  );
});

test("topics are listed by name, internal ones when asked for", async () => {
  await using made = await startAdmin();
  const { admin, cluster, name } = made;
  const topic = name("orders");
  await made.create([topic]);
  await cluster.coordinator("group", name("group"));
  const listed = await admin.listTopics();
  assert.equal(listed.get(topic)!.isInternal, false);
  assert.notEqual(listed.get(topic)!.topicId, ZERO_UUID);
  assert.equal(listed.has("__consumer_offsets"), false);
  const all = await admin.listTopics({ includeInternal: true });
  assert.equal(all.get("__consumer_offsets")!.isInternal, true);
});

test("partitions are added, where and how many as told", async () => {
  await using made = await startAdmin();
  const { admin, name } = made;
  const [grown, placed] = [name("grown"), name("placed")];
  await made.create([grown, placed]);
  const [nodeId] = (await admin.describeCluster()).nodes.keys();
  await admin.createPartitions([
    { topic: grown, count: 4 },
    { topic: placed, count: 2, assignments: [[nodeId!]] },
  ]);
  const described = await eventually(async () => {
    const topics = await admin.describeTopics([grown, placed]);
    assert.equal(topics.get(grown)!.partitions.length, 4);
    assert.equal(topics.get(placed)!.partitions.length, 2);
    return topics;
  });
  assert.deepEqual(described.get(placed)!.partitions[1]!.replicas, [nodeId]);
  await admin.createPartitions([{ topic: grown, count: 9 }], { validateOnly: true });
  assert.equal((await admin.describeTopics([grown])).get(grown)!.partitions.length, 4);
  const missing = name("missing");
  assert.deepEqual(
    await codesOf(
      admin.createPartitions([
        { topic: grown, count: 4 },
        { topic: missing, count: 2 },
      ]),
    ),
    { [grown]: "INVALID_PARTITIONS", [missing]: "UNKNOWN_TOPIC_OR_PARTITION" },
  );
});
