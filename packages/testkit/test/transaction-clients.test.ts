// Transactions by the clients that Node services have: records and offsets committed and aborted together, read back by read_committed readers,
// and a second producer that takes over. kafkajs speaks the older flow, @platformatic/kafka adds partitions as brokers do (AddPartitionsToTxn 5).

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Producer, stringSerializers } from "@platformatic/kafka";
import kafkajs from "kafkajs";
import type { Kafka } from "kafkajs";
import { readCommitted } from "./support/transactional-producer.ts";
import { Wire } from "./support/wire.ts";

const { Kafka: KafkaClient, logLevel } = kafkajs;
const TRANSACTIONS = 50;

describe("transactions of foreign clients", { timeout: 60_000 }, () => {
  let wire: Wire;
  let kafka: Kafka;

  before(async () => {
    wire = await Wire.open({ "transaction.state.log.num.partitions": "3", "offsets.topic.num.partitions": "1" });
    const brokers = [`127.0.0.1:${wire.port}`];
    kafka = new KafkaClient({ brokers, clientId: "test", logLevel: logLevel.NOTHING, retry: { initialRetryTime: 20 } });
  });
  after(() => wire[Symbol.asyncDispose]());

  it("kafkajs commits and aborts by turns, and readers see what was committed", async () => {
    await wire.createTopics({ kafkajs: 1 });
    const producer = kafka.producer({ transactionalId: "kafkajs", idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    for (let number = 0; number < TRANSACTIONS; number++) {
      const transaction = await producer.transaction();
      for (const part of ["a", "b"]) {
        await transaction.send({ topic: "kafkajs", messages: [{ partition: 0, value: `${number}${part}` }] });
      }
      if (number % 2 === 0) await transaction.commit();
      else await transaction.abort();
    }
    await producer.disconnect();
    assert.deepEqual(await committedValues("kafkajs"), committedOnes());
  });

  it("kafkajs commits offsets with its records, or neither", async () => {
    await wire.createTopics({ input: 1, output: 1 });
    const admin = kafka.admin();
    await admin.connect();
    const producer = kafka.producer({ transactionalId: "pipeline", idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const committed = async (): Promise<string> => {
      const [topic] = await admin.fetchOffsets({ groupId: "pipeline", topics: ["input"] });
      return topic!.partitions[0]!.offset;
    };
    for (const [offset, ends, expected] of [
      ["5", "commit", "5"],
      ["9", "abort", "5"],
      ["7", "commit", "7"],
    ] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic: "output", messages: [{ partition: 0, value: `${offset} ${ends}` }] });
      await transaction.sendOffsets({
        consumerGroupId: "pipeline",
        topics: [{ topic: "input", partitions: [{ partition: 0, offset }] }],
      });
      await transaction[ends]();
      assert.equal(await committed(), expected);
    }
    assert.deepEqual(await committedValues("output"), ["5 commit", "7 commit"]);
    await producer.disconnect();
    await admin.disconnect();
  });

  it("kafkajs's second producer with one transactional id fences the first", async () => {
    await wire.createTopics({ fenced: 1 });
    const make = (): kafkajs.Producer =>
      kafka.producer({ transactionalId: "fenced", idempotent: true, maxInFlightRequests: 1, retry: { retries: 1 } });
    const zombie = make();
    await zombie.connect();
    const left = await zombie.transaction();
    await left.send({ topic: "fenced", messages: [{ partition: 0, value: "zombie" }] });
    // It is told CONCURRENT_TRANSACTIONS until the open one is aborted.
    const second = kafka.producer({ transactionalId: "fenced", idempotent: true, maxInFlightRequests: 1 });
    await second.connect();
    const transaction = await second.transaction();
    await transaction.send({ topic: "fenced", messages: [{ partition: 0, value: "second" }] });
    await assert.rejects(left.send({ topic: "fenced", messages: [{ partition: 0, value: "late" }] }));
    await assert.rejects(left.commit());
    await transaction.commit();
    assert.deepEqual(await committedValues("fenced"), ["second"]);
    await Promise.all([zombie.disconnect(), second.disconnect()]);
  });

  it("@platformatic/kafka commits and aborts by turns, and readers see what was committed", async () => {
    await wire.createTopics({ platformatic: 1 });
    const producer = new Producer({
      clientId: "test",
      bootstrapBrokers: [`127.0.0.1:${wire.port}`],
      serializers: stringSerializers,
      idempotent: true,
      transactionalId: "platformatic",
    });
    for (let number = 0; number < TRANSACTIONS; number++) {
      const transaction = await producer.beginTransaction();
      for (const part of ["a", "b"]) {
        await transaction.send({ messages: [{ topic: "platformatic", partition: 0, value: `${number}${part}` }] });
      }
      if (number % 2 === 0) await transaction.commit();
      else await transaction.abort();
    }
    await producer.close();
    assert.deepEqual(await committedValues("platformatic"), committedOnes());
  });

  function committedOnes(): string[] {
    const numbers = Array.from({ length: TRANSACTIONS }, (_, number) => number).filter((number) => number % 2 === 0);
    return numbers.flatMap((number) => [`${number}a`, `${number}b`]);
  }

  /** All that a read_committed reader is shown, in small fetches. */
  async function committedValues(topic: string): Promise<string[]> {
    const values: string[] = [];
    for (let offset = 0; ;) {
      const read = await readCommitted(wire, topic, { offset, maxBytes: 200 });
      values.push(...read.values);
      if (read.nextOffset === offset) return values;
      offset = read.nextOffset;
    }
  }
});
