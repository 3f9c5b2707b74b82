// kafkajs in consumer groups: members that come, go and are cut off; committing, resuming and resetting.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import kafkajs from "kafkajs";
import type { Admin, Consumer, Kafka as Client, Producer } from "kafkajs";
import {
  GroupLedger,
  HEARTBEAT_MS,
  liveThrough,
  MemberSockets,
  PARTITIONS,
  SESSION_MS,
  startGroupBroker,
} from "./support/group-life.ts";
import type { GroupBroker, Member } from "./support/group-life.ts";

const { Kafka, logLevel, Partitioners } = kafkajs;

describe("kafkajs consumer groups", { concurrency: true }, () => {
  const sockets = new MemberSockets();
  const cutOff: Consumer[] = [];
  let broker: GroupBroker;
  let admin: Admin;
  let producer: Producer;

  before(async () => {
    broker = await startGroupBroker();
    const kafka = client();
    admin = kafka.admin();
    producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await admin.connect();
    await producer.connect();
  });
  after(async () => {
    sockets.heal();
    await Promise.all(cutOff.map((member) => member.disconnect()));
    await producer.disconnect();
    await admin.disconnect();
    await broker.close();
  });

  const client = (retries = 5): Client =>
    new Kafka({
      brokers: [broker.bootstrap],
      logLevel: logLevel.NOTHING,
      requestTimeout: 2000,
      retry: { retries, initialRetryTime: 20 },
    });

  async function create(plain: string, partitions = PARTITIONS): Promise<string> {
    const topic = broker.name(plain);
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: partitions }] });
    return topic;
  }

  async function produce(topic: string, values: readonly string[], partitions = PARTITIONS): Promise<void> {
    await producer.send({ topic, messages: values.map((value, index) => ({ value, partition: index % partitions })) });
  }

  const consumer = (kafka: Client, groupId: string): Consumer =>
    kafka.consumer({
      groupId,
      sessionTimeout: SESSION_MS,
      rebalanceTimeout: 5000,
      heartbeatInterval: HEARTBEAT_MS,
      maxWaitTimeInMs: 30,
      retry: { retries: 5, initialRetryTime: 20, restartOnFailure: async () => false },
    });

  async function start(name: string, topic: string, groupId: string, ledger: GroupLedger): Promise<Member> {
    return await sockets.run(name, async () => {
      const member = consumer(client(), groupId);
      member.on("consumer.group_join", ({ payload }) => ledger.own(name, payload.memberAssignment[topic] ?? []));
      member.on("consumer.rebalancing", () => ledger.own(name, []));
      member.on("consumer.crash", () => ledger.own(name, []));
      await member.connect();
      await member.subscribe({ topic, fromBeginning: true });
      await member.run({ eachMessage: async ({ message }) => ledger.processed(name, message.value!.toString()) });
      return {
        leave: () => member.disconnect(),
        kill: async () => {
          sockets.kill(name);
          cutOff.push(member);
        },
      };
    });
  }

  it("shares 12 partitions among 1 to 8 members that come, go and are cut off: all records, one owner at a time", async () => {
    const topic = await create("life");
    const groupId = broker.name("life-group");
    const ledger = new GroupLedger();
    const values = await liveThrough({
      ledger,
      start: (name) => start(name, topic, groupId, ledger),
      produce: (more) => produce(topic, more),
    });
    assert.deepEqual(ledger.violations, []);
    assert.equal(ledger.seen.size, values.length);
    assert.deepEqual(
      await committed(groupId, topic),
      Array.from({ length: PARTITIONS }, () => String(values.length / PARTITIONS)),
    );
  });

  /** Consumes until `count` values came, and leaves with what was resolved committed. */
  async function consume(topic: string, groupId: string, count: number): Promise<string[]> {
    const ledger = new GroupLedger();
    const values: string[] = [];
    const member = consumer(client(), groupId);
    await member.connect();
    await member.subscribe({ topic, fromBeginning: true });
    await member.run({
      eachBatchAutoResolve: false,
      eachBatch: async (payload) => {
        for (const message of payload.batch.messages) {
          if (values.length === count) break;
          values.push(message.value!.toString());
          payload.resolveOffset(message.offset);
        }
        await payload.commitOffsetsIfNecessary(payload.uncommittedOffsets());
        for (const value of values) ledger.processed("one", value);
      },
    });
    await ledger.until(`${count} records`, () => values.length === count);
    await member.disconnect();
    return values;
  }

  it("goes on where the group committed", async () => {
    const topic = await create("resumed", 1);
    const groupId = broker.name("resumed-group");
    const values = Array.from({ length: 30 }, (_, index) => String(index));
    await produce(topic, values, 1);
    assert.deepEqual(await consume(topic, groupId, 12), values.slice(0, 12));
    assert.deepEqual(await committed(groupId, topic), ["12"]);
    assert.deepEqual(await consume(topic, groupId, 18), values.slice(12));
    assert.deepEqual(await committed(groupId, topic), ["30"]);
  });

  // kafkajs resets by joining the group itself, and waits 5 s for its own empty fetch.
  it("starts again where the group is reset to", async () => {
    const topic = await create("reset", 1);
    const values = Array.from({ length: 10 }, (_, index) => String(index));
    await produce(topic, values, 1);
    const [toOffset, toEarliest] = [broker.name("reset-to-offset"), broker.name("reset-to-earliest")];
    await Promise.all([consume(topic, toOffset, 10), consume(topic, toEarliest, 10)]);
    await Promise.all([
      admin.setOffsets({ groupId: toOffset, topic, partitions: [{ partition: 0, offset: "7" }] }),
      admin.resetOffsets({ groupId: toEarliest, topic, earliest: true }),
    ]);
    assert.deepEqual(await consume(topic, toOffset, 3), values.slice(7));
    assert.deepEqual(await consume(topic, toEarliest, 10), values);
  });

  /** By partition. */
  async function committed(groupId: string, topic: string): Promise<string[]> {
    const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
    return found!.partitions.map(({ offset }) => offset);
  }

  it("lists, describes and deletes groups, and refuses to delete one with members", async () => {
    const topic = await create("described", 2);
    const groupId = broker.name("described-group");
    const ledger = new GroupLedger();
    const member = await start("described", topic, groupId, ledger);
    await ledger.until("both partitions", () => ledger.owners().length === 1);
    const { groups } = await admin.describeGroups([groupId]);
    assert.deepEqual(
      groups.map((group) => [group.groupId, group.state, group.protocolType, group.protocol, group.members.length]),
      [[groupId, "Stable", "consumer", "RoundRobinAssigner", 1]],
    );
    const listed = await admin.listGroups();
    assert.ok(listed.groups.some((group) => group.groupId === groupId && group.protocolType === "consumer"));
    await assert.rejects(admin.deleteGroups([groupId]));
    await member.leave();
    assert.deepEqual(
      (await admin.describeGroups([groupId])).groups.map(({ state, members }) => [state, members.length]),
      [["Empty", 0]],
    );
    await admin.deleteGroups([groupId]);
    assert.deepEqual(
      (await admin.describeGroups([groupId])).groups.map(({ state }) => state),
      ["Dead"],
    );
  });
});
