// One broker for all tests of a file, with node:test: each test finds it empty. Waiting is for what shall come about, and a fault shows what
// the code under test does when an acknowledgement is lost. Run it: `npx node --test examples/testkit-in-node-test.ts`.

import assert from "node:assert/strict";
import * as runner from "node:test";
import { useBroker } from "@ottla/testkit";
import kafkajs from "kafkajs";

const broker = useBroker(runner, { leaks: "throw" });

/** The code under test. */
async function publishOrder(bootstrap: string, order: string): Promise<void> {
  const kafka = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING });
  const producer = kafka.producer({ idempotent: true, createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  try {
    await producer.send({ topic: "orders", messages: [{ value: order }] });
  } finally {
    await producer.disconnect();
  }
}

async function orders(): Promise<string[]> {
  return (await broker().inspect.records("orders")).map(({ value }) => value!.toString());
}

runner.test("an order is published", async () => {
  await publishOrder(broker().bootstrap, "one book");
  await broker().until.records("orders", 1);
  assert.deepEqual(await orders(), ["one book"]);
});

runner.test("an order whose acknowledgement is lost is published once", async () => {
  const lost = broker().faults.add({ api: "Produce", topic: "orders", nth: 1, action: { loseAnswer: true } });
  await publishOrder(broker().bootstrap, "two lamps");
  assert.equal(lost.hits, 1);
  assert.deepEqual(await orders(), ["two lamps"]);
});
