// Coordinators that move, and groups that are made to rebalance, with raw requests and with clients that know nothing of the test kit.

import assert from "node:assert/strict";
import { test } from "node:test";
import { errorName } from "@ottla/protocol";
import { offsetFetchApi } from "@ottla/protocol/messages/09-offset-fetch.ts";
import { findCoordinatorApi } from "@ottla/protocol/messages/10-find-coordinator.ts";
import { heartbeatApi } from "@ottla/protocol/messages/12-heartbeat.ts";
import { endTxnApi } from "@ottla/protocol/messages/26-end-txn.ts";
import { Consumer } from "@platformatic/kafka";
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import kafkajs from "kafkajs";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { Wire } from "./support/wire.ts";

const GROUP = 0;
const TRANSACTION = 1;

async function find(client: WireClient, keyType: number, key: string): Promise<void> {
  const { errorCode } = await client.call(findCoordinatorApi, 3, { key, keyType, coordinatorKeys: [] });
  assert.equal(errorCode, 0);
}

async function heartbeat(client: WireClient, groupId: string): Promise<string> {
  const { errorCode } = await client.call(heartbeatApi, 4, { groupId, generationId: 1, memberId: "m" });
  return errorName(errorCode);
}

test("each open connection is told once that the group's coordinator is elsewhere", async () => {
  await using wire = await Wire.open();
  const broker = wire.broker!;
  await find(wire.client, GROUP, "g");
  const others = await Promise.all([WireClient.connect(wire.port), WireClient.connect(wire.port)]);
  for (const other of others) await find(other, GROUP, "g");
  await broker.moveCoordinator("group", "g");
  // The groups beside it stay where they are.
  assert.equal(await heartbeat(wire.client, "h"), "UNKNOWN_MEMBER_ID");
  for (const client of [wire.client, others[0]]) {
    assert.equal(await heartbeat(client, "g"), "NOT_COORDINATOR");
    assert.equal(await heartbeat(client, "g"), "UNKNOWN_MEMBER_ID");
  }
  // Whoever looks for it finds it.
  await find(others[1], GROUP, "g");
  assert.equal(await heartbeat(others[1], "g"), "UNKNOWN_MEMBER_ID");
  const late = await WireClient.connect(wire.port);
  assert.equal(await heartbeat(late, "g"), "UNKNOWN_MEMBER_ID");
  for (const client of [...others, late]) client.close();
});

test("a request for several groups is told where its answer has a place for it", async () => {
  await using wire = await Wire.open();
  await find(wire.client, GROUP, "g");
  await wire.broker!.moveCoordinator("group", "g");
  const request = { groups: [{ groupId: "g", topics: null }], groupId: "", topics: [] };
  const { groups } = await wire.call(offsetFetchApi, 8, request);
  assert.deepEqual(
    groups.map(({ groupId, errorCode }) => [groupId, errorName(errorCode)]),
    [["g", "NOT_COORDINATOR"]],
  );
});

test("the transaction coordinator moves too", async () => {
  await using wire = await Wire.open();
  await find(wire.client, TRANSACTION, "x");
  await wire.broker!.moveCoordinator("transaction", "x");
  const end = { transactionalId: "x", producerId: 1, producerEpoch: 0, committed: true };
  assert.equal(errorName((await wire.call(endTxnApi, 3, end)).errorCode), "NOT_COORDINATOR");
  assert.equal(errorName((await wire.call(endTxnApi, 3, end)).errorCode), "INVALID_PRODUCER_ID_MAPPING");
});

test("a coordinator that nobody has used cannot move", async () => {
  await using broker = await startBroker();
  await assert.rejects(broker.moveCoordinator("group", "g"), /no group coordinator for g yet/);
  await assert.rejects(broker.rebalance("g"), /group g has no members to rebalance/);
});

async function withKafkajs(
  broker: TestBroker,
  action: (send: (value: string) => Promise<unknown>, seen: string[]) => Promise<void>,
): Promise<void> {
  const kafka = new kafkajs.Kafka({
    brokers: [broker.bootstrap],
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { initialRetryTime: 20 },
  });
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  const consumer = kafka.consumer({ groupId: "g", heartbeatInterval: 30, maxWaitTimeInMs: 30 });
  await Promise.all([producer.connect(), consumer.connect()]);
  const send = (value: string) => producer.send({ topic: "t", messages: [{ value }] });
  const seen: string[] = [];
  await send("first");
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  await consumer.run({ eachMessage: async ({ message }) => void seen.push(message.value!.toString()) });
  await broker.until.groupStable("g");
  await action(send, seen);
  await Promise.all([consumer.disconnect(), producer.disconnect()]);
}

test("kafkajs finds its coordinator again and goes on", async () => {
  await using broker = await startBroker();
  await withKafkajs(broker, async (send, seen) => {
    await broker.until.holds("the first is seen", () => seen.length === 1);
    await broker.moveCoordinator("group", "g");
    const mark = broker.journal.total;
    await broker.until.request("FindCoordinator", { after: mark });
    await broker.until.groupStable("g", { members: 1 });
    await send("second");
    await broker.until.holds("the second is seen", () => seen.includes("second"));
  });
});

test("a rebalance of a classic group is told to its members, who form a new generation", async () => {
  await using broker = await startBroker();
  await withKafkajs(broker, async (send, seen) => {
    const [member] = broker.inspect.group("g")!.members;
    const mark = broker.journal.total;
    await broker.rebalance("g");
    await broker.until.request("JoinGroup", { after: mark });
    await broker.until.groupStable("g", { members: 1 });
    assert.equal(broker.inspect.group("g")!.members[0]!.memberId, member!.memberId);
    await send("after");
    await broker.until.holds("what came after is seen", () => seen.includes("after"));
  });
});

test("a rebalance of a consumer group takes partitions away and gives them back", async () => {
  await using broker = await startBroker({ overrides: { "group.consumer.heartbeat.interval.ms": "1000" } });
  await using wire = await openOn(broker);
  await wire.createTopics({ t: 2 });
  const consumer = new Consumer({
    groupId: "g",
    clientId: "platformatic",
    bootstrapBrokers: [broker.bootstrap],
    groupProtocol: "consumer",
  });
  const stream = await consumer.consume({ topics: ["t"], mode: "latest", maxWaitTime: 50 });
  stream.on("data", () => {});
  await broker.until.groupStable("g", { members: 1 });
  const before = broker.inspect.group("g")!;
  await broker.rebalance("g");
  await broker.until.groupStable("g", { members: 1 });
  assert.deepEqual(broker.inspect.group("g")!.members, before.members);
  await stream.close();
  await consumer.close();
});

async function openOn(broker: TestBroker): Promise<{ createTopics: Wire["createTopics"] } & AsyncDisposable> {
  const admin = new kafkajs.Kafka({ brokers: [broker.bootstrap], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  return {
    createTopics: async (topics) => {
      for (const [topic, partitions] of Object.entries(topics)) {
        await admin.createTopics({ topics: [{ topic, numPartitions: partitions as number }] });
      }
    },
    [Symbol.asyncDispose]: () => admin.disconnect(),
  };
}
