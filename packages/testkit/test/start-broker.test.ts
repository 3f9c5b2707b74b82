// What startBroker promises to a test: a broker of its own, ready when it resolves, gone when it is closed.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { RecordingLogger } from "@ottla/base";
import { startBroker } from "@ottla/testkit";
import kafkajs from "kafkajs";
import type { Admin } from "kafkajs";

/** Runs `action` with an admin client of this broker. */
async function withAdmin<Result>(bootstrap: string, action: (admin: Admin) => Promise<Result>): Promise<Result> {
  const admin = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.ERROR }).admin();
  await admin.connect();
  try {
    return await action(admin);
  } finally {
    await admin.disconnect();
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

test("brokers started side by side are clusters of their own", async () => {
  await using first = await startBroker();
  await using second = await startBroker();
  assert.notEqual(first.port, second.port);
  assert.notEqual(first.node.clusterId, second.node.clusterId);
  await withAdmin(first.bootstrap, (admin) => admin.createTopics({ topics: [{ topic: "only-here" }] }));
  assert.deepEqual(await withAdmin(first.bootstrap, (admin) => admin.listTopics()), ["only-here"]);
  assert.deepEqual(await withAdmin(second.bootstrap, (admin) => admin.listTopics()), []);
});

test("a broker is gone at the end of its block, and closing it twice is closing it once", async () => {
  let port: number;
  {
    await using broker = await startBroker();
    port = broker.port;
    assert.equal(await isListening(port), true);
    await broker.close();
  }
  assert.equal(await isListening(port), false);
});

test("overrides are the broker's configs", async () => {
  await using broker = await startBroker({ overrides: { "num.partitions": "7" } });
  await withAdmin(broker.bootstrap, (admin) => admin.createTopics({ topics: [{ topic: "wide" }] }));
  const { topics } = await withAdmin(broker.bootstrap, (admin) => admin.fetchTopicMetadata({ topics: ["wide"] }));
  assert.equal(topics[0]!.partitions.length, 7);
});

test("a config that is not valid is told in one line, and nothing is left behind", async () => {
  await assert.rejects(startBroker({ overrides: { "num.partitions": "none" } }), {
    name: "StartError",
    message: /num\.partitions/,
  });
});

test("with a data folder, a second start finds what the first left", async (context) => {
  const dataDir = mkdtempSync(join(tmpdir(), "ottla-testkit-"));
  context.after(() => rmSync(dataDir, { recursive: true }));
  const first = await startBroker({ dataDir });
  await withAdmin(first.bootstrap, (admin) => admin.createTopics({ topics: [{ topic: "kept" }] }));
  await first.close();
  await using second = await startBroker({ dataDir });
  assert.equal(second.node.clusterId, first.node.clusterId);
  assert.deepEqual(await withAdmin(second.bootstrap, (admin) => admin.listTopics()), ["kept"]);
});

test("log lines go to the logger that was given", async () => {
  const logger = new RecordingLogger();
  const broker = await startBroker({ logger, overrides: { "no.such.config": "1" } });
  await broker.close();
  const line = logger.lines.find(({ level }) => level === "warn");
  assert.deepEqual(line?.fields["names"], ["no.such.config"]);
});
