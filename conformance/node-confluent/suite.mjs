// @confluentinc/kafka-javascript (a Node addon on librdkafka, built here from source) against one broker, without consumer groups.
// node suite.mjs HOST:PORT PREFIX. Topics begin with PREFIX. One line per check: "ok NAME", "failed NAME: reason" or "skipped NAME: reason".
// Plain JavaScript, because it runs on the Node whose headers the addon was compiled with, which may be older than the project's.

import assert from "node:assert/strict";
import { once } from "node:events";
import confluent from "@confluentinc/kafka-javascript";

const { KafkaJS, KafkaConsumer, Producer, features } = confluent;
const [bootstrap, prefix] = process.argv.slice(2);
const partitions = 3;
const recordCount = 600;
const startMs = 1_750_000_000_000;
const beginning = -2;

const kafka = new KafkaJS.Kafka({ "bootstrap.servers": bootstrap, log_level: 0 });
const admin = kafka.admin();

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

class Skipped extends Error {}

async function check(name, action) {
  try {
    await action();
    console.log(`ok ${name}`);
  } catch (error) {
    const reason = String(error.message).replaceAll("\n", " ");
    console.log(`${error instanceof Skipped ? "skipped" : "failed"} ${name}: ${reason}`);
  }
}

async function create(name, numPartitions = 1, configEntries = []) {
  const topic = prefix + name;
  await admin.createTopics({ topics: [{ topic, numPartitions, replicationFactor: 1, configEntries }] });
  return topic;
}

/** Apache Kafka answers a change before every reader sees it; a reader may be a moment behind. */
async function eventually(read, expected, what) {
  const deadline = Date.now() + 5000;
  while ((await read()) !== expected && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(await read(), expected, what);
}

/** Sends {partition, key, value, timestamp, headers} with the plain producer and resolves to the offsets answered, in the order of the sends. */
async function send(topic, records, config = {}) {
  const base = {
    "bootstrap.servers": bootstrap,
    "linger.ms": 5,
    log_level: 0,
    dr_cb: true,
    "message.timeout.ms": 20_000,
  };
  const producer = new Producer({ ...base, ...config });
  producer.connect();
  await once(producer, "ready");
  producer.setPollInterval(10);
  const offsets = [];
  const { promise, resolve, reject } = withResolvers();
  let left = records.length;
  producer.on("delivery-report", (error, report) => {
    if (error) reject(error);
    offsets[report?.opaque] = report.offset;
    left -= 1;
    if (left === 0) resolve();
  });
  for (const [index, { partition, key, value, timestamp, headers }] of records.entries()) {
    producer.produce(topic, partition, value, key, timestamp, index, headers);
  }
  await promise.finally(() => producer.disconnect());
  return offsets;
}

function withResolvers() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}

async function connectedConsumer(assignment) {
  const reset = { "auto.offset.reset": "earliest" };
  const base = { "bootstrap.servers": bootstrap, "group.id": "unused", "enable.auto.commit": false, log_level: 0 };
  const consumer = new KafkaConsumer({ ...base, "fetch.wait.max.ms": 50, "check.crcs": true }, reset);
  consumer.connect();
  await once(consumer, "ready");
  consumer.setDefaultConsumeTimeout(200);
  consumer.assign(assignment);
  return consumer;
}

function consume(consumer, count) {
  const { promise, resolve, reject } = withResolvers();
  consumer.consume(count, (error, messages) => (error ? reject(error) : resolve(messages)));
  return promise;
}

async function readAll(topic, partitionCount, wanted) {
  const assignment = Array.from({ length: partitionCount }, (_, partition) => ({
    topic,
    partition,
    offset: beginning,
  }));
  const consumer = await connectedConsumer(assignment);
  const seen = [];
  const deadline = Date.now() + 20_000;
  while (seen.length < wanted && Date.now() < deadline) seen.push(...(await consume(consumer, 1000)));
  seen.push(...(await consume(consumer, 10))); // Nothing more may come.
  consumer.disconnect();
  return seen;
}

function recordAt(index) {
  // The library hands an empty value out as null, so none is sent here.
  const value = index % 11 === 10 ? null : Buffer.from(`value ${index}${" ".repeat(index % 50)}é`);
  const key = index % 7 === 6 ? null : `key-${index}`;
  const headers = [{ index: `${index}` }, ...(index % 3 === 0 ? [{ index: "again" }] : [])];
  return { partition: index % partitions, key, value, timestamp: startMs + index * 1000, headers };
}

function plain(count) {
  return Array.from({ length: count }, (_, index) => ({ partition: 0, key: null, value: Buffer.from(`${index}`) }));
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
