// @confluentinc/kafka-javascript (a Node addon on librdkafka, built here from source) against one broker, without consumer groups.
// node suite.mjs HOST:PORT PREFIX. Topics begin with PREFIX. One line per check: "ok NAME", "failed NAME: reason" or "skipped NAME: reason".
// Plain JavaScript, because it runs on the Node whose headers the addon was compiled with, which may be older than the project's.

import assert from "node:assert/strict";
import confluent from "@confluentinc/kafka-javascript";
import { admin, check, connectedConsumer, consume, create, eventually, plain } from "./support.mjs";
import { prefix, readAll, send, Skipped } from "./support.mjs";

const { features } = confluent;
const partitions = 3;
const recordCount = 600;
const startMs = 1_750_000_000_000;

async function main() {
  await admin.connect();
  await check("creates a topic with configs and describes it", createsTopic);
  await check("is refused a topic that exists", refusesExistingTopic);
  for (const compression of ["none", "gzip", "snappy", "lz4", "zstd"]) {
    await check(`produces and consumes ${compression}`, () => producesAndConsumes(compression));
  }
  await check("finds offsets by timestamp", findsOffsetsByTimestamp);
  await check("keeps order and count with an idempotent producer", idempotent);
  await check("deletes records before an offset", deletesRecords);
  await check("begins anew where its offset is out of range", outOfRange);
  await check("creates a topic by producing to it", autoCreates);
  await check("deletes a topic", deletesTopic);
  await admin.disconnect();
}

function recordAt(index) {
  // The library hands an empty value out as null, so none is sent here.
  const value = index % 11 === 10 ? null : Buffer.from(`value ${index}${" ".repeat(index % 50)}é`);
  const key = index % 7 === 6 ? null : `key-${index}`;
  const headers = [{ index: `${index}` }, ...(index % 3 === 0 ? [{ index: "again" }] : [])];
  return { partition: index % partitions, key, value, timestamp: startMs + index * 1000, headers };
}

async function createsTopic() {
  const topic = await create("created", 4, [{ name: "retention.ms", value: "7200000" }]);
  const [described] = await admin.fetchTopicMetadata({ topics: [topic] });
  assert.equal(described.partitions.length, 4);
  assert.ok(described.partitions.every((partition) => partition.isr.length === 1));
  assert.ok((await admin.listTopics()).includes(topic));
}

async function refusesExistingTopic() {
  await assert.rejects(
    admin.createTopics({
      topics: [
        { topic: `${prefix}created`, numPartitions: 1 },
        { topic: "no/slashes", numPartitions: 1 },
      ],
    }),
  );
}

async function producesAndConsumes(compression) {
  if (compression === "zstd" && !features.includes("zstd")) throw new Skipped("librdkafka was built without libzstd");
  const topic = await create(`compression-${compression}`, partitions);
  await send(
    topic,
    Array.from({ length: recordCount }, (_, index) => recordAt(index)),
    { "compression.type": compression },
  );
  const seen = await readAll(topic, partitions, recordCount);
  assert.equal(seen.length, recordCount);
  const next = Array(partitions).fill(0);
  for (const message of seen) {
    const sent = recordAt(next[message.partition] * partitions + message.partition);
    assert.equal(message.offset, next[message.partition]++);
    assert.equal(message.key?.toString() ?? null, sent.key);
    assert.deepEqual(message.value, sent.value);
    assert.equal(message.timestamp, sent.timestamp);
    const headers = message.headers.map((header) => ({ index: header.index.toString() }));
    assert.deepEqual(headers, sent.headers);
  }
}

async function findsOffsetsByTimestamp() {
  const topic = await create("timestamps");
  for (let batch = 0; batch < 5; batch += 1) {
    const value = Buffer.from("at");
    const stamps = Array.from({ length: 10 }, (_, index) => startMs + (batch * 10 + index) * 100);
    await send(
      topic,
      stamps.map((timestamp) => ({ partition: 0, key: null, value, timestamp })),
    );
  }
  const offsetAt = async (timestamp) => Number((await admin.fetchTopicOffsetsByTimestamp(topic, timestamp))[0].offset);
  assert.equal(await offsetAt(startMs), 0);
  assert.equal(await offsetAt(startMs + 1950), 20);
  const [ends] = await admin.fetchTopicOffsets(topic);
  assert.deepEqual([Number(ends.low), Number(ends.high)], [0, 50]);
}

async function idempotent() {
  const topic = await create("idempotent");
  const config = { "enable.idempotence": true, "batch.num.messages": 50, "linger.ms": 0 };
  const offsets = await send(topic, plain(2000), config);
  assert.deepEqual(
    offsets,
    Array.from({ length: 2000 }, (_, index) => index),
  );
  const seen = await readAll(topic, 1, 2000);
  assert.deepEqual(
    seen.map((message) => message.value.toString()),
    offsets.map(String),
  );
}

async function topicWithTen(name) {
  const topic = await create(name);
  await send(topic, plain(10));
  return topic;
}

async function deletesRecords() {
  const topic = await topicWithTen("records-deleted");
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "4" }] });
  const left = await readAll(topic, 1, 6);
  assert.deepEqual([left.length, left[0].offset], [6, 4]);
}

async function outOfRange() {
  const topic = await topicWithTen("out-of-range");
  const consumer = await connectedConsumer([{ topic, partition: 0, offset: 99 }]);
  const seen = [];
  const deadline = Date.now() + 10_000;
  while (seen.length < 10 && Date.now() < deadline) seen.push(...(await consume(consumer, 100)));
  consumer.disconnect();
  assert.deepEqual(
    seen.map((message) => message.offset),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
}

async function autoCreates() {
  const topic = `${prefix}auto-created`;
  assert.deepEqual(await send(topic, plain(1)), [0]);
  assert.ok((await admin.listTopics()).includes(topic));
}

async function deletesTopic() {
  const topic = await topicWithTen("deleted");
  await admin.deleteTopics({ topics: [topic] });
  await eventually(async () => (await admin.listTopics()).includes(topic), false, "the topic being listed");
  await assert.rejects(admin.deleteTopics({ topics: [topic] }));
  await topicWithTen("deleted");
  assert.equal((await readAll(topic, 1, 10)).length, 10);
}

await main();
process.exit(0); // librdkafka's threads would keep the process for a second or two.
