// reset, snapshot and restore: another state behind the same port and the same connections.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { errorName } from "@ottla/protocol";
import { offsetCommitApi } from "@ottla/protocol/messages/08-offset-commit.ts";
import { findCoordinatorApi } from "@ottla/protocol/messages/10-find-coordinator.ts";
import { joinGroupApi } from "@ottla/protocol/messages/11-join-group.ts";
import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import { incrementalAlterConfigsApi } from "@ottla/protocol/messages/44-incremental-alter-configs.ts";
import type { TestBroker } from "@ottla/testkit";
import { startBroker } from "@ottla/testkit";
import kafkajs from "kafkajs";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { fetch, isServed, produced, valuesIn, withTopic } from "./support/fault-wire.ts";
import type { Wire } from "./support/wire.ts";

const BROKER_RESOURCE = 4;
const SET = 0;
const GROUP = 0;
const TRANSACTION = 1;

// Creates the coordinator's topic at its first use.
async function findCoordinator(client: WireClient, keyType: number, key: string): Promise<void> {
  const { errorCode } = await client.call(findCoordinatorApi, 3, { key, keyType, coordinatorKeys: [] });
  assert.equal(errorCode, 0);
}

async function joinGroup(client: WireClient, groupId: string): Promise<string> {
  await findCoordinator(client, GROUP, groupId);
  const { errorCode } = await client.call(joinGroupApi, 3, {
    groupId,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: "",
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: Buffer.from("metadata") }],
  });
  return errorName(errorCode);
}

function state({ inspect, journal }: TestBroker) {
  return { topics: inspect.topics().map(({ name }) => name), groups: inspect.groups(), requests: journal.total };
}

test("after a reset there is nothing, and the connection goes on", async () => {
  await using wire = await withTopic();
  const broker = wire.broker!;
  const { clusterId } = broker.node;
  await produced(wire, { 0: "a" });
  assert.equal(await joinGroup(wire.client, "g"), "NONE");
  const initialize = { transactionalId: "x", transactionTimeoutMs: 1000 };
  await findCoordinator(wire.client, TRANSACTION, "x");
  await wire.call(initProducerIdApi, 4, initialize);
  await wire.call(incrementalAlterConfigsApi, 1, {
    resources: [
      {
        resourceType: BROKER_RESOURCE,
        resourceName: "1",
        configs: [{ name: "message.max.bytes", configOperation: SET, value: "12345" }],
      },
    ],
    validateOnly: false,
  });
  assert.equal(broker.node.broker.config.get("message.max.bytes"), 12_345);
  const fault = broker.faults.add({ api: "ApiVersions", action: { error: "UNKNOWN_SERVER_ERROR" } });
  assert.deepEqual(state(broker).topics, ["t"]);
  assert.equal(broker.inspect.transaction("x"), "Empty");

  await broker.reset();
  assert.deepEqual(state(broker), { topics: [], groups: [], requests: 0 });
  assert.equal(broker.inspect.transaction("x"), null);
  assert.notEqual(broker.node.broker.config.get("message.max.bytes"), 12_345);
  assert.equal(await isServed(wire.client), true);
  assert.deepEqual([fault.hits, broker.node.clusterId], [0, clusterId]);

  await wire.createTopics({ t: 2 });
  assert.deepEqual(await produced(wire, { 0: "b" }), { 0: "NONE" });
  assert.deepEqual(await valuesIn(wire), ["b"]);
});

test("what waits at a reset is answered", async () => {
  await using wire = await withTopic();
  const broker = wire.broker!;
  const others = await Promise.all([WireClient.connect(wire.port), WireClient.connect(wire.port)]);
  assert.equal(await joinGroup(wire.client, "g"), "NONE");
  const joining = joinGroup(others[0], "g");
  broker.faults.add({ api: "Heartbeat", action: { hang: true } });
  const fetching = fetch(wire, { maxWaitMs: 60_000 });
  await broker.until.request("JoinGroup", { times: 2 });
  await broker.until.request("Fetch");
  await broker.reset();
  assert.equal(await joining, "NOT_COORDINATOR");
  assert.equal((await fetching).errorCode, 0);
  for (const other of others) other.close();
});

test("resets one after another, and requests that come in between", async () => {
  await using wire = await withTopic();
  const broker = wire.broker!;
  const resets = [broker.reset(), broker.reset(), broker.reset()];
  assert.equal(await isServed(wire.client), true);
  await Promise.all(resets);
  await wire.createTopics({ t: 1 });
  assert.deepEqual(await produced(wire, { 0: "a" }), { 0: "NONE" });
});

test("a client that was connected before a reset works after it", async () => {
  await using broker = await startBroker();
  const kafka = new kafkajs.Kafka({ brokers: [broker.bootstrap], logLevel: kafkajs.logLevel.NOTHING });
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner, idempotent: true });
  await producer.connect();
  for (const round of [1, 2, 3]) {
    await producer.send({ topic: "t", messages: [{ value: `in round ${round}` }] });
    const records = await broker.inspect.records("t");
    assert.deepEqual(
      records.map(({ value }) => value!.toString()),
      [`in round ${round}`],
    );
    await broker.reset();
  }
  await producer.disconnect();
});

// Not by a fetch: one answer need not have all.
async function values({ broker }: Wire): Promise<[string[], string[]]> {
  const of = async (partition: number): Promise<string[]> =>
    (await broker!.inspect.records("t", partition)).map(({ value }) => value!.toString());
  return [await of(0), await of(1)];
}

test("a snapshot is gone back to as often as one likes", async () => {
  await using wire = await withTopic();
  const broker = wire.broker!;
  await produced(wire, { 0: "a", 1: "b" });
  assert.equal(await joinGroup(wire.client, "g"), "NONE");
  const snapshot = broker.snapshot();
  for (const value of ["c", "d"]) {
    await produced(wire, { 0: value });
    await wire.createTopics({ [value]: 1 });
    assert.deepEqual(await values(wire), [["a", value], ["b"]]);
    await broker.restore(snapshot);
    assert.deepEqual(await values(wire), [["a"], ["b"]]);
    assert.deepEqual(
      broker.inspect.topics().map(({ name, id }) => [name, id]),
      [["t", wire.id("t")]],
    );
  }
  await broker.reset();
  assert.deepEqual(broker.inspect.topics(), []);
  await broker.restore(snapshot);
  assert.deepEqual(await values(wire), [["a"], ["b"]]);
});

test("a snapshot of one broker is where another begins", async () => {
  await using wire = await withTopic();
  await produced(wire, { 0: "a", 1: "b" });
  const snapshot = wire.broker!.snapshot();
  await using other = await startBroker({ overrides: { "node.id": "1" } });
  await other.restore(snapshot);
  assert.equal(other.node.clusterId, wire.broker!.node.clusterId);
  const [first, second] = await other.inspect.records("t");
  assert.deepEqual([first!.value!.toString(), second!.value!.toString()], ["a", "b"]);
});

test("committed offsets are part of a snapshot, and of nothing after a reset", async () => {
  await using wire = await withTopic();
  const broker = wire.broker!;
  await findCoordinator(wire.client, GROUP, "g");
  await wire.call(offsetCommitApi, 7, {
    groupId: "g",
    memberId: "",
    topics: [
      {
        name: "t",
        topicId: ZERO_UUID,
        partitions: [{ partitionIndex: 0, committedOffset: 7, committedMetadata: "seven" }],
      },
    ],
  });
  const committed = [{ topic: "t", partition: 0, offset: 7, metadata: "seven" }];
  const snapshot = broker.snapshot();
  await broker.reset();
  assert.deepEqual(broker.inspect.offsets("g"), []);
  await broker.restore(snapshot);
  // The coordinator loads it as after a start.
  await broker.until.committed("g", "t", 0, 7);
  assert.deepEqual(broker.inspect.offsets("g"), committed);
});

test("a folder has neither reset nor snapshots", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "ottla-reset-"));
  try {
    await using broker = await startBroker({ dataDir });
    await assert.rejects(broker.reset(), /^TypeError: a broker with a dataDir cannot be reset$/);
    assert.throws(() => broker.snapshot(), /^TypeError: a broker with a dataDir has no snapshots$/);
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});
