// What both suites use: one broker and the prefix of their topics, by the words of the command line; printing checks; sending and reading.

import assert from "node:assert/strict";
import { once } from "node:events";
import confluent from "@confluentinc/kafka-javascript";

const { KafkaJS, KafkaConsumer, Producer } = confluent;
export const [bootstrap, prefix] = process.argv.slice(2);
const beginning = -2;

const kafka = new KafkaJS.Kafka({ "bootstrap.servers": bootstrap, log_level: 0 });
export const admin = kafka.admin();

export class Skipped extends Error {}

export async function check(name, action) {
  try {
    await action();
    console.log(`ok ${name}`);
  } catch (error) {
    const reason = String(error.message).replaceAll("\n", " ");
    console.log(`${error instanceof Skipped ? "skipped" : "failed"} ${name}: ${reason}`);
  }
}

export async function create(name, numPartitions = 1, configEntries = []) {
  const topic = prefix + name;
  await admin.createTopics({ topics: [{ topic, numPartitions, replicationFactor: 1, configEntries }] });
  return topic;
}

/** Apache Kafka answers a change before every reader sees it; a reader may be a moment behind. */
export async function eventually(read, expected, what) {
  const deadline = Date.now() + 5000;
  while ((await read()) !== expected && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(await read(), expected, what);
}

/** Sends {partition, key, value, timestamp, headers} with the plain producer and resolves to the offsets answered, in the order of the sends. */
export async function send(topic, records, config = {}) {
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

export function withResolvers() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}

export async function connectedConsumer(assignment, config = {}) {
  const reset = { "auto.offset.reset": "earliest" };
  const base = { "bootstrap.servers": bootstrap, "group.id": "unused", "enable.auto.commit": false, log_level: 0 };
  const consumer = new KafkaConsumer({ ...base, "fetch.wait.max.ms": 50, "check.crcs": true, ...config }, reset);
  consumer.connect();
  await once(consumer, "ready");
  consumer.setDefaultConsumeTimeout(200);
  consumer.assign(assignment);
  return consumer;
}

export function consume(consumer, count) {
  const { promise, resolve, reject } = withResolvers();
  consumer.consume(count, (error, messages) => (error ? reject(error) : resolve(messages)));
  return promise;
}

export async function readAll(topic, partitionCount, wanted, config = {}) {
  const assignment = Array.from({ length: partitionCount }, (_, partition) => ({
    topic,
    partition,
    offset: beginning,
  }));
  const consumer = await connectedConsumer(assignment, config);
  const seen = [];
  const deadline = Date.now() + 20_000;
  while (seen.length < wanted && Date.now() < deadline) seen.push(...(await consume(consumer, 1000)));
  seen.push(...(await consume(consumer, 10))); // Nothing more may come.
  consumer.disconnect();
  return seen;
}

export function plain(count) {
  return Array.from({ length: count }, (_, index) => ({ partition: 0, key: null, value: Buffer.from(`${index}`) }));
}
