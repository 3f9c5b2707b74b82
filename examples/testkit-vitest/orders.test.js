// One broker for all tests of a file, with Vitest: each test finds it empty. In a folder of your own: `npm install && npm test`.
// The project's own tests run it from the packed test kit: `npm run conformance -- test-runners`.

import * as runner from "vitest";
import { useBroker } from "@ottla/testkit";
import kafkajs from "kafkajs";

const { expect, test } = runner;
const broker = useBroker(runner, { leaks: "throw" });

/** The code under test. */
async function publishOrder(bootstrap, order) {
  const kafka = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING });
  const producer = kafka.producer({ idempotent: true, createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  try {
    await producer.send({ topic: "orders", messages: [{ value: order }] });
  } finally {
    await producer.disconnect();
  }
}

async function orders() {
  return (await broker().inspect.records("orders")).map(({ value }) => value.toString());
}

test("an order is published", async () => {
  await publishOrder(broker().bootstrap, "one book");
  await broker().until.records("orders", 1);
  expect(await orders()).toEqual(["one book"]);
});

test("an order whose acknowledgement is lost is published once", async () => {
  const lost = broker().faults.add({ api: "Produce", topic: "orders", nth: 1, action: { loseAnswer: true } });
  await publishOrder(broker().bootstrap, "two lamps");
  expect(lost.hits).toBe(1);
  expect(await orders()).toEqual(["two lamps"]);
});
