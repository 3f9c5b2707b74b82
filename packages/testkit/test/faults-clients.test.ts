// Faults as clients meet them that know nothing of the test kit: what they try again, and what is in the log in the end.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { Producer, ProduceAcks, stringSerializers } from "@platformatic/kafka";
import { startBroker } from "@ottla/testkit";
import type { FaultAction, TestBroker } from "@ottla/testkit";
import kafkajs from "kafkajs";

/** A producer that is told once what to do, and how it ended. */
interface Sender {
  /** @throws what the client throws */
  send(value: string): Promise<unknown>;
  close(): Promise<unknown>;
}

const clients: Readonly<Record<string, (bootstrap: string) => Promise<Sender>>> = {
  kafkajs: async (bootstrap) => {
    const kafka = new kafkajs.Kafka({
      brokers: [bootstrap],
      logLevel: kafkajs.logLevel.NOTHING,
      requestTimeout: 300,
      retry: { initialRetryTime: 10, retries: 8 },
    });
    const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner, idempotent: true });
    await producer.connect();
    return {
      send: (value) => producer.send({ topic: "t", messages: [{ value }] }),
      close: () => producer.disconnect(),
    };
  },
  platformatic: (bootstrap) => {
    const producer = new Producer({
      clientId: "platformatic",
      bootstrapBrokers: [bootstrap],
      serializers: stringSerializers,
      requestTimeout: 300,
      retries: 8,
      retryDelay: 10,
      idempotent: true,
      acks: ProduceAcks.ALL,
    });
    return Promise.resolve({
      send: (value) => producer.send({ messages: [{ topic: "t", value }] }),
      close: () => producer.close(),
    });
  },
};

const faults: readonly FaultAction[] = [
  { error: "NOT_LEADER_OR_FOLLOWER" },
  { error: "NOT_ENOUGH_REPLICAS_AFTER_APPEND" },
  { drop: "connection" },
  { loseAnswer: true },
  { cutFrame: 10 },
  { delayMs: 50 },
  { throttleMs: 20 },
  { hang: true },
];

for (const [name, open] of Object.entries(clients)) {
  describe(`${name} with`, () => {
    let broker: TestBroker;

    before(async () => {
      broker = await startBroker();
    });

    beforeEach(async () => {
      await broker.reset();
      await create(broker, "t");
    });

    after(() => broker.close());

    for (const action of faults) {
      it(`${Object.entries(action).flat().join(" ")} delivers its record once`, async () => {
        const sender = await open(broker.bootstrap);
        const fault = broker.faults.add({ api: "Produce", topic: "t", times: 1, action });
        // kafkajs stays with a connection on which nothing comes back, for as long as it is open.
        if ("hang" in action) void fault.hit().then(() => fault.remove());
        await sender.send("delivered");
        assert.equal(fault.hits, 1);
        const records = await broker.inspect.records("t");
        assert.deepEqual(
          records.map(({ value }) => value!.toString()),
          ["delivered"],
        );
        await sender.close();
      });
    }
  });
}

async function create(broker: TestBroker, topic: string): Promise<void> {
  const admin = new kafkajs.Kafka({ brokers: [broker.bootstrap], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic }] });
  await admin.disconnect();
}
