// A broker that crashes and is started again: connections are cut, what was acknowledged is there, what a power cut tears is cut off.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import kafkajs from "kafkajs";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { isServed, produced } from "./support/fault-wire.ts";
import { batchOf, Wire } from "./support/wire.ts";

const BATCH_BYTES = 69;

async function valuesOf(broker: TestBroker, topic: string): Promise<string[]> {
  return (await broker.inspect.records(topic)).map(({ value }) => value!.toString());
}

for (const storage of ["memory", "disk"] as const) {
  const onStorage = async (action: (wire: Wire, dataDir: string | undefined) => Promise<void>): Promise<void> => {
    const dataDir = storage === "disk" ? mkdtempSync(join(tmpdir(), "ottla-crash-")) : undefined;
    try {
      await using wire = await Wire.open({}, dataDir === undefined ? {} : { dataDir });
      await wire.createTopics({ t: 1 });
      await action(wire, dataDir);
    } finally {
      if (dataDir !== undefined) rmSync(dataDir, { recursive: true });
    }
  };

  test(`${storage}: after a crash connections are cut and the port is closed; after the restart what was acknowledged is there`, () =>
    onStorage(async (wire, dataDir) => {
      const broker = wire.broker!;
      const { port, node } = broker;
      await produced(wire, { 0: "a" });
      await produced(wire, { 0: "b" });
      await broker.crash();
      await assert.rejects(isServed(wire.client), { name: "ConnectionLost" });
      await assert.rejects(WireClient.connect(port), { code: "ECONNREFUSED" });
      if (dataDir !== undefined) assert.equal(readdirSync(dataDir).includes(".kafka_cleanshutdown"), false);
      await broker.restart();
      assert.deepEqual([broker.port, broker.node.clusterId], [port, node.clusterId]);
      assert.deepEqual(await valuesOf(broker, "t"), ["a", "b"]);
      const client = await WireClient.connect(port);
      assert.equal(await isServed(client), true);
      client.close();
    }));

  test(`${storage}: a torn tail takes the batch that it reaches into, and none before it`, () =>
    onStorage(async (wire) => {
      const broker = wire.broker!;
      for (const value of ["a", "b", "c"]) await produced(wire, { 0: value });
      await broker.crash({ tornTailBytes: BATCH_BYTES + 1 });
      await broker.restart();
      assert.deepEqual(await valuesOf(broker, "t"), ["a"]);
      assert.equal(broker.inspect.topic("t")!.partitions[0]!.logEndOffset, 1);
    }));

  test(`${storage}: what was synced is not torn`, () =>
    onStorage(async (wire) => {
      const broker = wire.broker!;
      await wire.createTopics({ synced: { partitions: 1, configs: { "flush.messages": "1" } } });
      await wire.append("synced", 0, batchOf(["kept"]));
      await produced(wire, { 0: "a" });
      await broker.crash({ tornTailBytes: 1_000_000 });
      await broker.restart();
      assert.deepEqual([await valuesOf(broker, "synced"), await valuesOf(broker, "t")], [["kept"], []]);
    }));
}

test("kafkajs goes on after a crash, and its idempotent producer writes nothing twice", async () => {
  await using broker = await startBroker();
  const kafka = new kafkajs.Kafka({
    brokers: [broker.bootstrap],
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { initialRetryTime: 20, retries: 20 },
  });
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner, idempotent: true });
  await producer.connect();
  await producer.send({ topic: "t", messages: [{ value: "before" }] });
  // Written, and the process ends before it says so.
  const lost = broker.faults.add({ api: "Produce", times: 1, action: { loseAnswer: true } });
  const sending = producer.send({ topic: "t", messages: [{ value: "meanwhile" }] });
  await lost.hit();
  await broker.crash();
  await broker.restart();
  await sending;
  assert.deepEqual(await valuesOf(broker, "t"), ["before", "meanwhile"]);
  await producer.disconnect();
});

test("crash and restart belong together", async () => {
  await using broker = await startBroker();
  await assert.rejects(broker.restart(), /only a broker that has crashed is started again/);
  await broker.crash();
  await assert.rejects(broker.crash(), /has crashed already/);
  await assert.rejects(broker.reset(), /restart\(\) it first/);
});

test("a crashed broker is closed like any other", async () => {
  const broker = await startBroker();
  await broker.crash();
  await broker.close();
  await assert.rejects(broker.restart(), /the broker is closed/);
});
