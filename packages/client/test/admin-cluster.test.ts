// The cluster, its brokers' folders and features by the admin client; and how a Kafka closes the admins made from it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { codeOf, codesOf, produce, startAdmin } from "./support/admin-fixtures.ts";
import { isReference, startTarget } from "./target.ts";

test("the cluster is described with its brokers, and with what the caller may do", async () => {
  await using made = await startAdmin();
  const { admin, target } = made;
  const plain = await admin.describeCluster();
  const [nodeId, node] = [...plain.nodes][0]!;
  assert.equal(`${node.host}:${node.port}`, target.bootstrap);
  assert.equal(plain.controllerId, nodeId);
  assert.equal(plain.clusterId!.length, 22);
  assert.equal(plain.authorizedOperations, null);
  const full = await admin.describeCluster({ includeAuthorizedOperations: true, includeFencedBrokers: true });
  assert.equal(full.authorizedOperations!.includes("ALTER"), true);
  assert.equal(full.nodes.get(nodeId)!.isFenced, false);
  assert.equal(await codeOf(admin.describeCluster({ endpointType: "CONTROLLER" })), "MISMATCHED_ENDPOINT_TYPE");
});

test("log folders are described by broker, and replicas are found in them", async () => {
  await using made = await startAdmin();
  const { admin, cluster, name } = made;
  const topic = name("orders");
  await made.create([{ name: topic, partitions: 2 }]);
  await produce(cluster, { topic, partition: 1 }, ["a", "b"]);
  const [brokerId] = (await admin.describeCluster()).nodes.keys();
  const [dir, ...more] = (await admin.describeLogDirs([brokerId!])).get(brokerId!)!;
  assert.deepEqual(more, []);
  assert.equal(dir!.error, null);
  assert.equal(dir!.isCordoned, false);
  const replica = dir!.replicas.find((each) => each.topic === topic && each.partition === 1)!;
  assert.equal(replica.sizeBytes > 60, true);
  assert.deepEqual([replica.offsetLag, replica.isFuture], [0, false]);
  const found = await admin.describeReplicaLogDirs([
    { topic, partition: 1, brokerId: brokerId! },
    { topic: name("missing"), partition: 0, brokerId: brokerId! },
  ]);
  assert.deepEqual(found.get(`${topic}-1-${brokerId}`)!.current, { path: dir!.path, offsetLag: 0 });
  assert.equal(found.get(`${topic}-1-${brokerId}`)!.future, null);
  assert.equal(found.get(`${name("missing")}-0-${brokerId}`)!.current, null);
});

test("features are described, from any broker or a named one", async () => {
  await using made = await startAdmin();
  const { admin } = made;
  const [nodeId] = (await admin.describeCluster()).nodes.keys();
  for (const options of [{}, { nodeId: nodeId! }]) {
    const { finalized, finalizedEpoch, supported } = await admin.describeFeatures(options);
    const level = finalized.get("metadata.version")!;
    const range = supported.get("metadata.version")!;
    assert.equal(range.min <= level.max && level.max <= range.max, true);
    assert.equal(finalizedEpoch! >= 0, true);
  }
});

test("metrics of the admin's connections are told", async () => {
  await using made = await startAdmin();
  const { admin } = made;
  await admin.describeCluster();
  const sent = admin.metrics().filter(({ name }) => name === "request-total" || name === "outgoing-byte-total");
  assert.equal(
    sent.some(({ value }) => value > 0),
    true,
  );
});

test("a Kafka closes the admins made from it", async () => {
  await using target = await startTarget();
  const kafka = target.kafka();
  const [admin, closed] = [kafka.admin(), kafka.admin()];
  await admin.describeCluster();
  await closed.describeCluster();
  await closed.close();
  assert.equal((await admin.describeCluster()).nodes.size, 1);
  await kafka.close();
  assert.equal(await codeOf(admin.describeCluster()), "CLOSED");
  assert.equal(await codeOf(closed.describeCluster()), "CLOSED");
});

test("what Ottla does not serve yet fails at once and says so", { skip: isReference }, async () => {
  await using made = await startAdmin();
  const { admin } = made;
  const replica = { topic: "t", partition: 0 };
  const hmac = Buffer.alloc(0);
  const voter = { voterId: 1, directoryId: "AAAAAAAAAAAAAAAAAAAAAQ" };
  const calls: Record<string, () => Promise<unknown>> = {
    createAcls: () =>
      admin.createAcls([{ resourceType: "TOPIC", resourceName: "t", principal: "User:a", operation: "READ" }]),
    describeAcls: () => admin.describeAcls(),
    deleteAcls: () => admin.deleteAcls([{}]),
    alterReplicaLogDirs: () => admin.alterReplicaLogDirs([{ ...replica, brokerId: 1, logDir: "/tmp" }]),
    createDelegationToken: () => admin.createDelegationToken(),
    renewDelegationToken: () => admin.renewDelegationToken(hmac),
    expireDelegationToken: () => admin.expireDelegationToken(hmac),
    describeDelegationToken: () => admin.describeDelegationToken(),
    electLeaders: () => admin.electLeaders("PREFERRED", [replica]),
    alterPartitionReassignments: () => admin.alterPartitionReassignments([{ ...replica, replicas: [1] }]),
    listPartitionReassignments: () => admin.listPartitionReassignments(),
    describeClientQuotas: () => admin.describeClientQuotas(),
    alterClientQuotas: () => admin.alterClientQuotas([{ entity: { user: "a" }, quotas: { producer_byte_rate: 1 } }]),
    describeUserScramCredentials: () => admin.describeUserScramCredentials(),
    alterUserScramCredentials: () =>
      admin.alterUserScramCredentials([{ user: "a", mechanism: "SCRAM-SHA-256", password: "secret" }]),
    describeMetadataQuorum: () => admin.describeMetadataQuorum(),
    updateFeatures: () => admin.updateFeatures([{ feature: "metadata.version", maxVersionLevel: 20 }]),
    unregisterBroker: () => admin.unregisterBroker(9),
    listConfigResources: () => admin.listConfigResources(),
    listClientMetricsResources: () => admin.listClientMetricsResources(),
    clientInstanceId: () => admin.clientInstanceId(),
    addRaftVoter: () => admin.addRaftVoter({ ...voter, endpoints: [] }),
    removeRaftVoter: () => admin.removeRaftVoter(voter),
    describeShareGroups: () => admin.describeShareGroups(["g"]),
    listShareGroupOffsets: () => admin.listShareGroupOffsets(["g"]),
    alterShareGroupOffsets: () => admin.alterShareGroupOffsets("g", [{ ...replica, startOffset: 1 }]),
    deleteShareGroupOffsets: () => admin.deleteShareGroupOffsets("g", ["t"]),
    describeStreamsGroups: () => admin.describeStreamsGroups(["g"]),
  };
  const { nodes } = await admin.describeCluster();
  assert.equal(nodes.has(1), true);
  for (const [name, call] of Object.entries(calls))
    assert.deepEqual([name, await codeOf(call())], [name, "UNSUPPORTED_VERSION"]);
  assert.deepEqual(await codesOf(admin.describeLogDirs([])), {});
});
