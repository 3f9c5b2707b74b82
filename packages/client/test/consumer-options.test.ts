// The consumer's options, each by what it makes the consumer ask a broker for.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FetchRequestInput } from "@ottla/protocol/messages/01-fetch.ts";
import type { JoinGroupRequestInput } from "@ottla/protocol/messages/11-join-group.ts";
import type { ConsumerGroupHeartbeatRequestInput } from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import { errorCodes } from "@ottla/protocol";
import { getTelemetrySubscriptionsApi } from "@ottla/protocol/messages/71-get-telemetry-subscriptions.ts";
import type { ConsumerOptions } from "../src/consumer/consumer-options.ts";
import { Consumer } from "../src/consumer/consumer.ts";
import { Producer } from "../src/producer/producer.ts";
import { eventually } from "./support/eventually.ts";
import { startConsuming, write } from "./support/consuming.ts";
import type { ConsumingTarget } from "./support/consuming.ts";
import { ScriptedCluster } from "./support/scripted-cluster.ts";
import { wrapSend } from "./support/wrapped-cluster.ts";

/** A version that every broker of the tests has, for bodies that depend on it. */
const SOME_VERSION = 5;

/** A consumer whose requests are listed by API. */
function watched(
  kit: ConsumingTarget,
  options: ConsumerOptions,
): { consumer: Consumer; asked: Map<string, unknown[]> } {
  const asked = new Map<string, unknown[]>();
  const cluster = wrapSend(kit.target.cluster(), (api, next, body) => {
    const plain: unknown = typeof body === "function" ? (body as (version: number) => unknown)(SOME_VERSION) : body;
    asked.set(api, [...(asked.get(api) ?? []), plain]);
    return next();
  });
  return { consumer: new Consumer(cluster, { fetchMaxWaitMs: 20, ...options }), asked };
}

test("a fetch asks for what the options say", async () => {
  await using kit = await startConsuming();
  const topic = await kit.topic("fetched");
  await write(kit.cluster, { topic, partition: 0 }, ["a"]);
  const options: ConsumerOptions = {
    autoOffsetReset: "earliest",
    fetchMinBytes: 7,
    fetchMaxWaitMs: 33,
    fetchMaxBytes: 400_000,
    maxPartitionFetchBytes: 500_000,
    isolationLevel: "read_uncommitted",
    clientRack: "north",
  };
  const { consumer, asked } = watched(kit, options);
  await consumer.assign([{ topic, partition: 0 }]);
  assert.equal((await consumer.poll()).length, 1);
  await consumer.close();
  const { minBytes, maxWaitMs, maxBytes, isolationLevel, rackId, topics } = asked.get("Fetch")![0] as FetchRequestInput;
  assert.deepEqual(
    {
      minBytes,
      maxWaitMs,
      maxBytes,
      isolationLevel,
      rackId,
      perPartition: topics[0]!.partitions[0]!.partitionMaxBytes,
    },
    { minBytes: 7, maxWaitMs: 33, maxBytes: 400_000, isolationLevel: 0, rackId: "north", perPartition: 500_000 },
  );
});

test("a member of the classic protocol joins with what the options say", async () => {
  await using kit = await startConsuming();
  const topic = await kit.topic("joined");
  const { consumer, asked } = watched(kit, {
    groupId: kit.target.topicName("group"),
    groupInstanceId: "one",
    sessionTimeoutMs: 12_000,
    heartbeatIntervalMs: 1_000,
    maxPollIntervalMs: 34_000,
    partitionAssignors: ["roundrobin", "range"],
  });
  await consumer.subscribe(topic);
  const join = await eventually(() => asked.get("JoinGroup")!.at(-1) as JoinGroupRequestInput);
  assert.deepEqual(
    [join.sessionTimeoutMs, join.rebalanceTimeoutMs, join.groupInstanceId, join.protocols.map(({ name }) => name)],
    [12_000, 34_000, "one", ["roundrobin", "range"]],
  );
  await consumer.close({ leaveGroup: true });
});

test("a member of the consumer protocol joins with what the options say (KIP-848)", async () => {
  await using kit = await startConsuming();
  const topic = await kit.topic("joined");
  const { consumer, asked } = watched(kit, {
    groupId: kit.target.topicName("group"),
    groupProtocol: "consumer",
    groupInstanceId: "one",
    groupRemoteAssignor: "range",
    maxPollIntervalMs: 34_000,
    clientRack: "north",
  });
  await consumer.subscribe(topic);
  const first = await eventually(() => asked.get("ConsumerGroupHeartbeat")![0] as ConsumerGroupHeartbeatRequestInput);
  assert.deepEqual(
    [first.instanceId, first.serverAssignor, first.rebalanceTimeoutMs, first.rackId],
    ["one", "range", 34_000, "north"],
  );
  await consumer.close({ leaveGroup: true });
});

test("what is processed is committed every autoCommitIntervalMs", async () => {
  await using kit = await startConsuming();
  const topic = await kit.topic("committed");
  await write(kit.cluster, { topic, partition: 0 }, ["a", "b"]);
  const groupId = kit.target.topicName("group");
  const consumer = kit.consumer({ groupId, autoOffsetReset: "earliest", autoCommitIntervalMs: 10 });
  await consumer.assign([{ topic, partition: 0 }]);
  await consumer.poll();
  const waiting = consumer.poll({ timeoutMs: 60_000 }).catch(() => []);
  await eventually(async () => {
    const [committed] = await consumer.committed([{ topic, partition: 0 }]);
    assert.equal(committed!.offset, 2);
  });
  await consumer.close();
  await waiting;
});

for (const [excludeInternalTopics, expected] of [
  [true, 0],
  [false, 1],
] as const) {
  test(`excludeInternalTopics ${excludeInternalTopics}: a pattern that matches an internal topic`, async () => {
    await using kit = await startConsuming();
    const groupId = kit.target.topicName("group");
    // The first group makes the topic.
    const first = kit.consumer({ groupId: `${groupId}-first` });
    await first.committed([{ topic: await kit.topic("any"), partition: 0 }]);
    const assigned = Promise.withResolvers<readonly unknown[]>();
    const pattern = /^__consumer_offsets$|^matched-/;
    const topic = await kit.topic("matched");
    const consumer = kit.consumer({ groupId, excludeInternalTopics, onAssigned: (found) => assigned.resolve(found) });
    await consumer.subscribe(pattern);
    const polling = consumer.poll({ timeoutMs: 10_000 }).catch(() => []);
    const topics = new Set((await assigned.promise).map((each) => (each as { topic: string }).topic));
    assert.equal(topics.has(topic), true);
    assert.equal(topics.has("__consumer_offsets") ? 1 : 0, expected);
    await consumer.close();
    await polling;
  });
}

describe("clientInstanceId (KIP-714)", () => {
  const answering = (errors: number[]): ScriptedCluster =>
    new ScriptedCluster().on(
      getTelemetrySubscriptionsApi,
      () => ({
        throttleTimeMs: 0,
        errorCode: errors.shift() ?? 0,
        clientInstanceId: "AAAAAAAAAAAAAAAAAAAAAw",
        subscriptionId: 1,
        acceptedCompressionTypes: [],
        pushIntervalMs: 1000,
        telemetryMaxBytes: 1000,
        deltaTemporality: true,
        requestedMetrics: [],
      }),
      0,
    );

  for (const [who, make] of [
    ["producer", (cluster: ScriptedCluster) => new Producer(cluster)],
    ["consumer", (cluster: ScriptedCluster) => new Consumer(cluster)],
  ] as const) {
    test(`a ${who} asks for its id once, and again after an error that passes`, async () => {
      const cluster = answering([errorCodes.COORDINATOR_LOAD_IN_PROGRESS]);
      const client = make(cluster);
      assert.equal(await client.clientInstanceId(), "AAAAAAAAAAAAAAAAAAAAAw");
      assert.equal(await client.clientInstanceId(), "AAAAAAAAAAAAAAAAAAAAAw");
      assert.equal(cluster.sent.length, 2);
    });
  }

  test("a broker that takes no metrics says so at once", async () => {
    await using kit = await startConsuming();
    await assert.rejects(kit.consumer().clientInstanceId(), { code: "UNSUPPORTED_VERSION" });
  });
});
