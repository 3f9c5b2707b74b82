// What serdes make of records, and what becomes of records that they cannot read.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KafkaError } from "../src/errors.ts";
import { jsonSerde, stringSerde } from "../src/serdes.ts";
import { numbers, readValues, startConsuming, write } from "./support/consuming.ts";

describe("serdes and poison records", () => {
  const serdes = { key: stringSerde, value: jsonSerde<{ id: number }>() };

  async function poisoned(kit: Awaited<ReturnType<typeof startConsuming>>): Promise<string> {
    const topic = await kit.topic("orders");
    const values = ['{"id":1}', "{broken", '{"id":3}'];
    await write(
      kit.cluster,
      { topic, partition: 0 },
      values.map((value, index) => ({ key: Buffer.from(`k${index}`), value: Buffer.from(value) })),
    );
    return topic;
  }

  test("keys and values are what the topic's serdes make of them", async () => {
    await using kit = await startConsuming();
    const topic = await poisoned(kit);
    const consumer = kit.consumer({ autoOffsetReset: "earliest" }, { topics: { [topic]: serdes } });
    await consumer.assign([{ topic, partition: 0 }]);
    const [record] = await consumer.poll({ maxRecords: 1 });
    assert.deepEqual([record!.key, record!.value], ["k0", { id: 1 }]);
  });

  test("fail: SerializationError with its offset, the position stays, and seeking past it goes on", async () => {
    await using kit = await startConsuming();
    const topic = await poisoned(kit);
    const at = { topic, partition: 0 };
    const consumer = kit.consumer({ autoOffsetReset: "earliest" }, { topics: { [topic]: serdes } });
    await consumer.assign([at]);
    const records = await consumer.poll();
    assert.deepEqual(
      records.map(({ offset }) => offset),
      [0],
      "what is before it comes first",
    );
    for (let attempt = 0; attempt < 2; attempt++) {
      await assert.rejects(consumer.poll(), (error) => {
        assert.ok(error instanceof KafkaError);
        assert.deepEqual([error.code, error.context], ["SERIALIZATION", { ...at, offset: 1 }]);
        assert.ok(error.cause instanceof SyntaxError);
        return true;
      });
      assert.equal(await consumer.position(at), 1);
    }
    consumer.seek(at, 2);
    assert.deepEqual(
      (await consumer.poll()).map(({ value }) => value),
      [{ id: 3 }],
    );
  });

  test("skip passes it over; a callback decides; deliver gives the bytes", async () => {
    await using kit = await startConsuming();
    const topic = await poisoned(kit);
    const read = async (onDeserializationError: never): Promise<unknown[]> => {
      const consumer = kit.consumer(
        { autoOffsetReset: "earliest", onDeserializationError },
        { topics: { [topic]: serdes } },
      );
      await consumer.assign([{ topic, partition: 0 }]);
      const found: unknown[] = [];
      for await (const record of consumer) {
        found.push(Buffer.isBuffer(record.value) ? String(record.value) : record.value);
        if (record.offset === 2) break;
      }
      return found;
    };
    assert.deepEqual(await read("skip" as never), [{ id: 1 }, { id: 3 }]);
    assert.deepEqual(await read("deliver" as never), [{ id: 1 }, "{broken", { id: 3 }]);
    const asked: number[] = [];
    const decide = async (_: unknown, record: { offset: number }): Promise<string> => {
      asked.push(record.offset);
      return "skip";
    };
    assert.deepEqual(await read(decide as never), [{ id: 1 }, { id: 3 }]);
    assert.deepEqual(asked, [1]);
  });

  test("a dead letter is sent, with where it came from, before the record is passed over", async () => {
    await using kit = await startConsuming();
    const topic = await poisoned(kit);
    const sent: { topic: string; value: Buffer | null; headers: readonly (readonly [string, unknown])[] }[] = [];
    const producer = { send: async (record: (typeof sent)[number]) => void sent.push(record) };
    const consumer = kit.consumer(
      { autoOffsetReset: "earliest", onDeserializationError: { deadLetter: "dead", producer } },
      { topics: { [topic]: serdes } },
    );
    await consumer.assign([{ topic, partition: 0 }]);
    for await (const record of consumer) if (record.offset === 2) break;
    assert.deepEqual(
      sent.map((record) => [
        record.topic,
        String(record.value),
        Object.fromEntries(record.headers)["__connect.errors.offset"],
      ]),
      [["dead", "{broken", "1"]],
    );
  });

  test("serdes that answer later keep the order, in loops and in polls", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("later");
    await write(kit.cluster, { topic, partition: 0 }, numbers(20));
    const later = {
      serialize: () => null,
      deserialize: (bytes: Buffer | null): Promise<number> =>
        new Promise((resolve) => setTimeout(() => resolve(Number(String(bytes))), Number(String(bytes)) % 3)),
    };
    const read = async (): Promise<unknown[]> => {
      const consumer = kit.consumer({ autoOffsetReset: "earliest" }, { topics: { [topic]: { value: later } } });
      await consumer.assign([{ topic, partition: 0 }]);
      const found: unknown[] = [];
      for await (const record of consumer) {
        found.push(record.value);
        if (found.length === 10) break;
      }
      while (found.length < 20) found.push(...(await consumer.poll()).map(({ value }) => value));
      return found;
    };
    assert.deepEqual(await read(), numbers(20).map(Number));
  });

  test("a topic named as a property of objects is a topic", async () => {
    await using kit = await startConsuming();
    await kit.admin.createTopics(["constructor"]).catch(() => {});
    await write(kit.cluster, { topic: "constructor", partition: 0 }, ["a"]);
    const consumer = kit.consumer({ autoOffsetReset: "latest" });
    const at = { topic: "constructor", partition: 0 };
    await consumer.assign([at]);
    await consumer.position(at);
    await write(kit.cluster, at, ["b"]);
    assert.deepEqual(await readValues(consumer, 1), ["b"]);
  });
});
