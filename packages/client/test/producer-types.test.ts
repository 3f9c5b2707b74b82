// What the compiler says of records: the checks are the comments, which tsc refuses where there is no error.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Producer } from "../src/producer/producer.ts";
import type { RecordMetadata } from "../src/records.ts";
import { integerSerde } from "../src/fixed-serdes.ts";
import { jsonSerde } from "../src/serdes.ts";

const topics = { orders: { key: integerSerde, value: jsonSerde<{ total: number }>() } } as const;

test("keys and values have the types of the topic's serdes; other topics take bytes and text", () => {
  const calls = (
    producer: Producer<typeof topics>,
    name: string,
  ): readonly Promise<RecordMetadata | RecordMetadata[]>[] => [
    producer.send({ topic: "orders", key: 1, value: { total: 2 } }),
    producer.send({ topic: "orders", value: null }),
    // @ts-expect-error: the key is a number
    producer.send({ topic: "orders", key: "1", value: { total: 2 } }),
    // @ts-expect-error: the value has a total
    producer.send({ topic: "orders", key: 1, value: { sum: 2 } }),
    producer.send({ topic: "others", key: "k", value: Buffer.from("v") }),
    // @ts-expect-error: neither bytes nor text
    producer.send({ topic: "others", value: 5 }),
    producer.send({ topic: name, value: "v" }),
    producer.send([
      { topic: "orders", key: 1, value: { total: 2 } },
      { topic: "others", value: "v" },
    ]),
    producer.transaction((transaction) => transaction.send({ topic: "orders", key: 1, value: { total: 2 } })),
  ];
  assert.equal(typeof calls, "function");
});
