// How calls find brokers, repeat and give up, with brokers that answer by script: the counterpart of Java's AdminApiDriverTest.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import { deleteGroupsApi } from "@ottla/protocol/messages/42-delete-groups.ts";
import { deleteTopicsApi } from "@ottla/protocol/messages/20-delete-topics.ts";
import { describeClusterApi } from "@ottla/protocol/messages/60-describe-cluster.ts";
import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import { listGroupsApi } from "@ottla/protocol/messages/16-list-groups.ts";
import { listOffsetsApi } from "@ottla/protocol/messages/02-list-offsets.ts";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import type { MetadataResponseInput } from "@ottla/protocol/messages/03-metadata.ts";
import { Admin } from "../src/admin/admin.ts";
import { AdminError, settled } from "../src/admin/admin-error.ts";
import { AbortedError, ClosedError, ConnectionError, TimeoutError } from "../src/errors.ts";
import { codeOf, codesOf } from "./support/admin-fixtures.ts";
import { ScriptedCluster } from "./support/scripted-cluster.ts";

/** A topic "t" whose partitions have these leaders. */
function metadataOf(leaders: readonly number[], errorCode = 0): MetadataResponseInput {
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    brokers: [1, 2, 3].map((nodeId) => ({ nodeId, host: "scripted", port: 9092, rack: null })),
    topics: [
      {
        errorCode,
        name: "t",
        topicId: ZERO_UUID,
        partitions: leaders.map((leaderId, partitionIndex) => ({
          errorCode: leaderId < 0 ? errorCodes.LEADER_NOT_AVAILABLE : 0,
          partitionIndex,
          leaderId,
          replicaNodes: [1, 2, 3],
          isrNodes: [1, 2, 3],
          offlineReplicas: [],
        })),
      },
    ],
  };
}

function groupsDeleted(codes: Readonly<Record<string, number>>) {
  return {
    throttleTimeMs: 0,
    results: Object.entries(codes).map(([groupId, errorCode]) => ({ groupId, errorCode, errorMessage: null })),
  };
}

test("each leader is asked once for all of its partitions", async () => {
  const cluster = new ScriptedCluster(3)
    .on(metadataApi, () => metadataOf([1, 2, 1, 2]))
    .on(listOffsetsApi, (request, { nodeId }) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          errorCode: 0,
          offset: 10 * nodeId! + partitionIndex,
        })),
      })),
    }));
  const offsets = await new Admin(cluster).listOffsets([0, 1, 2, 3].map((partition) => ({ topic: "t", partition })));
  assert.deepEqual(
    [...offsets].map(([key, { offset }]) => [key, offset]),
    [
      ["t-0", 10],
      ["t-1", 21],
      ["t-2", 12],
      ["t-3", 23],
    ],
  );
  assert.deepEqual(
    cluster.sent.map(({ api, nodeId }) => [api, nodeId]),
    [
      ["Metadata", null],
      ["ListOffsets", 1],
      ["ListOffsets", 2],
    ],
  );
  assert.equal(cluster.requests(metadataApi)[0]!.allowAutoTopicCreation, false);
});

test("a partition whose leader has moved is looked up anew, and only that one", async () => {
  const leaders = [1, 1];
  const cluster = new ScriptedCluster(3)
    .on(metadataApi, () => metadataOf(leaders))
    .on(listOffsetsApi, (request, { attempt }) => {
      leaders[1] = 2;
      return {
        throttleTimeMs: 0,
        topics: request.topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex }) => ({
            partitionIndex,
            errorCode: attempt === 0 && partitionIndex === 1 ? errorCodes.NOT_LEADER_OR_FOLLOWER : 0,
            offset: 5,
          })),
        })),
      };
    });
  const offsets = await new Admin(cluster).listOffsets([0, 1].map((partition) => ({ topic: "t", partition })));
  assert.equal(offsets.size, 2);
  assert.deepEqual(
    cluster.sent.map(({ api, nodeId }) => `${api} ${nodeId}`),
    ["Metadata null", "ListOffsets 1", "Metadata null", "ListOffsets 2"],
  );
  assert.deepEqual(
    cluster.requests(listOffsetsApi)[1]!.topics[0]!.partitions.map((each) => each.partitionIndex),
    [1],
  );
  assert.deepEqual(cluster.waits, [100]);
});

test("a partition without a leader is waited for, one that does not exist only for a moment", async () => {
  const leaders = [-1];
  const cluster = new ScriptedCluster(3)
    .on(metadataApi, (_request, { attempt }) => {
      if (attempt === 5) leaders[0] = 3;
      return metadataOf(leaders);
    })
    .on(listOffsetsApi, () => ({
      throttleTimeMs: 0,
      topics: [{ name: "t", partitions: [{ partitionIndex: 0, errorCode: 0, offset: 7 }] }],
    }));
  const { values, errors } = await settled(
    new Admin(cluster).listOffsets([
      { topic: "t", partition: 0 },
      { topic: "t", partition: 9 },
      { topic: "elsewhere", partition: 0 },
    ]),
  );
  assert.equal(values.get("t-0")!.offset, 7);
  assert.deepEqual(
    [...errors].map(([key, { code }]) => [key, code]),
    [
      ["t-9", "UNKNOWN_TOPIC_OR_PARTITION"],
      ["elsewhere-0", "UNKNOWN_TOPIC_OR_PARTITION"],
    ],
  );
  assert.deepEqual(cluster.waits, [100, 200, 400, 800, 1000]);
  assert.deepEqual(
    cluster.requests(metadataApi).map(({ topics }) => topics!.map(({ name }) => name).join(" ")),
    ["t elsewhere", "t elsewhere", "t elsewhere", "t elsewhere", "t", "t"],
  );
});

test("a coordinator that has moved is forgotten and asked for anew, one that is loading is asked again", async () => {
  const cluster = new ScriptedCluster(2).on(deleteGroupsApi, (_request, { attempt }) => {
    if (attempt === 0) return groupsDeleted({ g: errorCodes.NOT_COORDINATOR });
    if (attempt === 1) return groupsDeleted({ g: errorCodes.COORDINATOR_LOAD_IN_PROGRESS });
    return groupsDeleted({ g: 0 });
  });
  await new Admin(cluster).deleteConsumerGroups(["g"]);
  assert.equal(cluster.requests(deleteGroupsApi).length, 3);
  assert.deepEqual(cluster.forgotten, ["group g", "group g"]);
});

test("groups of different coordinators fail and succeed for themselves", async () => {
  const cluster = new ScriptedCluster(2).on(deleteGroupsApi, ({ groupsNames }, { nodeId }) =>
    groupsDeleted(Object.fromEntries(groupsNames.map((name) => [name, nodeId === 2 ? errorCodes.NON_EMPTY_GROUP : 0]))),
  );
  cluster.coordinators.set("group b", 2);
  assert.deepEqual(await codesOf(new Admin(cluster).deleteConsumerGroups(["a", "b", "c"])), { b: "NON_EMPTY_GROUP" });
  assert.deepEqual(
    cluster.requests(deleteGroupsApi).map(({ groupsNames }) => groupsNames),
    [["a", "c"], ["b"]],
  );
});

test("a lost connection is tried again, with the broker looked up anew", async () => {
  const cluster = new ScriptedCluster(2).on(deleteGroupsApi, (_request, { attempt }) => {
    if (attempt === 0) {
      cluster.coordinators.set("group g", 2);
      throw new ConnectionError("gone");
    }
    return groupsDeleted({ g: 0 });
  });
  await new Admin(cluster).deleteConsumerGroups(["g"]);
  assert.deepEqual(
    cluster.sent.map(({ nodeId }) => nodeId),
    [1, 2],
  );
});

test("when the time is over, the error tells the last reason; nothing is sent after it", async () => {
  const cluster = new ScriptedCluster().on(deleteGroupsApi, () =>
    groupsDeleted({ g: errorCodes.COORDINATOR_NOT_AVAILABLE, h: errorCodes.COORDINATOR_NOT_AVAILABLE }),
  );
  await assert.rejects(new Admin(cluster).deleteConsumerGroups(["g", "h"], { timeoutMs: 1000 }), (error) => {
    assert.ok(error instanceof TimeoutError);
    assert.match(error.message, /deleteConsumerGroups was not done within 1000 ms.*COORDINATOR_NOT_AVAILABLE/);
    return true;
  });
  assert.deepEqual(cluster.waits, [100, 200, 400]);
});

test("an answer that leaves an item out fails that item", async () => {
  const cluster = new ScriptedCluster().on(deleteGroupsApi, () => groupsDeleted({ g: 0 }));
  assert.deepEqual(await codesOf(new Admin(cluster).deleteConsumerGroups(["g", "h"])), { h: "UNKNOWN_SERVER_ERROR" });
});

test("an API that the broker does not serve fails at once, as a whole", async () => {
  const cluster = new ScriptedCluster(2);
  const admin = new Admin(cluster);
  for (const call of [
    admin.deleteConsumerGroups(["g", "h"]),
    admin.describeMetadataQuorum(),
    admin.electLeaders("PREFERRED", "all"),
    admin.createAcls([{ resourceType: "TOPIC", resourceName: "t", principal: "User:a", operation: "READ" }]),
  ]) {
    await assert.rejects(call, (error) => {
      assert.equal(error instanceof AdminError, false);
      assert.equal((error as AdminError).code, "UNSUPPORTED_VERSION");
      return true;
    });
  }
  assert.deepEqual(cluster.waits, []);
});

test("the controller is asked for anew when it is not the one", async () => {
  const cluster = new ScriptedCluster(2).on(deleteTopicsApi, ({ topics }, { nodeId }) => ({
    throttleTimeMs: 0,
    responses: topics.map(({ name }) => {
      cluster.controllerId = 2;
      return { name, topicId: ZERO_UUID, errorCode: nodeId === 2 ? 0 : errorCodes.NOT_CONTROLLER, errorMessage: null };
    }),
  }));
  await new Admin(cluster).deleteTopics(["a", "b"]);
  assert.deepEqual(
    cluster.sent.map(({ nodeId }) => nodeId),
    [1, 2],
  );
});

function topicsCreated(codes: Readonly<Record<string, number>>, throttleTimeMs = 0) {
  return {
    throttleTimeMs,
    topics: Object.entries(codes).map(([name, errorCode]) => ({
      name,
      topicId: ZERO_UUID,
      errorCode,
      errorMessage: null,
      numPartitions: 1,
      replicationFactor: 1,
      configs: [],
    })),
  };
}

test("a quota on changes is waited out for the topics it hit, or told when asked to (KIP-599)", async () => {
  const cluster = new ScriptedCluster().on(createTopicsApi, (_request, { attempt }) =>
    attempt === 0 ? topicsCreated({ a: 0, b: errorCodes.THROTTLING_QUOTA_EXCEEDED }, 3000) : topicsCreated({ b: 0 }),
  );
  const created = await new Admin(cluster).createTopics(["a", "b"]);
  assert.deepEqual([...created.keys()], ["a", "b"]);
  assert.deepEqual(cluster.waits, [3000]);
  assert.deepEqual(
    cluster.requests(createTopicsApi)[1]!.topics.map(({ name }) => name),
    ["b"],
  );

  const strict = new ScriptedCluster().on(createTopicsApi, () =>
    topicsCreated({ a: 0, b: errorCodes.THROTTLING_QUOTA_EXCEEDED }, 3000),
  );
  const call = new Admin(strict).createTopics(["a", "b"], { retryOnQuotaViolation: false });
  assert.deepEqual(await codesOf(call), { b: "THROTTLING_QUOTA_EXCEEDED" });
  const late = new Admin(strict).createTopics(["b"], { timeoutMs: 2000 });
  assert.equal(await codeOf(late), "THROTTLING_QUOTA_EXCEEDED");
});

test("ids that a broker takes one by one are asked for one by one", async () => {
  const cluster = new ScriptedCluster().on(initProducerIdApi, ({ transactionalId }, { attempt }) => ({
    throttleTimeMs: 0,
    errorCode: attempt === 0 ? errorCodes.CONCURRENT_TRANSACTIONS : 0,
    producerId: transactionalId === "a" ? 1 : 2,
    producerEpoch: 4,
  }));
  const fenced = await new Admin(cluster).fenceProducers(["a", "b"]);
  assert.deepEqual(
    [...fenced.values()],
    [
      { transactionalId: "a", producerId: 1, producerEpoch: 4 },
      { transactionalId: "b", producerId: 2, producerEpoch: 4 },
    ],
  );
  assert.equal(cluster.requests(initProducerIdApi).length, 3);
});

test("brokers that fail are told by their ids, beside the groups of the others", async () => {
  const cluster = new ScriptedCluster(3)
    .on(metadataApi, () => metadataOf([]))
    .on(listGroupsApi, (_request, { nodeId }) => ({
      throttleTimeMs: 0,
      errorCode: nodeId === 2 ? errorCodes.CLUSTER_AUTHORIZATION_FAILED : 0,
      groups:
        nodeId === 2
          ? []
          : [{ groupId: `g${nodeId}`, protocolType: "consumer", groupState: "Empty", groupType: "classic" }],
    }));
  const { values, errors } = await settled(new Admin(cluster).listGroups());
  assert.deepEqual([...values.keys()], ["g1", "g3"]);
  assert.deepEqual(values.get("g1"), { groupId: "g1", type: "Classic", protocolType: "consumer", state: "Empty" });
  assert.deepEqual(
    [...errors].map(([nodeId, { code }]) => [nodeId, code]),
    [[2, "CLUSTER_AUTHORIZATION_FAILED"]],
  );
});

test("what an older broker cannot be asked fails at once and says which version it takes", async () => {
  const cluster = new ScriptedCluster(3)
    .on(metadataApi, () => metadataOf([1, 1]), 7)
    .on(listGroupsApi, () => ({ throttleTimeMs: 0, errorCode: 0, groups: [] }), 3)
    .on(describeClusterApi, () => assert.fail("not to be asked"), 0)
    .on(
      listOffsetsApi,
      () => ({
        throttleTimeMs: 0,
        topics: [{ name: "t", partitions: [{ partitionIndex: 0, errorCode: 0, offset: 1 }] }],
      }),
      6,
    );
  const admin = new Admin(cluster);
  assert.equal(await codeOf(admin.listGroups({ states: ["Stable"] })), "UNSUPPORTED_VERSION");
  assert.equal(await codeOf(admin.listGroups({ types: ["Share"] })), "UNSUPPORTED_VERSION");
  assert.equal((await admin.listGroups({ types: ["Classic", "Consumer"] })).size, 0);
  assert.equal(await codeOf(admin.describeCluster({ includeFencedBrokers: true })), "UNSUPPORTED_VERSION");
  const { values, errors } = await settled(
    admin.listOffsets([
      { topic: "t", partition: 0 },
      { topic: "t", partition: 1, at: "maxTimestamp" },
    ]),
  );
  assert.equal(values.get("t-0")!.offset, 1);
  assert.match(errors.get("t-1")!.message, /"maxTimestamp" needs ListOffsets version 7; the broker has version 6/);
  assert.deepEqual(cluster.waits, []);
});

test("a cluster before 2.8 is described by its metadata", async () => {
  const cluster = new ScriptedCluster(3).on(
    metadataApi,
    () => ({ ...metadataOf([]), clusterId: "old", controllerId: 2 }),
    8,
  );
  const described = await new Admin(cluster).describeCluster({ includeAuthorizedOperations: true });
  assert.equal(described.clusterId, "old");
  assert.equal(described.controllerId, 2);
  assert.deepEqual([...described.nodes.keys()], [1, 2, 3]);
  assert.equal(cluster.requests(metadataApi)[0]!.includeClusterAuthorizedOperations, true);
});

test("a signal ends a call while it waits, and before it begins", async () => {
  const ending = new AbortController();
  const cluster = new ScriptedCluster().on(deleteGroupsApi, (_request, { attempt }) => {
    if (attempt === 1) ending.abort(new Error("enough"));
    return groupsDeleted({ g: errorCodes.COORDINATOR_NOT_AVAILABLE });
  });
  const admin = new Admin(cluster);
  await assert.rejects(admin.deleteConsumerGroups(["g"], { signal: ending.signal }), (error) => {
    assert.ok(error instanceof AbortedError);
    assert.equal((error.cause as Error).message, "enough");
    return true;
  });
  assert.equal(cluster.requests(deleteGroupsApi).length, 2);
  assert.equal(await codeOf(admin.deleteConsumerGroups(["g"], { signal: ending.signal })), "ABORTED");
  assert.equal(cluster.requests(deleteGroupsApi).length, 2);
});

test("closing waits for calls under way, ends them at its bound, and takes no more", async () => {
  let answer = (): void => {};
  const cluster = new ScriptedCluster().on(
    deleteGroupsApi,
    () => new Promise((resolve) => (answer = () => resolve(groupsDeleted({ g: 0 })))),
  );
  const admin = new Admin(cluster);
  const call = admin.deleteConsumerGroups(["g"]);
  await new Promise((resolve) => setImmediate(resolve));
  const closing = admin.close();
  assert.equal(await codeOf(admin.listTopics()), "CLOSED");
  assert.deepEqual(cluster.closedLanes, []);
  answer();
  await Promise.all([call, closing, admin.close()]);
  assert.equal(cluster.closedLanes.length, 1);

  const stuck = new Admin(cluster);
  const cut = stuck.deleteConsumerGroups(["g"]);
  await new Promise((resolve) => setImmediate(resolve));
  const bounded = stuck.close({ timeoutMs: 50 });
  cluster.clock.advance(50);
  answer();
  await assert.rejects(cut, ClosedError);
  await bounded;
});

test("what cannot be sent is the caller's mistake, and told as one", async () => {
  const cluster = new ScriptedCluster().on(createTopicsApi, () => assert.fail("not to be asked"));
  const admin = new Admin(cluster);
  for (const call of [
    admin.createTopics([{ name: "t", partitions: 1.5 }]),
    admin.createTopics(["t".repeat(40_000)]),
    admin.listOffsets([{ topic: "t", partition: 0, at: "nowhere" as "latest" }]),
    admin.listTopics({ timeoutMs: -1 }),
  ])
    assert.equal(await codeOf(call), "CONFIG");
});
