// How an exactly-once pipeline is tested: what it writes and how far it has read are committed together, or neither is.
// Run it: `npx node --test examples/exactly-once-in-a-test.ts`. The project's own tests run it too.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startBroker } from "@ottla/testkit";
import kafkajs from "kafkajs";
import type { Kafka, Producer } from "kafkajs";

/** The code under test: books one payment, in one transaction with the offset that it was read at. */
async function bookPayment(producer: Producer, payment: { offset: number; amount: number }): Promise<void> {
  const transaction = await producer.transaction();
  try {
    await transaction.send({ topic: "bookings", messages: [{ value: `booked ${payment.amount}` }] });
    if (payment.amount < 0) throw new RangeError("a payment is not negative");
    await transaction.sendOffsets({
      consumerGroupId: "bookkeepers",
      topics: [{ topic: "payments", partitions: [{ partition: 0, offset: String(payment.offset + 1) }] }],
    });
    await transaction.commit();
  } catch (error) {
    await transaction.abort();
    throw error;
  }
}

test("a payment that cannot be booked leaves neither a booking nor an offset", async () => {
  await using broker = await startBroker();
  const kafka = new kafkajs.Kafka({
    brokers: [broker.bootstrap],
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { initialRetryTime: 20 },
  });
  const admin = kafka.admin();
  const producer = kafka.producer({ transactionalId: "bookkeeper-1", idempotent: true, maxInFlightRequests: 1 });
  await Promise.all([admin.connect(), producer.connect()]);
  await admin.createTopics({ topics: [{ topic: "payments" }, { topic: "bookings" }] });

  await bookPayment(producer, { offset: 0, amount: 30 });
  await assert.rejects(bookPayment(producer, { offset: 1, amount: -5 }), RangeError);
  await bookPayment(producer, { offset: 2, amount: 12 });

  assert.deepEqual(await readBookings(kafka, "booked 12"), ["booked 30", "booked 12"]);
  const [topic] = await admin.fetchOffsets({ groupId: "bookkeepers", topics: ["payments"] });
  assert.equal(topic!.partitions[0]!.offset, "3");
  await Promise.all([admin.disconnect(), producer.disconnect()]);
});

/** The bookings up to `last`, as a reader that skips what was aborted sees them; kafkajs does so unless told otherwise. */
async function readBookings(kafka: Kafka, last: string): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: "auditors", maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic: "bookings", fromBeginning: true });
  const bookings: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const eachMessage = async ({ message }: kafkajs.EachMessagePayload): Promise<void> => {
      bookings.push(message.value!.toString());
      if (bookings.at(-1) === last) resolve();
    };
    consumer.run({ eachMessage }).catch(reject);
  });
  await consumer.disconnect();
  return bookings;
}
