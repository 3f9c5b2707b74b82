// How a service that publishes to Kafka is tested without a Kafka: the real engine, in memory, in the test's own process.
// Run it: `npx node --test examples/kafkajs-in-a-test.ts`. The project's own tests run it too.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startBroker } from "@ottla/testkit";
import kafkajs from "kafkajs";
import type { Producer } from "kafkajs";

/** The code under test: it knows a producer, and nothing of where the brokers are. */
async function publishOrder(producer: Producer, order: { id: string; customer: string }): Promise<void> {
  await producer.send({ topic: "orders", messages: [{ key: order.customer, value: JSON.stringify(order) }] });
}

test("orders of one customer stay in one partition, in order", async () => {
  await using broker = await startBroker();
  const kafka = new kafkajs.Kafka({ brokers: [broker.bootstrap], logLevel: kafkajs.logLevel.ERROR });
  const admin = kafka.admin();
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await Promise.all([admin.connect(), producer.connect()]);

  // The topic can be produced to as soon as createTopics is answered: no waiting, no retries.
  await admin.createTopics({ topics: [{ topic: "orders", numPartitions: 3 }] });
  for (let number = 0; number < 10; number++) {
    await publishOrder(producer, { id: `order-${number}`, customer: "ada" });
  }

  const offsets = await admin.fetchTopicOffsets("orders");
  assert.deepEqual(offsets.map(({ high }) => high).sort(), ["0", "0", "10"]);

  await Promise.all([admin.disconnect(), producer.disconnect()]);
});
