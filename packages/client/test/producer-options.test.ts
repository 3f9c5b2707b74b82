// The producer's options, each by what it makes the producer send.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProduceRequestInput } from "@ottla/protocol/messages/00-produce.ts";
import type { InitProducerIdRequestInput } from "@ottla/protocol/messages/22-init-producer-id.ts";
import { errorCodes } from "@ottla/protocol";
import { resolveProducerOptions } from "../src/producer/producer-options.ts";
import type { ProducerOptions } from "../src/producer/producer-options.ts";
import { Producer } from "../src/producer/producer.ts";
import { runUntil, SimulatedCluster } from "./support/simulated-cluster.ts";
import { startTarget } from "./target.ts";
import type { Target } from "./target.ts";
import { wrapSend } from "./support/wrapped-cluster.ts";

const SOME_VERSION = 5;

interface Watched {
  readonly producer: Producer;
  readonly asked: Map<string, unknown[]>;
  /** The most Produce requests that had no answer at a time. */
  readonly mostInFlight: () => number;
}

/** A producer whose requests are listed by API. */
function watched(target: Target, options: ProducerOptions): Watched {
  const asked = new Map<string, unknown[]>();
  let inFlight = 0;
  let most = 0;
  const cluster = wrapSend(target.cluster(), async (api, next, body) => {
    const plain: unknown = typeof body === "function" ? (body as (version: number) => unknown)(SOME_VERSION) : body;
    asked.set(api, [...(asked.get(api) ?? []), plain]);
    if (api !== "Produce") return next();
    most = Math.max(most, ++inFlight);
    return next().finally(() => inFlight--);
  });
  return { producer: new Producer(cluster, options), asked, mostInFlight: () => most };
}

test("a Produce request says what the options say", async () => {
  await using target = await startTarget();
  const { producer, asked } = watched(target, { acks: 1, requestTimeoutMs: 12_000 });
  await producer.send({ topic: target.topicName("told"), value: "a" });
  await producer.close();
  const { acks, timeoutMs, transactionalId } = asked.get("Produce")![0] as ProduceRequestInput;
  assert.deepEqual({ acks, timeoutMs, transactionalId }, { acks: 1, timeoutMs: 12_000, transactionalId: null });
  assert.equal(asked.has("InitProducerId"), false);
});

test("a transactional producer introduces itself with what the options say", async () => {
  await using target = await startTarget();
  const transactionalId = target.topicName("transactional");
  const { producer, asked } = watched(target, { transactionalId, transactionTimeoutMs: 23_000 });
  await producer.initTransactions();
  await producer.close();
  const told = asked.get("InitProducerId")![0] as InitProducerIdRequestInput;
  assert.deepEqual([told.transactionalId, told.transactionTimeoutMs], [transactionalId, 23_000]);
});

for (const maxInFlight of [1, 3]) {
  test(`at most maxInFlight (${maxInFlight}) requests have no answer`, async () => {
    await using target = await startTarget();
    const topic = target.topicName("in-flight");
    const { producer, mostInFlight } = watched(target, { maxInFlight, batchSizeBytes: 1, maxBatchBytes: 1 });
    await producer.send({ topic, partition: 0, value: "first" });
    const records = Array.from({ length: 30 }, (_, at) => ({ topic, partition: 0, value: `v${at}` }));
    await producer.send(records);
    await producer.close();
    assert.equal(mostInFlight(), maxInFlight);
  });
}

test("a higher level makes smaller batches", async () => {
  await using target = await startTarget();
  // Neither all alike nor without any order, so that trying harder pays.
  const value = Array.from({ length: 20_000 }, (_, at) => ((at * 7919) % 1009).toString(36)).join(" ");
  const sizes: number[] = [];
  for (const compressionLevel of [1, 9]) {
    const kafka = target.kafka();
    const producer = kafka.producer({ compression: "gzip", compressionLevel });
    await producer.send({ topic: target.topicName("level"), value });
    sizes.push(producer.metrics().find(({ name }) => name === "batch-size-max")!.value);
    await producer.close();
  }
  assert.equal(sizes[1]! < sizes[0]!, true, String(sizes));
});

for (const [retries, outcome, requests] of [
  [0, "NOT_ENOUGH_REPLICAS", 1],
  [2, "NOT_ENOUGH_REPLICAS", 3],
  [3, "written", 4],
] as const) {
  test(`retries ${retries}: a record that is refused three times comes to ${outcome}`, async () => {
    let asked = 0;
    const simulation = new SimulatedCluster({
      fate: () => (asked++ < 3 ? { error: errorCodes.NOT_ENOUGH_REPLICAS } : {}),
    });
    const producer = new Producer(simulation.cluster, { retries, idempotent: false });
    const sent = producer.send({ topic: "t", value: "a" }).then(
      () => "written",
      (error: { code: string }) => error.code,
    );
    let result = "";
    void sent.then((text) => (result = text));
    await runUntil(simulation, () => result !== "");
    assert.deepEqual([result, asked], [outcome, requests]);
  });
}

test("defaults are Kafka's, but for maxBatchBytes", () => {
  const { compression, ...values } = resolveProducerOptions({}, { requestTimeoutMs: 30_000 });
  assert.deepEqual(compression, { name: "none", level: null });
  assert.deepEqual(values, {
    acks: -1,
    idempotent: true,
    transactionalId: null,
    transactionTimeoutMs: 60_000,
    batchSizeBytes: 16_384,
    maxBatchBytes: 524_288,
    lingerMs: 5,
    maxInFlight: 5,
    deliveryTimeoutMs: 120_000,
    retries: 2_147_483_647,
    requestTimeoutMs: 30_000,
    maxRequestBytes: 1_048_576,
    bufferMemoryBytes: 33_554_432,
    maxBlockMs: 60_000,
    partitioner: "default",
    ignoreKeys: false,
    adaptivePartitioning: true,
    partitionerAvailabilityTimeoutMs: 0,
    interceptors: [],
  });
});
