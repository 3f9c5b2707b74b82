// What callers of the producer give it that it cannot take, and callbacks that do what nobody expects: each ends in one rejected call, and the
// producer goes on.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { KafkaError } from "../src/errors.ts";
import type { RecordToSend } from "../src/records.ts";
import { stringSerde } from "../src/serdes.ts";
import { producedRecords, producedValues } from "./support/produced.ts";
import { startTarget } from "./target.ts";

/** Records as a program without types may have them. */
const badRecords: readonly { name: string; of: (topic: string) => unknown; code: string }[] = [
  {
    name: "a number as a header",
    of: (topic) => ({ topic, value: "v", headers: { attempt: 5 } }),
    code: "SERIALIZATION",
  },
  {
    name: "a number in a list of headers",
    of: (topic) => ({ topic, value: "v", headers: { attempt: ["1", 5] } }),
    code: "SERIALIZATION",
  },
  {
    name: "a number as a header's name",
    of: (topic) => ({ topic, value: "v", headers: [[5, "a"]] }),
    code: "SERIALIZATION",
  },
  {
    name: "null as a header's name",
    of: (topic) => ({ topic, value: "v", headers: [[null, "a"]] }),
    code: "SERIALIZATION",
  },
  { name: "a number as a value", of: (topic) => ({ topic, value: 5 }), code: "SERIALIZATION" },
  { name: "no topic", of: () => ({ value: "v" }), code: "CONFIG" },
  { name: "a number as a topic", of: () => ({ topic: 5, value: "v" }), code: "CONFIG" },
  { name: "null as a record", of: () => null, code: "CONFIG" },
  { name: "a text as a partition", of: (topic) => ({ topic, partition: "0", value: "v" }), code: "CONFIG" },
  { name: "a negative timestamp", of: (topic) => ({ topic, timestamp: -1, value: "v" }), code: "CONFIG" },
];
for (const { name, of, code } of badRecords) {
  test(`${name} fails its record alone, and memory stays counted`, async () => {
    await using target = await startTarget();
    const topic = target.topicName("bad");
    const kafka = target.kafka();
    await using producer = kafka.producer();
    await producer.send({ topic, partition: 0, value: "a" });
    // A call that answers with a promise tells of nothing by throwing.
    const bad = of(topic) as RecordToSend;
    const single = producer.send(bad);
    const many = producer.send([{ topic, partition: 0, value: "b" }, bad]);
    await assert.rejects(single, { code });
    await assert.rejects(many, { code, name: "SendError" });
    await producer.send({ topic, partition: 0, value: "c" });
    assert.deepEqual(await producedValues(target.cluster(), topic), ["a", "b", "c"]);
    const available = kafka.metrics().find((metric) => metric.name === "buffer-available-bytes");
    assert.equal(available!.value, 32 * 1024 * 1024);
  });
}

test("no records at all are refused by the promise as well", async () => {
  await using target = await startTarget();
  await using producer = target.kafka().producer();
  const sent = producer.send(undefined as unknown as RecordToSend);
  await assert.rejects(sent, { code: "CONFIG" });
});

test("a header that a serde adds must be one as well", async () => {
  await using target = await startTarget();
  const topic = target.topicName("added");
  const value = {
    ...stringSerde,
    serialize: (data: string | null, { headers }: { headers: { key: string; value: Buffer | null }[] }) => {
      headers.push({ key: "version", value: 5 as unknown as Buffer });
      return Buffer.from(data!);
    },
  };
  await using producer = target.kafka({ topics: { [topic]: { value } } }).producer();
  await assert.rejects(producer.send({ topic, value: "v" }), { code: "SERIALIZATION" });
});

test("a key's serde that rejects while the value's throws leaves no unhandled rejection", async () => {
  await using target = await startTarget();
  const topic = target.topicName("both");
  const key = { ...stringSerde, serialize: () => Promise.reject(new Error("no key")) };
  const value = {
    ...stringSerde,
    serialize: () => {
      throw new Error("no value");
    },
  };
  await using producer = target.kafka({ topics: { [topic]: { key, value } } }).producer();
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", note);
  try {
    await assert.rejects(producer.send({ topic, key: "k", value: "v" }), { code: "SERIALIZATION" });
    await new Promise<void>((resolve) => setImmediate(resolve));
  } finally {
    process.off("unhandledRejection", note);
  }
  assert.deepEqual(unhandled, []);
});

test("serdes and partitioners may send records of their own", async () => {
  await using target = await startTarget();
  const [topic, audit] = [target.topicName("data"), target.topicName("audit")];
  const own: Promise<unknown>[] = [];
  const value = {
    ...stringSerde,
    serialize: (data: string | null) => {
      own.push(producer.send({ topic: audit, partition: 0, key: "serde", value: data }));
      return Buffer.from(data!);
    },
  };
  await using producer = target.kafka({ topics: { [topic]: { value } } }).producer({
    partitioner: ({ topic: name, key }) => {
      if (name === topic)
        own.push(producer.send({ topic: audit, partition: 0, key: "partitioner", value: String(key) }));
      return 0;
    },
  });
  await producer.send({ topic: audit, partition: 0, key: "first", value: null });
  await producer.send({ topic, partition: 0, key: "0", value: "0" });
  const places = await Promise.all(["1", "2"].map((each) => producer.send({ topic, key: each, value: each })));
  await Promise.all(own);
  assert.deepEqual(
    places.map(({ topic: name, offset }) => [name, offset]),
    [
      [topic, 1],
      [topic, 2],
    ],
  );
  const cluster = target.cluster();
  assert.deepEqual(await producedValues(cluster, topic), ["0", "1", "2"]);
  const written = (await producedRecords(cluster, audit)).map((each) => `${String(each.key)} ${String(each.value)}`);
  assert.deepEqual(written, ["first null", "serde 0", "serde 1", "partitioner 1", "serde 2", "partitioner 2"]);
});

test("an interceptor's record that is none fails its call alone", async () => {
  await using target = await startTarget();
  const topic = target.topicName("intercepted");
  const seen: (string | null)[] = [];
  await using producer = target.kafka().producer({
    interceptors: [
      {
        onSend: (record) => (record.value === "bad" ? ({ value: "v" } as unknown as RecordToSend) : record),
        onAcknowledgement: (_metadata, error: KafkaError | null) => void seen.push(error?.code ?? null),
      },
    ],
  });
  const bad = producer.send({ topic, partition: 0, value: "bad" });
  await assert.rejects(bad, { code: "CONFIG" });
  await assert.rejects(producer.send(null as unknown as RecordToSend), { code: "CONFIG" });
  await producer.send({ topic, partition: 0, value: "good" });
  assert.deepEqual(seen, ["CONFIG", null]);
});
