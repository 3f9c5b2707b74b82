// The cluster against a broker: requests, metadata, coordinators, controller, closing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { describeClusterApi } from "@ottla/protocol/messages/60-describe-cluster.ts";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import { ClosedError } from "../src/errors.ts";
import { createTopics } from "./support/created-topics.ts";
import { startTarget } from "./target.ts";

const describeClusterBody = { includeClusterAuthorizedOperations: false, includeFencedBrokers: false };

test("a request goes to any broker, and the answer comes back", async () => {
  await using target = await startTarget();
  const cluster = target.cluster();
  const response = await cluster.send(null, describeClusterApi, describeClusterBody);
  assert.equal(response.errorCode, 0);
  assert.equal(response.brokers.length > 0, true);
});

test("versionOf tells the highest version that both know", async () => {
  await using target = await startTarget();
  const cluster = target.cluster();
  assert.equal(await cluster.versionOf(null, metadataApi), 13);
  assert.equal(await cluster.versionOf(null, metadataApi, { maxVersion: 4 }), 4);
});

test("a topic's metadata come, and the topic is created where the broker does that", async () => {
  await using target = await startTarget();
  const cluster = target.cluster();
  const name = target.topicName("orders");
  const topic = await cluster.topicMetadata(name);
  assert.equal(topic.name, name);
  assert.equal(topic.partitions[0]!.partition, 0);
  assert.equal(cluster.metadata.topicNames.get(topic.topicId), name);
  assert.equal(cluster.metadata.topics.get(name), topic);
  const leader = topic.partitions[0]!.leaderId;
  const response = await cluster.send(leader, metadataApi, (version) => ({
    topics: version >= 1 ? [] : [],
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  }));
  assert.equal(
    response.brokers.some(({ nodeId }) => nodeId === leader),
    true,
  );
});

test("topics of interest are in every refresh", async () => {
  await using target = await startTarget();
  const cluster = target.cluster();
  const name = target.topicName("wanted");
  await createTopics(target.kafka().admin(), [{ name, partitions: 3 }]);
  const end = cluster.interest([name]);
  const view = await cluster.refreshMetadata();
  assert.equal(view.topics.get(name)?.partitions.length, 3);
  end();
  const later = await cluster.refreshMetadata();
  assert.equal(later.topics.has(name), false);
});

test("coordinators of many groups are found with one request each kind", async () => {
  await using target = await startTarget();
  const cluster = target.cluster();
  const nodes = await Promise.all([
    cluster.coordinator("group", "a"),
    cluster.coordinator("group", "b"),
    cluster.coordinator("transaction", "c"),
  ]);
  assert.equal(new Set(nodes).size, 1);
  cluster.forgetCoordinator("group", "a");
  assert.equal(await cluster.coordinator("group", "a"), nodes[0]);
});

test("after close every call is refused", async () => {
  await using target = await startTarget();
  const cluster = target.cluster();
  await cluster.refreshMetadata();
  await cluster.close();
  await assert.rejects(cluster.send(null, describeClusterApi, describeClusterBody), ClosedError);
  await assert.rejects(cluster.refreshMetadata(), ClosedError);
  await assert.rejects(cluster.topicMetadata("x"), ClosedError);
  await assert.rejects(cluster.coordinator("group", "a"), ClosedError);
  await assert.rejects(cluster.delay(1), ClosedError);
});
