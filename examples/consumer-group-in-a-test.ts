// How a service that consumes in a group is tested: two workers share the partitions, one leaves, the other takes over from the committed offsets.
// Run it: `npx node --test examples/consumer-group-in-a-test.ts`. The project's own tests run it too.

import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { test } from "node:test";
import { startBroker } from "@ottla/testkit";
import kafkajs from "kafkajs";
import type { Consumer, Kafka } from "kafkajs";

/** The code under test: it packs every parcel that it is sent, and remembers with its group how far it came. */
async function startPacker(kafka: Kafka, pack: (parcel: string) => void): Promise<Consumer> {
  const consumer = kafka.consumer({ groupId: "packers", heartbeatInterval: 100, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic: "parcels", fromBeginning: true });
  await consumer.run({ eachMessage: async ({ message }) => pack(message.value!.toString()) });
  return consumer;
}

test("two packers share the work, and one that is left does all of it", async () => {
  await using broker = await startBroker();
  const kafka = new kafkajs.Kafka({ brokers: [broker.bootstrap], logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await Promise.all([admin.connect(), producer.connect()]);
  await admin.createTopics({ topics: [{ topic: "parcels", numPartitions: 2 }] });

  // A set, because whoever takes a partition over may be sent again what was not committed yet: at least once, not exactly once.
  const packed = new Set<string>();
  const changes = new EventEmitter();
  const pack = (parcel: string): void => {
    packed.add(parcel);
    changes.emit("packed");
  };
  const allPacked = async (count: number): Promise<void> => {
    while (packed.size < count) await once(changes, "packed");
  };
  const send = (...parcels: string[]) =>
    producer.send({ topic: "parcels", messages: parcels.map((value, index) => ({ value, partition: index % 2 })) });

  const first = await startPacker(kafka, pack);
  const second = await startPacker(kafka, pack);
  await send("books", "shoes", "lamps", "plants");
  await allPacked(4);

  await first.disconnect();
  await send("chairs", "tables");
  await allPacked(6);
  assert.deepEqual([...packed].sort(), ["books", "chairs", "lamps", "plants", "shoes", "tables"]);

  await second.disconnect();
  const [topic] = await admin.fetchOffsets({ groupId: "packers", topics: ["parcels"] });
  assert.deepEqual(topic!.partitions.map(({ offset }) => offset).sort(), ["3", "3"]);
  await Promise.all([admin.disconnect(), producer.disconnect()]);
});
