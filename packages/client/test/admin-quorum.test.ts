// The metadata quorum, features, registered brokers, resources with configs and client metrics by the admin client. Brokers answer by a
// script that says what Apache Kafka says, and with REFERENCE_BOOTSTRAP Apache Kafka itself does: see startServed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { addRaftVoterApi } from "@ottla/protocol/messages/80-add-raft-voter.ts";
import { describeClusterApi } from "@ottla/protocol/messages/60-describe-cluster.ts";
import { describeQuorumApi } from "@ottla/protocol/messages/55-describe-quorum.ts";
import { getTelemetrySubscriptionsApi } from "@ottla/protocol/messages/71-get-telemetry-subscriptions.ts";
import { incrementalAlterConfigsApi } from "@ottla/protocol/messages/44-incremental-alter-configs.ts";
import { listConfigResourcesApi } from "@ottla/protocol/messages/74-list-config-resources.ts";
import { removeRaftVoterApi } from "@ottla/protocol/messages/81-remove-raft-voter.ts";
import { unregisterBrokerApi } from "@ottla/protocol/messages/64-unregister-broker.ts";
import { updateFeaturesApi } from "@ottla/protocol/messages/57-update-features.ts";
import { Admin } from "../src/admin/admin.ts";
import { codeOf, codesOf, startServed } from "./support/admin-fixtures.ts";
import { eventually } from "./support/eventually.ts";
import { ScriptedCluster } from "./support/scripted-cluster.ts";

const throttleTimeMs = 0;
const fine = { errorCode: 0, errorMessage: null };

const voter = {
  replicaId: 1,
  replicaDirectoryId: "AAAAAAAAAAAAAAAAAAAAAQ",
  logEndOffset: 42,
  lastFetchTimestamp: -1,
  lastCaughtUpTimestamp: 1_700_000_000_000,
};

test("the quorum is described: its leader, its voters and where they listen", async () => {
  await using made = await startServed((cluster) => {
    cluster.on(describeQuorumApi, ({ topics }) => ({
      ...fine,
      topics: topics.map(({ topicName, partitions }) => ({
        topicName,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          ...fine,
          leaderId: 1,
          leaderEpoch: 1,
          highWatermark: 42,
          currentVoters: [voter],
          observers: [],
        })),
      })),
      nodes: [{ nodeId: 1, listeners: [{ name: "CONTROLLER", host: "localhost", port: 9093 }] }],
    }));
  });
  const { admin, scripted } = made;
  const quorum = await admin.describeMetadataQuorum();
  assert.deepEqual(
    quorum.voters.map(({ replicaId }) => replicaId),
    [quorum.leaderId],
  );
  assert.equal(quorum.leaderEpoch >= 1 && quorum.highWatermark > 0, true);
  assert.equal(quorum.nodes.get(quorum.leaderId)![0]!.name, "CONTROLLER");
  if (scripted === null) return;
  assert.deepEqual(quorum.voters[0], {
    replicaId: 1,
    directoryId: voter.replicaDirectoryId,
    logEndOffset: 42,
    lastFetchTimestampMs: null,
    lastCaughtUpTimestampMs: 1_700_000_000_000,
  });
});

test("a quorum that has no leader yet is asked again", async () => {
  const cluster = new ScriptedCluster().on(describeQuorumApi, (_request, { attempt }) => ({
    errorCode: attempt === 0 ? errorCodes.NOT_CONTROLLER : errorCodes.CLUSTER_AUTHORIZATION_FAILED,
    errorMessage: null,
    topics: [],
    nodes: [],
  }));
  assert.equal(await codeOf(new Admin(cluster).describeMetadataQuorum()), "CLUSTER_AUTHORIZATION_FAILED");
  assert.deepEqual(cluster.waits, [100]);
});

test("a voter that nobody reaches is not added, and one that is none is not taken", async () => {
  await using made = await startServed((cluster) => {
    const answer = (errorCode: number) => ({ throttleTimeMs, errorCode, errorMessage: null });
    cluster.on(addRaftVoterApi, () => answer(errorCodes.REQUEST_TIMED_OUT));
    cluster.on(removeRaftVoterApi, () => answer(errorCodes.VOTER_NOT_FOUND));
  });
  const { admin, scripted } = made;
  const other = { voterId: 9, directoryId: "AAAAAAAAAAAAAAAAAAAACQ" };
  const endpoints = [{ name: "CONTROLLER", host: "localhost", port: 9999 }];
  assert.equal(await codeOf(admin.addRaftVoter({ ...other, endpoints })), "REQUEST_TIMED_OUT");
  assert.equal(await codeOf(admin.removeRaftVoter(other)), "VOTER_NOT_FOUND");
  if (scripted === null) return;
  const { timeoutMs, ...added } = scripted.requests(addRaftVoterApi)[0]!;
  assert.deepEqual(added, {
    clusterId: null,
    voterId: 9,
    voterDirectoryId: other.directoryId,
    listeners: endpoints,
    ackWhenCommitted: true,
  });
  assert.equal(timeoutMs, 30_000);
});

test("voters are added and taken, in the cluster that was named, and never twice by themselves", async () => {
  const late = { throttleTimeMs, errorCode: errorCodes.REQUEST_TIMED_OUT, errorMessage: null };
  const cluster = new ScriptedCluster()
    .on(addRaftVoterApi, ({ clusterId }) => (clusterId === "late" ? late : { throttleTimeMs, ...fine }))
    .on(removeRaftVoterApi, (_request, { attempt }) =>
      attempt === 0
        ? { throttleTimeMs, errorCode: errorCodes.NOT_CONTROLLER, errorMessage: null }
        : { throttleTimeMs, ...fine },
    );
  const admin = new Admin(cluster);
  const other = { voterId: 9, directoryId: "AAAAAAAAAAAAAAAAAAAACQ" };
  await admin.addRaftVoter({ ...other, endpoints: [] }, { clusterId: "mine" });
  assert.equal(
    await codeOf(admin.addRaftVoter({ ...other, endpoints: [] }, { clusterId: "late" })),
    "REQUEST_TIMED_OUT",
  );
  assert.equal(cluster.requests(addRaftVoterApi).length, 2);
  await admin.removeRaftVoter(other);
  assert.equal(cluster.requests(removeRaftVoterApi).length, 2);
});

test("a feature is not set to a level that it does not have", async () => {
  await using made = await startServed((cluster) => {
    const failed = { errorCode: errorCodes.INVALID_UPDATE_VERSION, errorMessage: "not supported" };
    cluster.on(updateFeaturesApi, () => ({ throttleTimeMs, ...failed, results: [] }));
  });
  const { admin, scripted } = made;
  const updates = [{ feature: "metadata.version", maxVersionLevel: 9999 }];
  const call = admin.updateFeatures(updates, { validateOnly: true });
  assert.deepEqual(await codesOf(call), { "metadata.version": "INVALID_UPDATE_VERSION" });
  if (scripted === null) return;
  assert.deepEqual(scripted.requests(updateFeaturesApi)[0], {
    timeoutMs: 30_000,
    featureUpdates: [{ feature: "metadata.version", maxVersionLevel: 9999, allowDowngrade: false, upgradeType: 1 }],
    validateOnly: true,
  });
});

test("features are set one by one by older brokers, downgrades with their kind", async () => {
  const cluster = new ScriptedCluster().on(
    updateFeaturesApi,
    ({ featureUpdates }) => ({
      throttleTimeMs,
      ...fine,
      results: featureUpdates.map(({ feature }) => ({
        feature,
        errorCode: feature === "b" ? errorCodes.FEATURE_UPDATE_FAILED : 0,
        errorMessage: null,
      })),
    }),
    1,
  );
  const admin = new Admin(cluster);
  const call = admin.updateFeatures([
    { feature: "a", maxVersionLevel: 2, upgradeType: "SAFE_DOWNGRADE" },
    { feature: "b", maxVersionLevel: 0, upgradeType: "UNSAFE_DOWNGRADE" },
  ]);
  assert.deepEqual(await codesOf(call), { b: "FEATURE_UPDATE_FAILED" });
  assert.deepEqual(
    cluster.requests(updateFeaturesApi)[0]!.featureUpdates.map(({ upgradeType }) => upgradeType),
    [2, 3],
  );
  cluster.on(updateFeaturesApi, () => ({ throttleTimeMs, ...fine, results: [] }), 0);
  await admin.updateFeatures([{ feature: "a", maxVersionLevel: 1, upgradeType: "SAFE_DOWNGRADE" }]);
  assert.equal(cluster.requests(updateFeaturesApi)[1]!.featureUpdates[0]!.allowDowngrade, true);
  assert.equal(
    await codeOf(admin.updateFeatures([{ feature: "a", maxVersionLevel: 1 }], { validateOnly: true })),
    "UNSUPPORTED_VERSION",
  );
});

test("a broker that is not registered cannot be unregistered", async () => {
  await using made = await startServed((cluster) => {
    cluster.on(unregisterBrokerApi, (_request, { attempt }) => ({
      throttleTimeMs,
      errorCode: attempt === 0 ? errorCodes.REQUEST_TIMED_OUT : errorCodes.BROKER_ID_NOT_REGISTERED,
      errorMessage: null,
    }));
  });
  assert.equal(await codeOf(made.admin.unregisterBroker(9999)), "BROKER_ID_NOT_REGISTERED");
});

test("resources that have configs are listed by type, client metrics among them", async () => {
  await using made = await startServed((cluster) => {
    const known = [{ resourceType: 2, resourceName: "orders" }];
    cluster.on(incrementalAlterConfigsApi, ({ resources }) => {
      known.push(...resources.map(({ resourceType, resourceName }) => ({ resourceType, resourceName })));
      return {
        throttleTimeMs,
        responses: resources.map(({ resourceType, resourceName }) => ({ ...fine, resourceType, resourceName })),
      };
    });
    cluster.on(listConfigResourcesApi, ({ resourceTypes }) => ({
      throttleTimeMs,
      errorCode: 0,
      configResources: known.filter(
        ({ resourceType }) => resourceTypes.length === 0 || resourceTypes.includes(resourceType),
      ),
    }));
  });
  const { admin, name } = made;
  const topic = await made.topic("orders");
  await admin.incrementalAlterConfigs([
    { type: "CLIENT_METRICS", name: name("metrics"), set: { "interval.ms": 60_000 } },
    { type: "GROUP", name: name("group"), set: { "consumer.session.timeout.ms": 46_000 } },
  ]);
  const named = async (types: Parameters<typeof admin.listConfigResources>[0]): Promise<string[]> =>
    (await admin.listConfigResources(types))
      .filter((each) => [topic, name("metrics"), name("group")].includes(each.name))
      .map((each) => `${each.type} ${each.name}`)
      .sort();
  await eventually(async () => assert.equal((await named([])).length, 3));
  assert.deepEqual(await named(["TOPIC"]), [`TOPIC ${topic}`]);
  assert.deepEqual(await named(["GROUP", "CLIENT_METRICS"]), [
    `CLIENT_METRICS ${name("metrics")}`,
    `GROUP ${name("group")}`,
  ]);
  assert.equal((await admin.listClientMetricsResources()).includes(name("metrics")), true);
});

test("brokers before 4.1 list client metrics and nothing else", async () => {
  const cluster = new ScriptedCluster().on(
    listConfigResourcesApi,
    () => ({ throttleTimeMs, errorCode: 0, configResources: [{ resourceName: "metrics" }] }),
    0,
  );
  const admin = new Admin(cluster);
  assert.deepEqual(await admin.listClientMetricsResources(), ["metrics"]);
  assert.equal(await codeOf(admin.listConfigResources()), "UNSUPPORTED_VERSION");
});

test("appending and subtracting have the numbers of Kafka's operations", async () => {
  const cluster = new ScriptedCluster().on(incrementalAlterConfigsApi, ({ resources }) => ({
    throttleTimeMs,
    responses: resources.map(({ resourceType, resourceName }) => ({ ...fine, resourceType, resourceName })),
  }));
  await new Admin(cluster).incrementalAlterConfigs([
    { type: "TOPIC", name: "t", set: { a: 1 }, delete: ["b"], append: { c: "x,y" }, subtract: { d: true } },
    { type: "BROKER", name: "1", set: { a: 1 } },
    { type: "BROKER", name: "", set: { a: 2 } },
    { type: "BROKER_LOGGER", name: "1", set: { root: "INFO" } },
  ]);
  assert.deepEqual(
    cluster.sent.map(({ nodeId }) => nodeId),
    [null, 1],
  );
  const [any, own] = cluster.requests(incrementalAlterConfigsApi);
  assert.deepEqual(any!.resources[0]!.configs, [
    { name: "a", configOperation: 0, value: "1" },
    { name: "c", configOperation: 2, value: "x,y" },
    { name: "d", configOperation: 3, value: "true" },
    { name: "b", configOperation: 1, value: null },
  ]);
  assert.deepEqual(
    own!.resources.map(({ resourceType, resourceName }) => [resourceType, resourceName]),
    [
      [4, "1"],
      [8, "1"],
    ],
  );
});

test("controllers are described where the bootstrap servers are controllers (KIP-919)", async () => {
  const cluster = new ScriptedCluster().on(describeClusterApi, ({ endpointType }) => ({
    throttleTimeMs,
    errorCode: 0,
    endpointType,
    clusterId: "scripted",
    controllerId: 3000,
    brokers: [{ brokerId: 3000, host: "controller", port: 9093, isFenced: false }],
  }));
  const { nodes, controllerId } = await new Admin(cluster).describeCluster({ endpointType: "CONTROLLER" });
  assert.equal(controllerId, 3000);
  assert.equal(nodes.get(3000)!.host, "controller");
  assert.equal(cluster.requests(describeClusterApi)[0]!.endpointType, 2);
});

test("the client's instance id is asked for once", async () => {
  const cluster = new ScriptedCluster().on(
    getTelemetrySubscriptionsApi,
    ({ clientInstanceId }) => {
      assert.equal(clientInstanceId, ZERO_UUID);
      return {
        throttleTimeMs,
        errorCode: 0,
        clientInstanceId: "AAAAAAAAAAAAAAAAAAAAAw",
        subscriptionId: 1,
        acceptedCompressionTypes: [],
        pushIntervalMs: 1000,
        telemetryMaxBytes: 1000,
        deltaTemporality: true,
        requestedMetrics: [],
      };
    },
    0,
  );
  const admin = new Admin(cluster);
  assert.equal(await admin.clientInstanceId(), "AAAAAAAAAAAAAAAAAAAAAw");
  assert.equal(await admin.clientInstanceId(), "AAAAAAAAAAAAAAAAAAAAAw");
  assert.equal(cluster.sent.length, 1);
});
