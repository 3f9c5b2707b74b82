// The producer against a broker: what arrives, in what order, in what form; waiting, closing, failing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { KafkaError } from "../src/errors.ts";
import { Kafka } from "../src/kafka.ts";
import { withHeaders } from "../src/producer/interceptors.ts";
import { Producer } from "../src/producer/producer.ts";
import type { ProducerOptions } from "../src/producer/producer-options.ts";
import { SendError } from "../src/producer/send-error.ts";
import { integerSerde } from "../src/fixed-serdes.ts";
import { jsonSerde, stringSerde } from "../src/serdes.ts";
import { createTopics } from "./support/created-topics.ts";
import { producedBatches, producedRecords, producedValues } from "./support/produced.ts";
import { isReference, startTarget } from "./target.ts";

test("a record arrives, and its metadata say where", async () => {
  await using target = await startTarget();
  const topic = target.topicName("orders");
  await using producer = target.kafka().producer();
  const metadata = await producer.send({
    topic,
    partition: 0,
    key: "k",
    value: "v",
    headers: { trace: "1", many: ["a", Buffer.from("b")], none: null },
    timestamp: 1_700_000_000_123,
  });
  assert.deepEqual(metadata, { topic, partition: 0, offset: 0, timestamp: 1_700_000_000_123 });
  const [record] = await producedRecords(target.cluster(), topic);
  assert.equal(record!.key!.toString(), "k");
  assert.equal(record!.value!.toString(), "v");
  assert.equal(record!.timestamp, 1_700_000_000_123);
  assert.deepEqual(
    record!.headers.map(({ key, value }) => [key, value?.toString() ?? null]),
    [
      ["trace", "1"],
      ["many", "a"],
      ["many", "b"],
      ["none", null],
    ],
  );
});

test("many records in one call come back with their places, in their order", async () => {
  await using target = await startTarget();
  const topic = target.topicName("many");
  await using producer = target.kafka().producer();
  const records = Array.from({ length: 1000 }, (_, index) => ({ topic, partition: 0, value: `v${index}` }));
  const places = await producer.send(records);
  assert.deepEqual(
    places.map(({ offset }) => offset),
    records.map((_, index) => index),
  );
  assert.deepEqual(await producer.send([]), []);
});

for (const compression of ["none", "gzip", "snappy", "lz4", "zstd"] as const) {
  test(`records compressed by ${compression} read back as they were`, async () => {
    await using target = await startTarget();
    const topic = target.topicName(`codec-${compression}`);
    await using producer = target.kafka().producer({ compression });
    const values = Array.from({ length: 500 }, (_, index) => `value ${index} ${"größer".repeat(index % 50)}`);
    await producer.send(values.map((value) => ({ topic, partition: 0, value })));
    const batches = await producedBatches(target.cluster(), topic);
    assert.deepEqual(
      batches.flatMap(({ records }) => records.map(({ value }) => value!.toString())),
      values,
    );
    assert.equal(batches[0]!.compression, ["none", "gzip", "snappy", "lz4", "zstd"].indexOf(compression));
  });
}

test("typed topics go through their serdes, those that take their time as well, in the order of the calls", async () => {
  await using target = await startTarget();
  const topic = target.topicName("typed");
  const slow = { ...jsonSerde<{ n: number }>(), calls: 0 };
  const topics = {
    [topic]: {
      key: integerSerde,
      value: {
        ...slow,
        serialize: (data: { n: number } | null) => {
          const bytes = Buffer.from(JSON.stringify(data));
          return data!.n % 2 === 0 ? Promise.resolve(bytes) : bytes;
        },
      },
    },
  } as const;
  await using producer = target.kafka({ topics }).producer();
  await Promise.all([0, 1, 2, 3].map((n) => producer.send({ topic, partition: 0, key: n, value: { n } })));
  const records = await producedRecords(target.cluster(), topic);
  assert.deepEqual(
    records.map(({ key, value }) => [key!.readInt32BE(), JSON.parse(value!.toString())]),
    [0, 1, 2, 3].map((n) => [n, { n }]),
  );
});

test("a serde that throws fails its record alone", async () => {
  await using target = await startTarget();
  const topic = target.topicName("thrown");
  const value = {
    ...stringSerde,
    serialize: (data: string | null) => {
      if (data === "bad") throw new Error("no such text");
      return Buffer.from(data ?? "");
    },
  };
  await using producer = target.kafka({ topics: { [topic]: { value } } }).producer();
  const outcome = producer.send([
    { topic, value: "good" },
    { topic, value: "bad" },
  ]);
  await assert.rejects(outcome, (error) => {
    assert.equal(error instanceof SendError, true);
    const { results, code } = error as SendError;
    assert.equal(code, "SERIALIZATION");
    assert.equal(results[0] instanceof KafkaError, false);
    assert.match((results[1] as KafkaError).message, /no such text/);
    return true;
  });
  assert.deepEqual(await producedValues(target.cluster(), topic), ["good"]);
});

const acknowledgements: readonly { name: string; options: ProducerOptions; offset: number }[] = [
  { name: "acks 0 tells no offset", options: { acks: 0 }, offset: -1 },
  { name: "acks 1 tells the offset", options: { acks: 1 }, offset: 0 },
  { name: "acks all without idempotence tells the offset", options: { idempotent: false }, offset: 0 },
];
for (const { name, options, offset } of acknowledgements) {
  test(name, async () => {
    await using target = await startTarget();
    const topic = target.topicName("acks");
    const kafka = target.kafka();
    // Nobody would tell a producer with acks 0 that the leader is not there yet.
    await createTopics(kafka.admin(), [topic]);
    const producer = kafka.producer(options);
    const metadata = await producer.send({ topic, partition: 0, value: "v" });
    assert.equal(metadata.offset, offset);
    await producer.send({ topic, partition: 0, value: "w" });
    await producer.close();
    const cluster = target.cluster();
    while ((await producedValues(cluster, topic)).length < 2) await cluster.refreshMetadata();
    const [batch] = await producedBatches(cluster, topic);
    assert.equal(batch!.producerId, -1);
  });
}

test("a lone awaited send does not wait out the linger", async () => {
  await using target = await startTarget();
  const topic = target.topicName("lone");
  const lingerMs = 60_000;
  await using producer = target.kafka().producer({ lingerMs });
  const startedMs = performance.now();
  for (let index = 0; index < 20; index++) await producer.send({ topic, value: "v" });
  assert.equal(performance.now() - startedMs < lingerMs, true);
});

test("an idempotent producer's sequences go on from batch to batch", async () => {
  await using target = await startTarget();
  const topic = target.topicName("sequences");
  await using producer = target.kafka().producer();
  for (let index = 0; index < 3; index++)
    await producer.send([
      { topic, partition: 0, value: "a" },
      { topic, partition: 0, value: "b" },
    ]);
  const batches = await producedBatches(target.cluster(), topic);
  assert.deepEqual(
    batches.map(({ baseSequence, producerEpoch }) => [baseSequence, producerEpoch]),
    [
      [0, 0],
      [2, 0],
      [4, 0],
    ],
  );
});

test("a batch that is too large for the topic is split, and its records keep their order", async () => {
  await using target = await startTarget({ overrides: { "message.max.bytes": "5000" } });
  if (isReference) return;
  const topic = target.topicName("split");
  const kafka = target.kafka();
  await using producer = kafka.producer();
  const values = Array.from({ length: 300 }, (_, index) => `${index} ${"x".repeat(100)}`);
  const places = await producer.send(values.map((value) => ({ topic, partition: 0, value })));
  assert.deepEqual(
    places.map(({ offset }) => offset),
    values.map((_, index) => index),
  );
  assert.deepEqual(await producedValues(target.cluster(), topic), values);
  const splits = kafka.metrics().find(({ name }) => name === "batch-split-total");
  assert.equal(splits!.value > 0, true);
});

test("a record larger than the topic takes fails, and those after it arrive", async () => {
  await using target = await startTarget({ overrides: { "message.max.bytes": "5000" } });
  if (isReference) return;
  const topic = target.topicName("large");
  await using producer = target.kafka().producer();
  const sent = ["a", "x".repeat(10_000), "b"].map((value) => producer.send({ topic, partition: 0, value }));
  const outcomes = await Promise.allSettled(sent);
  assert.deepEqual(
    outcomes.map((each) => (each.status === "fulfilled" ? "ok" : (each.reason as KafkaError).code)),
    ["ok", "MESSAGE_TOO_LARGE", "ok"],
  );
  assert.deepEqual(await producedValues(target.cluster(), topic), ["a", "b"]);
});

test("a record larger than maxRequestBytes fails without being sent", async () => {
  await using target = await startTarget();
  await using producer = target.kafka().producer({ maxRequestBytes: 1000 });
  const sent = producer.send({ topic: target.topicName("mine"), value: "x".repeat(2000) });
  await assert.rejects(sent, { code: "MESSAGE_TOO_LARGE" });
});

test("with little memory sends wait their turn, and all arrive in order", async () => {
  await using target = await startTarget();
  const topic = target.topicName("memory");
  const kafka = target.kafka();
  await using producer = kafka.producer({ bufferMemoryBytes: 64 * 1024 });
  const available = (): number => kafka.metrics().find(({ name }) => name === "buffer-available-bytes")!.value;
  const values = Array.from({ length: 3000 }, (_, index) => `${index} ${"x".repeat(100)}`);
  let least = Infinity;
  const sent = values.map((value) => {
    const promise = producer.send({ topic, partition: 0, value });
    least = Math.min(least, available());
    return promise;
  });
  await Promise.all(sent);
  assert.equal(least >= 0, true);
  assert.equal(available(), 64 * 1024);
  assert.deepEqual(await producedValues(target.cluster(), topic), values);
});

test("a record that waits for memory while its topic is not known waits on", async () => {
  await using target = await startTarget();
  const { broker } = target;
  if (broker === null) return;
  const [busy, hidden] = [target.topicName("busy"), target.topicName("hidden")];
  const cluster = target.cluster();
  await using producer = new Producer(cluster, { bufferMemoryBytes: 20_000 });
  await producer.send({ topic: hidden, partition: 0, value: "first" });
  using stuck = broker.faults.add({ api: "Produce", topic: busy, action: { hang: true } });
  const holder = producer.send({ topic: busy, partition: 0, value: "x".repeat(10_000) });
  await stuck.hit();
  const starved = producer.send({ topic: hidden, partition: 0, value: "second" });
  using gone = broker.faults.add({
    api: "Metadata",
    topic: hidden,
    action: { error: "UNKNOWN_TOPIC_OR_PARTITION" },
  });
  await cluster.refreshMetadata();
  assert.equal(cluster.metadata.topics.has(hidden), false);
  stuck.remove();
  await holder;
  gone.remove();
  assert.equal((await starved).offset, 1);
});

test("flush waits for all that was sent before", async () => {
  await using target = await startTarget();
  const topic = target.topicName("flush");
  await using producer = target.kafka().producer({ lingerMs: 60_000 });
  let settled = 0;
  for (let index = 0; index < 100; index++)
    void producer.send({ topic, partition: index % 2 === 0 ? 0 : 0, value: `v${index}` }).then(() => settled++);
  await producer.flush();
  assert.equal(settled, 100);
});

test("close sends what is there; later sends are refused, and nobody has to look", async () => {
  await using target = await startTarget();
  const topic = target.topicName("close");
  const producer = target.kafka().producer();
  const sent = producer.send({ topic, value: "v" });
  await producer.close();
  assert.equal((await sent).topic, topic);
  void producer.send({ topic, value: "dropped" });
  await assert.rejects(producer.send({ topic, value: "w" }), { code: "CLOSED" });
  await producer.close();
});

test("close ends within its bound when nobody answers, and what is left is rejected", async () => {
  await using target = await startTarget();
  if (target.broker === null) return;
  const topic = target.topicName("stuck");
  const producer = target.kafka().producer();
  await producer.send({ topic, value: "first" });
  using hang = target.broker.faults.add({ api: "Produce", action: { hang: true } });
  const sent = producer.send({ topic, value: "stuck" });
  const startedMs = performance.now();
  await producer.close({ timeoutMs: 50 });
  // The broker would be waited for longer: for requestTimeoutMs, 30 s.
  assert.equal(performance.now() - startedMs < 10_000, true);
  await assert.rejects(sent, { code: "CLOSED" });
  assert.equal(hang.hits, 1);
});

test("an aborted signal ends the call; the record of a topic that is not known is not sent", async () => {
  await using target = await startTarget({ overrides: { "auto.create.topics.enable": "false" } });
  await using producer = target.kafka().producer();
  const controller = new AbortController();
  const sent = producer.send({ topic: target.topicName("absent"), value: "v" }, { signal: controller.signal });
  controller.abort(new Error("enough"));
  await assert.rejects(sent, { code: "ABORTED" });
  await assert.rejects(producer.send({ topic: "x", value: "v" }, { signal: AbortSignal.abort() }), { code: "ABORTED" });
});

test("what is aborted is not sent and its interceptors are told, though they see each record apart", async () => {
  await using target = await startTarget();
  const topic = target.topicName("apart");
  const told: (string | null)[] = [];
  await using producer = target.kafka().producer({
    interceptors: [{ onAcknowledgement: (_metadata, error) => void told.push(error?.code ?? null) }],
  });
  const controller = new AbortController();
  const record = { topic, partition: 0, value: "aborted" };
  const sent = producer.send([record, record], { signal: controller.signal });
  controller.abort();
  await assert.rejects(sent, { code: "ABORTED" });
  await producer.send({ topic, partition: 0, value: "v" });
  assert.deepEqual(told, ["ABORTED", "ABORTED", null]);
  assert.deepEqual(await producedValues(target.cluster(), topic), ["v"]);
});

test("a topic that does not come into being is given up after maxBlockMs", async () => {
  await using target = await startTarget({ overrides: { "auto.create.topics.enable": "false" } });
  if (isReference) return;
  await using producer = target.kafka().producer({ maxBlockMs: 200 });
  await assert.rejects(producer.send({ topic: target.topicName("absent"), value: "v" }), { code: "TIMEOUT" });
  await assert.rejects(producer.send({ topic: "not a name", value: "v" }), { code: "INVALID_TOPIC_EXCEPTION" });
});

test("a record that waited in vain is told why the cluster could not be asked", async () => {
  // Nobody listens at this port: it is for connections that go out.
  const kafka = new Kafka({ bootstrapServers: "127.0.0.1:1" });
  await using producer = kafka.producer({ maxBlockMs: 2_000 });
  await assert.rejects(producer.send({ topic: "t", value: "v" }), (error: KafkaError) => {
    assert.equal(error.code, "TIMEOUT");
    assert.match(error.message, /ECONNREFUSED/);
    assert.equal((error.cause as KafkaError).code, "CONNECTION");
    return true;
  });
  await kafka.close();
});

test("a partition that the topic does not have is refused, and others go on", async () => {
  await using target = await startTarget();
  const topic = target.topicName("partitions");
  await using producer = target.kafka().producer();
  const outcomes = await Promise.allSettled([
    producer.send({ topic, partition: 99, value: "v" }),
    producer.send({ topic, partition: 0, value: "w" }),
  ]);
  assert.deepEqual(
    outcomes.map((each) => (each.status === "fulfilled" ? each.value.offset : (each.reason as KafkaError).code)),
    ["UNKNOWN_TOPIC_OR_PARTITION", 0],
  );
});

test("interceptors add headers, see the outcomes, and cannot break a send", async () => {
  await using target = await startTarget();
  const topic = target.topicName("traced");
  const seen: string[] = [];
  await using producer = target.kafka().producer({
    interceptors: [
      {
        onSend: (record) => withHeaders(record, { traceparent: "00-1-2-01" }),
        onAcknowledgement: (metadata, error) => void seen.push(error?.code ?? `offset ${metadata!.offset}`),
      },
      {
        onSend: () => {
          throw new Error("broken");
        },
      },
    ],
  });
  await producer.send({ topic, partition: 0, value: "v", headers: { a: ["1", "2"] } });
  await assert.rejects(producer.send({ topic, partition: -5, value: "v" }));
  assert.deepEqual(seen, ["offset 0", "CONFIG"]);
  const [record] = await producedRecords(target.cluster(), topic);
  assert.deepEqual(
    record!.headers.map(({ key, value }) => `${key}=${value!.toString()}`),
    ["a=1", "a=2", "traceparent=00-1-2-01"],
  );
});

test("partitionsFor tells the partitions", async () => {
  await using target = await startTarget();
  await using producer = target.kafka().producer();
  const partitions = await producer.partitionsFor(target.topicName("asked"));
  assert.equal(partitions[0]!.partition, 0);
});

test("metrics have Java's names", async () => {
  await using target = await startTarget();
  const topic = target.topicName("metrics");
  const kafka = target.kafka();
  const producer = kafka.producer();
  await producer.send([
    { topic, partition: 0, value: "v" },
    { topic, partition: 0, value: "w" },
  ]);
  const of = (name: string): number | undefined => kafka.metrics().find((each) => each.name === name)?.value;
  assert.equal(of("record-send-total"), 2);
  assert.equal(of("record-error-total"), 0);
  assert.equal(of("batch-size-avg")! > 61, true);
  assert.equal(of("records-per-request-avg"), 2);
  assert.equal(of("requests-in-flight"), 0);
  assert.equal(
    kafka.metrics().some(({ group, tags }) => group === "producer-topic-metrics" && tags["topic"] === topic),
    true,
  );
  await producer.close();
  assert.equal(of("record-send-total"), undefined);
});

test("a producer is not made of options that cannot work", () => {
  const cluster = { options: { requestTimeoutMs: 30_000 } } as never;
  const wrong: readonly ProducerOptions[] = [
    { acks: 1, idempotent: true },
    { maxInFlight: 6 },
    { deliveryTimeoutMs: 10 },
    { compression: "gzip", compressionLevel: 10 },
    { compression: "snappy", compressionLevel: 1 },
    { acks: 1, transactionalId: "t" },
    { batchSizeBytes: 0 },
    { retries: 0, idempotent: true },
    { requestTimeoutMs: 2 ** 31, deliveryTimeoutMs: 2 ** 40 },
    { transactionalId: "t", transactionTimeoutMs: 2 ** 31 },
    { partitioner: "sticky" as "default" },
  ];
  for (const options of wrong) assert.throws(() => new Producer(cluster, options), { code: "CONFIG" });
});
