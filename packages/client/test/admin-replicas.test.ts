// Reassignments, elections and replicas moved between folders by the admin client. Brokers answer by a script that says what Apache
// Kafka says, and with REFERENCE_BOOTSTRAP Apache Kafka itself does: see startServed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { errorCodes } from "@ottla/protocol";
import { alterPartitionReassignmentsApi } from "@ottla/protocol/messages/45-alter-partition-reassignments.ts";
import { alterReplicaLogDirsApi } from "@ottla/protocol/messages/34-alter-replica-log-dirs.ts";
import { describeClusterApi } from "@ottla/protocol/messages/60-describe-cluster.ts";
import { describeLogDirsApi } from "@ottla/protocol/messages/35-describe-log-dirs.ts";
import { electLeadersApi } from "@ottla/protocol/messages/43-elect-leaders.ts";
import { listPartitionReassignmentsApi } from "@ottla/protocol/messages/46-list-partition-reassignments.ts";
import { Admin } from "../src/admin/admin.ts";
import { settled } from "../src/admin/admin-error.ts";
import { codeOf, codesOf, startServed } from "./support/admin-fixtures.ts";
import { ScriptedCluster } from "./support/scripted-cluster.ts";

const throttleTimeMs = 0;
const fine = { errorCode: 0, errorMessage: null };
const failed = (errorCode: number) => ({ errorCode, errorMessage: null });

function oneBroker(cluster: ScriptedCluster): void {
  cluster.on(describeClusterApi, () => ({
    throttleTimeMs,
    errorCode: 0,
    clusterId: "scripted",
    controllerId: 1,
    brokers: [{ brokerId: 1, host: "scripted", port: 9092, isFenced: false }],
  }));
}

test("partitions are moved, and each that cannot be fails for itself", async () => {
  await using made = await startServed((cluster) => {
    oneBroker(cluster);
    const judge = (topic: string, replicas: readonly number[] | null): number => {
      if (topic === "missing") return errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
      if (replicas === null) return errorCodes.NO_REASSIGNMENT_IN_PROGRESS;
      return replicas.includes(1) ? 0 : errorCodes.INVALID_REPLICA_ASSIGNMENT;
    };
    cluster.on(alterPartitionReassignmentsApi, ({ topics }) => ({
      throttleTimeMs,
      ...fine,
      responses: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, replicas }) => ({
          partitionIndex,
          ...failed(judge(name, replicas)),
        })),
      })),
    }));
    cluster.on(listPartitionReassignmentsApi, () => ({ throttleTimeMs, ...fine, topics: [] }));
  });
  const { admin, name, scripted } = made;
  const topic = await made.topic("orders", 3);
  const [nodeId] = (await admin.describeCluster()).nodes.keys();
  const call = admin.alterPartitionReassignments(
    [
      { topic, partition: 0, replicas: [nodeId!] },
      { topic, partition: 1, replicas: null },
      { topic, partition: 2, replicas: [99] },
      { topic: name("missing"), partition: 0, replicas: [nodeId!] },
    ],
    { allowReplicationFactorChange: false },
  );
  assert.deepEqual(await codesOf(call), {
    [`${topic}-1`]: "NO_REASSIGNMENT_IN_PROGRESS",
    [`${topic}-2`]: "INVALID_REPLICA_ASSIGNMENT",
    [`${name("missing")}-0`]: "UNKNOWN_TOPIC_OR_PARTITION",
  });
  assert.equal((await admin.listPartitionReassignments()).size, 0);
  assert.equal((await admin.listPartitionReassignments([{ topic, partition: 0 }])).size, 0);
  if (scripted === null) return;
  assert.equal(scripted.requests(alterPartitionReassignmentsApi)[0]!.allowReplicationFactorChange, false);
  const [all, some] = scripted.requests(listPartitionReassignmentsApi);
  assert.deepEqual([all!.topics, some!.topics], [null, [{ name: topic, partitionIndexes: [0] }]]);
});

test("partitions on their way are listed with what comes and goes", async () => {
  const cluster = new ScriptedCluster().on(listPartitionReassignmentsApi, () => ({
    throttleTimeMs,
    ...fine,
    topics: [
      {
        name: "t",
        partitions: [{ partitionIndex: 4, replicas: [1, 2, 3], addingReplicas: [3], removingReplicas: [1] }],
      },
    ],
  }));
  const moving = await new Admin(cluster).listPartitionReassignments();
  assert.deepEqual(
    [...moving],
    [["t-4", { topic: "t", partition: 4, replicas: [1, 2, 3], addingReplicas: [3], removingReplicas: [1] }]],
  );
});

test("a reassignment that fails as a whole is told as a whole", async () => {
  const cluster = new ScriptedCluster().on(alterPartitionReassignmentsApi, () => ({
    throttleTimeMs,
    ...failed(errorCodes.CLUSTER_AUTHORIZATION_FAILED),
    responses: [],
  }));
  const admin = new Admin(cluster);
  const call = admin.alterPartitionReassignments([0, 1].map((partition) => ({ topic: "t", partition, replicas: [1] })));
  await assert.rejects(call, { name: "BrokerError", code: "CLUSTER_AUTHORIZATION_FAILED" });
});

test("elections that are not needed and partitions that do not exist fail by partition", async () => {
  await using made = await startServed((cluster) => {
    const judge = (topic: string): number =>
      topic === "missing" ? errorCodes.UNKNOWN_TOPIC_OR_PARTITION : errorCodes.ELECTION_NOT_NEEDED;
    cluster.on(electLeadersApi, ({ topicPartitions }) => ({
      throttleTimeMs,
      errorCode: 0,
      replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
        topic,
        partitionResult: partitions.map((partitionId) => ({ partitionId, ...failed(judge(topic)) })),
      })),
    }));
  });
  const { admin, name, scripted } = made;
  const topic = await made.topic("orders", 2);
  const partitions = [
    { topic, partition: 0 },
    { topic, partition: 1 },
    { topic: name("missing"), partition: 0 },
  ];
  const expected = {
    [`${topic}-0`]: "ELECTION_NOT_NEEDED",
    [`${topic}-1`]: "ELECTION_NOT_NEEDED",
    [`${name("missing")}-0`]: "UNKNOWN_TOPIC_OR_PARTITION",
  };
  assert.deepEqual(await codesOf(admin.electLeaders("PREFERRED", partitions)), expected);
  assert.deepEqual(await codesOf(admin.electLeaders("UNCLEAN", partitions)), expected);
  assert.deepEqual([...(await admin.electLeaders("PREFERRED", "all"))], []);
  if (scripted === null) return;
  const [preferred, unclean, all] = scripted.requests(electLeadersApi);
  assert.deepEqual([preferred!.electionType, unclean!.electionType], [0, 1]);
  assert.equal(all!.topicPartitions, null);
  assert.deepEqual(scripted.waits, []);
});

test("elected leaders are told by partition", async () => {
  const cluster = new ScriptedCluster().on(electLeadersApi, () => ({
    throttleTimeMs,
    errorCode: 0,
    replicaElectionResults: [
      {
        topic: "t",
        partitionResult: [
          { partitionId: 0, ...fine },
          { partitionId: 1, ...failed(errorCodes.PREFERRED_LEADER_NOT_AVAILABLE) },
        ],
      },
    ],
  }));
  const { values, errors } = await settled(new Admin(cluster).electLeaders("PREFERRED", "all"));
  assert.deepEqual([...values], [["t-0", { topic: "t", partition: 0 }]]);
  assert.equal(errors.get("t-1")!.code, "PREFERRED_LEADER_NOT_AVAILABLE");
  cluster.on(electLeadersApi, () => ({
    throttleTimeMs,
    errorCode: errorCodes.CLUSTER_AUTHORIZATION_FAILED,
    replicaElectionResults: [],
  }));
  assert.equal(await codeOf(new Admin(cluster).electLeaders("PREFERRED", "all")), "CLUSTER_AUTHORIZATION_FAILED");
});

test("replicas are not moved to folders that the broker does not have", async () => {
  await using made = await startServed((cluster) => {
    oneBroker(cluster);
    cluster.on(alterReplicaLogDirsApi, ({ dirs }) => ({
      throttleTimeMs,
      results: dirs.flatMap(({ topics }) =>
        topics.map(({ name, partitions }) => ({
          topicName: name,
          partitions: partitions.map((partitionIndex) => ({ partitionIndex, errorCode: errorCodes.LOG_DIR_NOT_FOUND })),
        })),
      ),
    }));
  });
  const { admin } = made;
  const topic = await made.topic("orders", 2);
  const [brokerId] = (await admin.describeCluster()).nodes.keys();
  const moves = [0, 1].map((partition) => ({ topic, partition, brokerId: brokerId!, logDir: `/nowhere/${partition}` }));
  assert.deepEqual(await codesOf(admin.alterReplicaLogDirs(moves)), {
    [`${topic}-0-${brokerId}`]: "LOG_DIR_NOT_FOUND",
    [`${topic}-1-${brokerId}`]: "LOG_DIR_NOT_FOUND",
  });
});

test("moves go to the brokers of their replicas, by folder; a replica on the move is in two", async () => {
  const cluster = new ScriptedCluster(2)
    .on(alterReplicaLogDirsApi, ({ dirs }) => ({
      throttleTimeMs,
      results: dirs.flatMap(({ topics }) =>
        topics.map(({ name, partitions }) => ({
          topicName: name,
          partitions: partitions.map((partitionIndex) => ({ partitionIndex, errorCode: 0 })),
        })),
      ),
    }))
    .on(describeLogDirsApi, (_request, { nodeId }) => ({
      throttleTimeMs,
      errorCode: nodeId === 2 ? errorCodes.CLUSTER_AUTHORIZATION_FAILED : 0,
      results: (nodeId === 2 ? [] : ["/a", "/b", "/lost"]).map((logDir) => ({
        errorCode: logDir === "/lost" ? errorCodes.KAFKA_STORAGE_ERROR : 0,
        logDir,
        topics:
          logDir === "/lost"
            ? []
            : [
                {
                  name: "t",
                  partitions: [
                    {
                      partitionIndex: 0,
                      partitionSize: 70,
                      offsetLag: logDir === "/a" ? 0 : 5,
                      isFutureKey: logDir === "/b",
                    },
                  ],
                },
              ],
        totalBytes: 1000,
        usableBytes: 400,
      })),
    }));
  const admin = new Admin(cluster);
  await admin.alterReplicaLogDirs([
    { topic: "t", partition: 0, brokerId: 1, logDir: "/a" },
    { topic: "t", partition: 1, brokerId: 1, logDir: "/b" },
    { topic: "u", partition: 0, brokerId: 1, logDir: "/a" },
    { topic: "t", partition: 0, brokerId: 2, logDir: "/a" },
  ]);
  assert.deepEqual(
    cluster.requests(alterReplicaLogDirsApi).map(({ dirs }) => dirs),
    [
      [
        {
          path: "/a",
          topics: [
            { name: "t", partitions: [0] },
            { name: "u", partitions: [0] },
          ],
        },
        { path: "/b", topics: [{ name: "t", partitions: [1] }] },
      ],
      [{ path: "/a", topics: [{ name: "t", partitions: [0] }] }],
    ],
  );
  const replicas = [
    { topic: "t", partition: 0, brokerId: 1 },
    { topic: "t", partition: 0, brokerId: 2 },
  ];
  const { values, errors } = await settled(admin.describeReplicaLogDirs(replicas));
  assert.deepEqual(values.get("t-0-1"), {
    ...replicas[0],
    current: { path: "/a", offsetLag: 0 },
    future: { path: "/b", offsetLag: 5 },
  });
  assert.equal(errors.get("t-0-2")!.code, "CLUSTER_AUTHORIZATION_FAILED");
  const dirs = (await admin.describeLogDirs([1])).get(1)!;
  assert.deepEqual(
    dirs.map(({ path, error, totalBytes, usableBytes }) => [path, error?.code ?? null, totalBytes, usableBytes]),
    [
      ["/a", null, 1000, 400],
      ["/b", null, 1000, 400],
      ["/lost", "KAFKA_STORAGE_ERROR", 1000, 400],
    ],
  );
  assert.deepEqual(await codesOf(admin.describeLogDirs([1, 2])), { 2: "CLUSTER_AUTHORIZATION_FAILED" });
});
