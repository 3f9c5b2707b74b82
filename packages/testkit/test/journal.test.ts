// The journal of requests, and the look inside: what a client did, as the test reads it afterwards.

import assert from "node:assert/strict";
import { test } from "node:test";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import { heartbeatApi } from "@ottla/protocol/messages/12-heartbeat.ts";
import { startBroker } from "@ottla/testkit";
import kafkajs from "kafkajs";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { isServed, produce, produced, withTopic } from "./support/fault-wire.ts";
import { batchOf, T0 } from "./support/wire.ts";

test("an entry says what was asked, by whom, and how it ended", async () => {
  await using wire = await withTopic();
  const { journal, faults } = wire.broker!;
  await produced(wire, { 0: "a", 7: "b" });
  await produce(wire, { 1: "c" }, -1);
  await wire.call(heartbeatApi, 4, { groupId: "g", generationId: 1, memberId: "m" });
  faults.add({ api: "Metadata", action: { error: "UNKNOWN_SERVER_ERROR" } });
  const topics = [{ name: "t", topicId: "AAAAAAAAAAAAAAAAAAAAAA" }];
  await wire.call(metadataApi, 13, {
    topics,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  });
  const entries = journal.entries().slice(-4);
  assert.deepEqual(
    entries.map(({ api, version, clientId, topics: about, keys, errors, fault, outcome }) => ({
      request: `${api} v${version} ${clientId}`,
      about: [...about.map(({ topic, partition }) => `${topic}-${partition}`), ...keys],
      errors,
      fault,
      outcome,
    })),
    [
      {
        request: "Produce v11 ottla-sim",
        about: ["t-0", "t-7"],
        errors: ["UNKNOWN_TOPIC_OR_PARTITION"],
        fault: null,
        outcome: "answered",
      },
      { request: "Produce v11 ottla-sim", about: ["t-1"], errors: [], fault: null, outcome: "answered" },
      {
        request: "Heartbeat v4 ottla-sim",
        about: ["g"],
        errors: ["NOT_COORDINATOR"],
        fault: null,
        outcome: "answered",
      },
      {
        request: "Metadata v13 ottla-sim",
        about: ["t-null"],
        errors: ["UNKNOWN_SERVER_ERROR", "UNKNOWN_SERVER_ERROR"],
        fault: "error UNKNOWN_SERVER_ERROR",
        outcome: "answered",
      },
    ],
  );
  assert.ok(entries.every(({ tookMs, atMs }) => tookMs !== null && tookMs >= 0 && atMs >= 0));
  const last = journal.print(2).split("\n");
  assert.match(
    last[0]!,
    /^#\d+ {2}[\d.]+ ms {2}Heartbeat v4 {2}ottla-sim {2}127\.0\.0\.1:\d+ {2}g {2}[\d.]+ ms {2}NOT_/,
  );
  assert.match(last[1]!, / Metadata v13 .* t {2}.*\[fault: error UNKNOWN_SERVER_ERROR\]$/);
});

test("a request without an answer says so", async () => {
  await using wire = await withTopic();
  const broker = wire.broker!;
  broker.faults.add({ api: "Heartbeat", times: 1, action: { drop: "connection" } });
  const heartbeat = wire.call(heartbeatApi, 4, { groupId: "g", generationId: 1, memberId: "m" });
  await assert.rejects(heartbeat, { name: "ConnectionLost" });
  assert.equal(broker.journal.entries("Heartbeat")[0]!.outcome, "silent");
  assert.match(broker.journal.print(1), /ms, no answer {2}\[fault: drop connection\]$/);
});

for (const [journalEntries, kept] of [
  [3, [4, 5, 6]],
  [0, []],
] as const) {
  test(`a journal of ${journalEntries} requests keeps the last ones and counts all`, async () => {
    await using broker = await startBroker({ journalEntries });
    const client = await WireClient.connect(broker.port);
    for (let count = 0; count < 6; count++) await isServed(client);
    client.close();
    assert.deepEqual(
      broker.journal.entries().map(({ number }) => number),
      kept,
    );
    assert.equal(broker.journal.total, 6);
  });
}

test("records are shown decoded, of any codec that the broker reads", async () => {
  await using broker = await startBroker();
  const kafka = new kafkajs.Kafka({ brokers: [broker.bootstrap], logLevel: kafkajs.logLevel.NOTHING });
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner, idempotent: true });
  await producer.connect();
  const messages = [
    { key: "k", value: "one", headers: { trace: "x" }, timestamp: String(T0) },
    { key: null, value: null },
  ];
  await producer.send({ topic: "t", compression: kafkajs.CompressionTypes.GZIP, messages });
  await producer.disconnect();
  const [first, second] = await broker.inspect.records("t");
  assert.deepEqual(
    [first!.offset, first!.key!.toString(), first!.value!.toString(), first!.timestamp],
    [0, "k", "one", T0],
  );
  assert.deepEqual(
    first!.headers.map(({ key, value }) => [key, value!.toString()]),
    [["trace", "x"]],
  );
  assert.ok(first!.producerId >= 0);
  assert.deepEqual([second!.offset, second!.key, second!.value, second!.sequence], [1, null, null, 1]);
  assert.deepEqual(await broker.inspect.records("not there"), []);
});

test("topics and their partitions are shown as they are now", async () => {
  await using wire = await withTopic();
  await wire.append("t", 1, batchOf(["a", "b"]));
  const { inspect } = wire.broker!;
  const [topic] = inspect.topics();
  assert.deepEqual([topic!.name, topic!.id], ["t", wire.id("t")]);
  const empty = { leaderEpoch: 0, logStartOffset: 0, lastStableOffset: 0, highWatermark: 0, logEndOffset: 0 };
  assert.deepEqual(topic!.partitions, [
    { partition: 0, ...empty },
    { partition: 1, ...empty, lastStableOffset: 2, highWatermark: 2, logEndOffset: 2 },
  ]);
  assert.equal(inspect.topic("not there"), null);
});
