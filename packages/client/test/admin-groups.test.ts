// Groups and their offsets by the admin client, with members of both protocols made by plain requests.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter } from "@ottla/base";
import { consumerProtocolAssignment } from "@ottla/protocol/embedded-data/consumer-protocol-assignment.ts";
import { codesOf, joinClassic, joinNew, startAdmin } from "./support/admin-fixtures.ts";

function assignmentOf(topic: string, partitions: readonly number[]): Buffer {
  const writer = new ByteWriter();
  writer.int16(1);
  consumerProtocolAssignment.encode(writer, 1, { assignedPartitions: [{ topic, partitions: [...partitions] }] });
  return Buffer.concat(writer.finish() as Buffer[]);
}

test("groups of each protocol are listed, by type, state and protocol type", async () => {
  await using made = await startAdmin();
  const { admin, cluster, name } = made;
  const topic = name("orders");
  await made.create([topic]);
  const [classic, connect, modern, simple] = [name("classic"), name("connect"), name("modern"), name("simple")];
  await joinClassic(cluster, classic, { assignment: assignmentOf(topic, [0]) });
  await joinClassic(cluster, connect, { protocolType: "connect" });
  await joinNew(cluster, modern, [topic], "AAAAAAAAAAAAAAAAAAAAAQ");
  await admin.alterConsumerGroupOffsets(simple, [{ topic, partition: 0, offset: 4 }]);
  const mine = new Set([classic, connect, modern, simple]);
  const listed = async (options: Parameters<typeof admin.listGroups>[0]): Promise<string[]> =>
    [...(await admin.listGroups(options)).keys()].filter((groupId) => mine.has(groupId)).sort();
  const all = await admin.listGroups();
  assert.deepEqual(all.get(classic), { groupId: classic, type: "Classic", protocolType: "consumer", state: "Stable" });
  assert.deepEqual(all.get(modern), { groupId: modern, type: "Consumer", protocolType: "consumer", state: "Stable" });
  assert.deepEqual(all.get(simple), { groupId: simple, type: "Classic", protocolType: "", state: "Empty" });
  assert.deepEqual(await listed({ types: ["Consumer"] }), [modern]);
  assert.deepEqual(await listed({ states: ["Empty"] }), [simple]);
  assert.deepEqual(await listed({ protocolTypes: ["connect"] }), [connect]);
  const consumers = await admin.listConsumerGroups();
  assert.deepEqual([...mine].filter((groupId) => consumers.has(groupId)).sort(), [classic, modern, simple].sort());
});

test("consumer groups of both protocols are described in one call, and what is none fails", async () => {
  await using made = await startAdmin();
  const { admin, cluster, name } = made;
  const topic = name("orders");
  await made.create([{ name: topic, partitions: 2 }]);
  const [classic, connect, modern, simple] = [name("classic"), name("connect"), name("modern"), name("simple")];
  const [nodeId, node] = [...(await admin.describeCluster()).nodes][0]!;
  const { memberId } = await joinClassic(cluster, classic, {
    groupInstanceId: "one",
    assignment: assignmentOf(topic, [1]),
  });
  await joinClassic(cluster, connect, { protocolType: "connect" });
  await joinNew(cluster, modern, [topic], "AAAAAAAAAAAAAAAAAAAAAg");
  await admin.alterConsumerGroupOffsets(simple, [{ topic, partition: 0, offset: 4 }]);

  const described = await admin.describeConsumerGroups([classic, modern, simple], {
    includeAuthorizedOperations: true,
  });
  const old = described.get(classic)!;
  assert.deepEqual(
    [old.type, old.isSimple, old.state, old.assignor, old.groupEpoch],
    ["Classic", false, "Stable", "range", null],
  );
  assert.deepEqual(
    [old.coordinator.nodeId, old.coordinator.host, old.coordinator.port],
    [nodeId, node.host, node.port],
  );
  assert.equal(old.authorizedOperations!.includes("READ"), true);
  const [member] = old.members;
  assert.deepEqual([member!.memberId, member!.groupInstanceId, member!.clientId], [memberId, "one", "ottla"]);
  assert.deepEqual(member!.assignment, [{ topic, partition: 1 }]);
  assert.equal(member!.targetAssignment, null);

  const fresh = described.get(modern)!;
  assert.deepEqual([fresh.type, fresh.state, fresh.assignor], ["Consumer", "Stable", "uniform"]);
  assert.equal(fresh.groupEpoch! > 0 && fresh.targetAssignmentEpoch! > 0, true);
  assert.equal(fresh.members[0]!.memberId, "AAAAAAAAAAAAAAAAAAAAAg");
  assert.deepEqual(
    fresh.members[0]!.assignment,
    [0, 1].map((partition) => ({ topic, partition })),
  );
  assert.deepEqual(fresh.members[0]!.targetAssignment, fresh.members[0]!.assignment);
  assert.equal(fresh.members[0]!.isUpgraded, true);

  assert.deepEqual([described.get(simple)!.isSimple, described.get(simple)!.state], [true, "Empty"]);
  const missing = name("missing");
  assert.deepEqual(await codesOf(admin.describeConsumerGroups([classic, connect, missing])), {
    [connect]: "INCONSISTENT_GROUP_PROTOCOL",
    [missing]: "GROUP_ID_NOT_FOUND",
  });
});

test("classic groups of any protocol type are described with the bytes of their members", async () => {
  await using made = await startAdmin();
  const { admin, cluster, name } = made;
  const connect = name("connect");
  await joinClassic(cluster, connect, { protocolType: "connect", assignment: Buffer.from("anything") });
  const described = (await admin.describeClassicGroups([connect])).get(connect)!;
  assert.deepEqual([described.protocolType, described.protocolData, described.state], ["connect", "range", "Stable"]);
  assert.equal(described.members[0]!.assignmentBytes.toString(), "anything");
  assert.deepEqual(described.members[0]!.assignment, []);
  assert.equal(described.authorizedOperations, null);
  const missing = name("missing");
  assert.deepEqual(await codesOf(admin.describeClassicGroups([missing])), { [missing]: "GROUP_ID_NOT_FOUND" });
});

test("members are removed by instance id, by member id, or all of them", async () => {
  await using made = await startAdmin();
  const { admin, cluster, name } = made;
  const groupId = name("group");
  await joinClassic(cluster, groupId, { groupInstanceId: "one" });
  const call = admin.removeMembersFromConsumerGroup(groupId, [{ groupInstanceId: "one" }, { memberId: "nobody" }]);
  assert.deepEqual(await codesOf(call), { nobody: "UNKNOWN_MEMBER_ID" });
  const state = async (): Promise<string> => (await admin.describeConsumerGroups([groupId])).get(groupId)!.state;
  assert.equal(await state(), "Empty");
  const { memberId } = await joinClassic(cluster, groupId);
  await admin.removeMembersFromConsumerGroup(groupId, [{ memberId }], { reason: "moved" });
  assert.equal(await state(), "Empty");
  await joinClassic(cluster, groupId);
  await admin.removeMembersFromConsumerGroup(groupId, "all");
  assert.equal(await state(), "Empty");
  await admin.removeMembersFromConsumerGroup(groupId, "all");
});

test("groups are deleted when nobody is in them", async () => {
  await using made = await startAdmin();
  const { admin, cluster, name } = made;
  const topic = name("orders");
  await made.create([topic]);
  const [busy, idle, missing] = [name("busy"), name("idle"), name("missing")];
  await joinClassic(cluster, busy);
  await admin.alterConsumerGroupOffsets(idle, [{ topic, partition: 0, offset: 4 }]);
  assert.deepEqual(await codesOf(admin.deleteConsumerGroups([busy, idle, missing])), {
    [busy]: "NON_EMPTY_GROUP",
    [missing]: "GROUP_ID_NOT_FOUND",
  });
  assert.equal((await admin.listGroups()).has(idle), false);
});

test("offsets of groups are listed, set and deleted", async () => {
  await using made = await startAdmin();
  const { admin, name } = made;
  const topic = name("orders");
  await made.create([{ name: topic, partitions: 3 }]);
  const [one, other] = [name("one"), name("other")];
  await admin.alterConsumerGroupOffsets(one, [
    { topic, partition: 0, offset: 4, leaderEpoch: 0, metadata: "by hand" },
    { topic, partition: 1, offset: 9 },
  ]);
  await admin.alterConsumerGroupOffsets(other, [{ topic, partition: 2, offset: 1 }]);
  const listed = await admin.listConsumerGroupOffsets([
    one,
    {
      groupId: other,
      partitions: [
        { topic, partition: 2 },
        { topic, partition: 0 },
      ],
    },
  ]);
  assert.deepEqual(
    listed.get(one)!.toSorted((a, b) => a.partition - b.partition),
    [
      { topic, partition: 0, offset: 4, leaderEpoch: 0, metadata: "by hand" },
      { topic, partition: 1, offset: 9, leaderEpoch: null, metadata: "" },
    ],
  );
  assert.deepEqual(
    listed.get(other)!.map(({ partition, offset }) => [partition, offset]),
    [
      [2, 1],
      [0, null],
    ],
  );
  await admin.deleteConsumerGroupOffsets(one, [{ topic, partition: 0 }]);
  const left = await admin.listConsumerGroupOffsets([one]);
  assert.deepEqual(
    left.get(one)!.map(({ partition }) => partition),
    [1],
  );
  const unknown = await admin.listConsumerGroupOffsets([name("unknown")]);
  assert.deepEqual([...unknown.values()], [[]]);
});

test("offsets that cannot be changed fail by partition", async () => {
  await using made = await startAdmin();
  const { admin, cluster, name } = made;
  const [topic, missing] = [name("orders"), name("missing")];
  await made.create([topic]);
  const [busy, idle, unknown] = [name("busy"), name("idle"), name("unknown")];
  await joinClassic(cluster, busy);
  assert.deepEqual(await codesOf(admin.alterConsumerGroupOffsets(busy, [{ topic, partition: 0, offset: 1 }])), {
    [`${topic}-0`]: "UNKNOWN_MEMBER_ID",
  });
  const call = admin.alterConsumerGroupOffsets(idle, [
    { topic, partition: 0, offset: 1 },
    { topic: missing, partition: 0, offset: 1 },
  ]);
  assert.deepEqual(await codesOf(call), { [`${missing}-0`]: "UNKNOWN_TOPIC_OR_PARTITION" });
  assert.deepEqual(await codesOf(admin.deleteConsumerGroupOffsets(unknown, [{ topic, partition: 0 }])), {
    [unknown]: "GROUP_ID_NOT_FOUND",
  });
});

test("a streams group's offsets are those of a group", async () => {
  await using made = await startAdmin();
  const { admin, name } = made;
  const [topic, groupId] = [name("orders"), name("streams")];
  await made.create([topic]);
  await admin.alterStreamsGroupOffsets(groupId, [{ topic, partition: 0, offset: 3 }]);
  const listed = await admin.listStreamsGroupOffsets([groupId]);
  assert.deepEqual(listed.get(groupId), [{ topic, partition: 0, offset: 3, leaderEpoch: null, metadata: "" }]);
  await admin.deleteStreamsGroupOffsets(groupId, [{ topic, partition: 0 }]);
  assert.deepEqual((await admin.listStreamsGroupOffsets([groupId])).get(groupId), []);
  await admin.alterStreamsGroupOffsets(groupId, [{ topic, partition: 0, offset: 4 }]);
  await admin.deleteStreamsGroups([groupId]);
  assert.equal((await admin.listGroups()).has(groupId), false);
});
