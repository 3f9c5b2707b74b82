// Share groups and streams groups by the admin client. Brokers answer by a script that says what Apache Kafka says, and with
// REFERENCE_BOOTSTRAP Apache Kafka itself does: see startServed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { alterShareGroupOffsetsApi } from "@ottla/protocol/messages/91-alter-share-group-offsets.ts";
import { deleteGroupsApi } from "@ottla/protocol/messages/42-delete-groups.ts";
import { deleteShareGroupOffsetsApi } from "@ottla/protocol/messages/92-delete-share-group-offsets.ts";
import { describeShareGroupOffsetsApi } from "@ottla/protocol/messages/90-describe-share-group-offsets.ts";
import { shareGroupDescribeApi } from "@ottla/protocol/messages/77-share-group-describe.ts";
import { shareGroupHeartbeatApi } from "@ottla/protocol/messages/76-share-group-heartbeat.ts";
import { streamsGroupDescribeApi } from "@ottla/protocol/messages/89-streams-group-describe.ts";
import { streamsGroupHeartbeatApi } from "@ottla/protocol/messages/88-streams-group-heartbeat.ts";
import { Admin } from "../src/admin/admin.ts";
import type { Cluster } from "../src/network/cluster.ts";
import { codeOf, codesOf, startServed } from "./support/admin-fixtures.ts";
import { eventually } from "./support/eventually.ts";
import { ScriptedCluster } from "./support/scripted-cluster.ts";

const throttleTimeMs = 0;
const fine = { errorCode: 0, errorMessage: null };
const missing = { errorCode: errorCodes.GROUP_ID_NOT_FOUND, errorMessage: "Group not found." };
const memberId = "AAAAAAAAAAAAAAAAAAAABA";

/** Joins as the one member, or leaves with epoch -1. */
async function heartbeat(cluster: Cluster, groupId: string, memberEpoch: number, topic: string): Promise<void> {
  const request = { groupId, memberId, memberEpoch, subscribedTopicNames: memberEpoch === 0 ? [topic] : null };
  const nodeId = await cluster.coordinator("group", groupId);
  await eventually(async () => {
    const { errorCode } = await cluster.send(nodeId, shareGroupHeartbeatApi, request);
    assert.equal(errorCode, 0);
  });
}

/** One share group of at most one member, with offsets of one topic, as Kafka's coordinator answers about it. */
function shareGroup(cluster: ScriptedCluster): void {
  let [exists, isEmpty] = [false, true];
  let offset = -1;
  cluster.on(shareGroupHeartbeatApi, ({ memberEpoch }) => {
    [exists, isEmpty] = [true, memberEpoch < 0];
    return { throttleTimeMs, errorCode: 0, memberEpoch: 1, heartbeatIntervalMs: 5000 };
  });
  cluster.on(shareGroupDescribeApi, ({ groupIds, includeAuthorizedOperations }) => ({
    throttleTimeMs,
    groups: groupIds.map((groupId) => ({
      ...(exists && groupId === "group" ? fine : missing),
      groupId,
      groupState: isEmpty ? "Empty" : "Stable",
      groupEpoch: 2,
      assignmentEpoch: 2,
      assignorName: "simple",
      members: isEmpty
        ? []
        : [
            {
              memberId,
              memberEpoch: 2,
              clientId: "ottla",
              clientHost: "/127.0.0.1",
              subscribedTopicNames: ["orders"],
              assignment: { topicPartitions: [{ topicId: ZERO_UUID, topicName: "orders", partitions: [0, 1] }] },
            },
          ],
      ...(includeAuthorizedOperations ? { authorizedOperations: 1 << 3 } : {}),
    })),
  }));
  cluster.on(describeShareGroupOffsetsApi, ({ groups }) => ({
    throttleTimeMs,
    groups: groups.map(({ groupId }) => ({
      groupId,
      topics:
        offset < 0
          ? []
          : [
              {
                topicName: "orders",
                topicId: ZERO_UUID,
                partitions: [{ partitionIndex: 0, startOffset: offset, leaderEpoch: 0, lag: 0, ...fine }],
              },
            ],
      ...fine,
    })),
  }));
  cluster.on(alterShareGroupOffsetsApi, ({ topics }) => {
    if (!isEmpty) return { throttleTimeMs, errorCode: errorCodes.NON_EMPTY_GROUP, errorMessage: null, responses: [] };
    const responses = topics.map(({ topicName, partitions }) => ({
      topicName,
      topicId: ZERO_UUID,
      partitions: partitions.map(({ partitionIndex, startOffset }) => {
        if (topicName === "orders") offset = startOffset;
        return { partitionIndex, errorCode: topicName === "orders" ? 0 : errorCodes.UNKNOWN_TOPIC_OR_PARTITION };
      }),
    }));
    return { throttleTimeMs, errorCode: 0, responses };
  });
  cluster.on(deleteShareGroupOffsetsApi, ({ topics }) => {
    if (!isEmpty) return { throttleTimeMs, errorCode: errorCodes.NON_EMPTY_GROUP, errorMessage: null, responses: [] };
    offset = -1;
    const judge = (topicName: string) => (topicName === "orders" ? 0 : errorCodes.UNKNOWN_TOPIC_OR_PARTITION);
    const responses = topics.map(({ topicName }) => ({ topicName, topicId: ZERO_UUID, errorCode: judge(topicName) }));
    return { throttleTimeMs, errorCode: 0, responses };
  });
  cluster.on(deleteGroupsApi, ({ groupsNames }) => {
    exists = false;
    return { throttleTimeMs, results: groupsNames.map((groupId) => ({ groupId, ...fine })) };
  });
}

test("a share group is described, its offsets are set, listed and deleted, and it goes", async () => {
  await using made = await startServed(shareGroup);
  const { admin, cluster, name } = made;
  const topic = await made.topic("orders", 2);
  const [groupId, none] = [name("group"), name("none")];
  await heartbeat(cluster, groupId, 0, topic);
  const described = await eventually(async () => {
    const group = (await admin.describeShareGroups([groupId], { includeAuthorizedOperations: true })).get(groupId)!;
    assert.deepEqual([group.state, group.members.length], ["Stable", 1]);
    return group;
  });
  assert.deepEqual([described.members[0]!.memberId, described.members[0]!.clientId], [memberId, "ottla"]);
  assert.equal(described.groupEpoch > 0 && described.targetAssignmentEpoch > 0, true);
  assert.equal(described.authorizedOperations!.includes("READ"), true);
  assert.notEqual(described.coordinator.host, "");
  assert.deepEqual(await codesOf(admin.describeShareGroups([groupId, none])), { [none]: "GROUP_ID_NOT_FOUND" });

  const setOffset = (topicName: string) =>
    admin.alterShareGroupOffsets(groupId, [{ topic: topicName, partition: 0, startOffset: 0 }]);
  assert.deepEqual(await codesOf(setOffset(topic)), { [groupId]: "NON_EMPTY_GROUP" });
  await heartbeat(cluster, groupId, -1, topic);
  await eventually(() => setOffset(topic));
  assert.deepEqual(await codesOf(setOffset(name("nowhere"))), {
    [`${name("nowhere")}-0`]: "UNKNOWN_TOPIC_OR_PARTITION",
  });
  const wanted = { groupId, partitions: [{ topic, partition: 0 }] };
  const [listed] = (await admin.listShareGroupOffsets([wanted])).get(groupId)!;
  assert.deepEqual([listed!.topic, listed!.partition, listed!.startOffset], [topic, 0, 0]);
  const call = admin.deleteShareGroupOffsets(groupId, [topic, name("nowhere")]);
  assert.deepEqual(await codesOf(call), { [name("nowhere")]: "UNKNOWN_TOPIC_OR_PARTITION" });
  await admin.deleteShareGroups([groupId]);
  assert.deepEqual(await codesOf(admin.describeShareGroups([groupId])), { [groupId]: "GROUP_ID_NOT_FOUND" });
});

test("partitions of a share group that have no offset, no epoch and no lag say so", async () => {
  const partition = (partitionIndex: number, startOffset: number) => ({
    partitionIndex,
    startOffset,
    leaderEpoch: -1,
    ...fine,
  });
  const cluster = new ScriptedCluster().on(
    describeShareGroupOffsetsApi,
    ({ groups }) => ({
      throttleTimeMs,
      groups: groups.map(({ groupId }) => ({
        groupId,
        topics: [{ topicName: "t", topicId: ZERO_UUID, partitions: [partition(0, -1), partition(1, 5)] }],
        errorCode: groupId === "moved" ? errorCodes.GROUP_AUTHORIZATION_FAILED : 0,
      })),
    }),
    0,
  );
  const admin = new Admin(cluster);
  assert.deepEqual((await admin.listShareGroupOffsets(["g"])).get("g"), [
    { topic: "t", partition: 0, startOffset: null, leaderEpoch: null, lag: null },
    { topic: "t", partition: 1, startOffset: 5, leaderEpoch: null, lag: null },
  ]);
  assert.equal(cluster.requests(describeShareGroupOffsetsApi)[0]!.groups[0]!.topics, null);
  assert.deepEqual(await codesOf(admin.listShareGroupOffsets(["g", "moved"])), { moved: "GROUP_AUTHORIZATION_FAILED" });
});

const tasks = { activeTasks: [{ subtopologyId: "0", partitions: [0, 1] }], standbyTasks: [], warmupTasks: [] };

test("a streams group is described with its topology and its members' tasks", async () => {
  await using made = await startServed((cluster) => {
    let topics: readonly string[] = [];
    cluster.on(streamsGroupHeartbeatApi, ({ topology }) => {
      topics = topology!.subtopologies[0]!.sourceTopics;
      return {
        throttleTimeMs,
        ...fine,
        memberId,
        memberEpoch: 1,
        heartbeatIntervalMs: 5000,
        acceptableRecoveryLagLegacy: 0,
        taskOffsetIntervalMs: 60_000,
        status: null,
        endpointInformationEpoch: 0,
      };
    });
    cluster.on(streamsGroupDescribeApi, ({ groupIds }) => ({
      throttleTimeMs,
      groups: groupIds.map((groupId) => ({
        ...(groupId === "group" ? fine : missing),
        groupId,
        groupState: "Stable",
        groupEpoch: 2,
        assignmentEpoch: 2,
        topology: {
          epoch: 0,
          subtopologies: [
            {
              subtopologyId: "0",
              sourceTopics: [...topics],
              repartitionSinkTopics: [],
              stateChangelogTopics: [],
              repartitionSourceTopics: [],
            },
          ],
        },
        members: [
          {
            memberId,
            memberEpoch: 2,
            clientId: "ottla",
            clientHost: "/127.0.0.1",
            topologyEpoch: 0,
            processId: "process",
            userEndpoint: { host: "localhost", port: 8080 },
            clientTags: [{ key: "zone", value: "a" }],
            taskOffsets: [],
            taskEndOffsets: [],
            assignment: tasks,
            targetAssignment: tasks,
            isClassic: false,
          },
        ],
      })),
    }));
  });
  const { admin, cluster, name } = made;
  const topic = await made.topic("orders", 2);
  const [groupId, none] = [name("group"), name("none")];
  const nodeId = await cluster.coordinator("group", groupId);
  const request = {
    groupId,
    memberId,
    memberEpoch: 0,
    endpointInformationEpoch: -1,
    rebalanceTimeoutMs: 30_000,
    topology: {
      epoch: 0,
      subtopologies: [
        {
          subtopologyId: "0",
          sourceTopics: [topic],
          sourceTopicRegex: [],
          stateChangelogTopics: [],
          repartitionSinkTopics: [],
          repartitionSourceTopics: [],
          copartitionGroups: [],
        },
      ],
    },
    activeTasks: [],
    standbyTasks: [],
    warmupTasks: [],
    processId: "process",
    clientTags: [{ key: "zone", value: "a" }],
  };
  await eventually(async () => {
    const { errorCode } = await cluster.send(nodeId, streamsGroupHeartbeatApi, request);
    assert.equal(errorCode, 0);
  });
  const described = await eventually(async () => {
    const group = (await admin.describeStreamsGroups([groupId])).get(groupId)!;
    assert.equal(group.topologyEpoch, 0);
    return group;
  });
  assert.deepEqual(
    described.subtopologies.map(({ subtopologyId, sourceTopics }) => [subtopologyId, sourceTopics]),
    [["0", [topic]]],
  );
  const [member] = described.members;
  assert.deepEqual([member!.memberId, member!.processId, member!.isClassic], [memberId, "process", false]);
  assert.deepEqual(member!.clientTags, { zone: "a" });
  assert.deepEqual(await codesOf(admin.describeStreamsGroups([groupId, none])), { [none]: "GROUP_ID_NOT_FOUND" });
  if (made.scripted === null) return;
  // Apache Kafka assigns tasks after group.streams.initial.rebalance.delay.ms, and this member told no endpoint.
  assert.deepEqual(member!.targetAssignment, tasks);
  assert.deepEqual(member!.userEndpoint, { host: "localhost", port: 8080 });
});

test("a streams group's inner topics come with their configs; one without a topology fails", async () => {
  const inner = {
    name: "store",
    partitions: 2,
    replicationFactor: 1,
    topicConfigs: [{ key: "cleanup.policy", value: "compact" }],
  };
  const cluster = new ScriptedCluster().on(streamsGroupDescribeApi, ({ groupIds }) => ({
    throttleTimeMs,
    groups: groupIds.map((groupId) => ({
      ...fine,
      groupId,
      groupState: "NotReady",
      groupEpoch: 1,
      assignmentEpoch: 0,
      topology:
        groupId === "bare"
          ? null
          : {
              epoch: 3,
              subtopologies: [
                {
                  subtopologyId: "1",
                  sourceTopics: [],
                  repartitionSinkTopics: ["sink"],
                  stateChangelogTopics: [inner],
                  repartitionSourceTopics: [inner],
                },
              ],
            },
      members: [],
    })),
  }));
  const admin = new Admin(cluster);
  const { state, topologyEpoch, subtopologies } = (await admin.describeStreamsGroups(["g"])).get("g")!;
  assert.deepEqual([state, topologyEpoch], ["NotReady", 3]);
  const topic = { name: "store", partitions: 2, replicationFactor: 1, configs: { "cleanup.policy": "compact" } };
  assert.deepEqual(subtopologies[0]!.stateChangelogTopics, [topic]);
  assert.deepEqual(subtopologies[0]!.repartitionSourceTopics, [topic]);
  assert.equal(await codeOf(admin.describeStreamsGroups(["bare"])), "UNKNOWN_SERVER_ERROR");
});
