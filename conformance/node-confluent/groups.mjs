// @confluentinc/kafka-javascript in consumer groups, with the classic protocol and that of KIP-848, and in transactions, against one
// broker. node groups.mjs HOST:PORT PREFIX. Topics, groups and transactional ids begin with PREFIX. Prints as suite.mjs does.

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import confluent from "@confluentinc/kafka-javascript";
import { groupConfig, protocolNames } from "./group-config.mjs";
import { Ledger } from "./ledger.mjs";
import { admin, bootstrap, check, connectedConsumer, consume, create, prefix, readAll, send } from "./support.mjs";

const { KafkaConsumer, Producer, CODES } = confluent;
const partitions = 12;
const stageRecords = 120;
const limitMs = 20_000;

async function main() {
  await admin.connect();
  for (const protocol of protocolNames) {
    const name = `shares 12 partitions among 1 to 8 members that come, go and are killed, ${protocol}`;
    await check(name, () => livesThrough(protocol));
    await check(`goes on where the group committed, and where it is reset to, ${protocol}`, () => resumes(protocol));
  }
  await check("lists, describes and deletes groups", administers);
  await check("shows a reader of committed records no open and no aborted transaction", readsCommitted);
  await check("fences the older of two producers with one transactional id", fences);
  for (const protocol of protocolNames) {
    await check(`consumes, transforms and produces exactly once, ${protocol}`, () => exactlyOnce(protocol));
  }
  await admin.disconnect();
}

function values(first, count) {
  return Array.from({ length: count }, (_, index) => `value ${first + index}`);
}

async function sendValues(topic, sent, count = partitions) {
  const records = sent.map((value, index) => ({ partition: index % count, key: null, value: Buffer.from(value) }));
  await send(topic, records);
}

/** A member in a process of its own. */
function startMember(name, { topic, group, protocol, ledger }) {
  const child = fork(join(import.meta.dirname, "group-member.mjs"), { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const exited = once(child, "exit");
  child.on("message", ({ owns, processed }) => {
    if (processed !== undefined) ledger.processed(processed);
    if (owns === undefined) return;
    ledger.owns(name, owns);
    if (child.connected) child.send("go on", () => {});
  });
  child.send({ bootstrap, topic, group, protocol });
  const end = async (expected) => {
    const limit = setTimeout(() => child.kill("SIGKILL"), limitMs);
    const [code, signal] = await exited.finally(() => clearTimeout(limit));
    ledger.gone(name);
    assert.equal(code ?? signal, expected, `how ${name} ended`);
  };
  return {
    async leave() {
      child.send("leave");
      await end(0);
    },
    async kill() {
      child.kill("SIGKILL");
      await end("SIGKILL");
    },
  };
}

const steps = ["start a", "start b c d", "start e f g h", "leave b f", "kill a g", "start i", "leave c d e"];

async function livesThrough(protocol) {
  const topic = await create(`life-${protocol}`, partitions);
  const group = `${prefix}life-${protocol}`;
  const ledger = new Ledger();
  const members = new Map();
  const sent = [];
  try {
    for (const step of steps) {
      await take(step, members, { topic, group, protocol, ledger });
      const more = values(sent.length, stageRecords);
      sent.push(...more);
      await sendValues(topic, more);
      const done = () => ledger.seen.size === sent.length && ledger.restsWith(members.size, partitions);
      await ledger.until(`the end of "${step}"`, done);
    }
    await take(`leave ${[...members.keys()].join(" ")}`, members, {});
  } finally {
    for (const member of members.values()) await member.kill();
  }
  assert.deepEqual(ledger.violations, []);
  const each = Array(partitions).fill(sent.length / partitions);
  assert.deepEqual(await committed(group, topic), each, "what is committed");
}

async function take(step, members, place) {
  const [verb, ...names] = step.split(" ");
  if (verb === "start") for (const name of names) members.set(name, startMember(name, place));
  else {
    const ended = names.map((name) => members.get(name));
    for (const name of names) members.delete(name);
    await Promise.all(ended.map((member) => member[verb]()));
  }
}

/** By partition. */
async function committed(group, topic) {
  const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
  return found.partitions.toSorted((one, other) => one.partition - other.partition).map(({ offset }) => Number(offset));
}

/** With a callback for rebalances it leaves the group when it is closed; without, a cooperative member stays until it is missed. */
async function joined(group, topic, protocol, config = {}) {
  const all = { ...groupConfig(bootstrap, group, protocol), rebalance_cb: true, ...config };
  const consumer = new KafkaConsumer(all, { "auto.offset.reset": "earliest" });
  consumer.connect();
  await once(consumer, "ready");
  consumer.setDefaultConsumeTimeout(100);
  consumer.subscribe([topic]);
  return consumer;
}

async function left(consumer) {
  await new Promise((resolve) => consumer.disconnect(resolve));
}

/** What a member gets until it has so many; it commits them and leaves. */
async function consumed(group, topic, protocol, count) {
  const consumer = await joined(group, topic, protocol);
  const seen = [];
  const deadline = Date.now() + limitMs;
  while (seen.length < count && Date.now() < deadline) seen.push(...(await consume(consumer, count - seen.length)));
  consumer.commitMessageSync(seen.at(-1));
  await left(consumer);
  return seen.map(({ value }) => value.toString());
}

async function resumes(protocol) {
  const topic = await create(`resumed-${protocol}`);
  const group = `${prefix}resumed-${protocol}`;
  const sent = values(0, 30);
  await sendValues(topic, sent, 1);
  assert.deepEqual(await consumed(group, topic, protocol, 12), sent.slice(0, 12));
  assert.deepEqual(await committed(group, topic), [12]);
  assert.deepEqual(await consumed(group, topic, protocol, 18), sent.slice(12));
  const outsider = await connectedConsumer([{ topic, partition: 0 }], { "group.id": group });
  outsider.commitSync({ topic, partition: 0, offset: 25 });
  await left(outsider);
  assert.deepEqual(await consumed(group, topic, protocol, 5), sent.slice(25));
}

async function administers() {
  const topic = await create("administered");
  const group = `${prefix}administered`;
  await sendValues(topic, ["one"], 1);
  const member = await joined(group, topic, "consumer");
  while ((await consume(member, 1)).length === 0);
  const { groups } = await admin.listGroups();
  assert.ok(groups.some(({ groupId }) => groupId === group));
  const [described] = (await admin.describeGroups([group])).groups;
  assert.deepEqual([described.groupId, described.members.length], [group, 1]);
  await assert.rejects(admin.deleteGroups([group]));
  const outsider = await connectedConsumer([{ topic, partition: 0 }], { "group.id": group });
  const stranger = { code: CODES.ERRORS.ERR_UNKNOWN_MEMBER_ID };
  assert.throws(() => outsider.commitSync({ topic, partition: 0, offset: 1 }), stranger);
  await left(outsider);
  await left(member);
  await admin.deleteGroups([group]);
  await assert.rejects(admin.deleteGroups([group]));
}

/** A producer in transactions; its steps resolve when the broker answered. */
async function transactional(id) {
  const name = { "transactional.id": prefix + id, "transaction.timeout.ms": 10_000 };
  const producer = new Producer({ "bootstrap.servers": bootstrap, log_level: 0, dr_cb: true, "linger.ms": 0, ...name });
  producer.connect();
  await once(producer, "ready");
  producer.setPollInterval(10);
  const step = (method, ...words) =>
    new Promise((resolve, reject) => producer[method](...words, (error) => (error ? reject(error) : resolve())));
  await step("initTransactions", limitMs);
  return {
    begin: () => step("beginTransaction"),
    commit: () => step("commitTransaction", limitMs),
    abort: () => step("abortTransaction", limitMs),
    offsets: (offsets, consumer) => step("sendOffsetsToTransaction", offsets, consumer, limitMs),
    flush: () => step("flush", limitMs),
    send: (topic, partition, value) => producer.produce(topic, partition, Buffer.from(value), null),
    close: () => new Promise((resolve) => producer.disconnect(resolve)),
  };
}

async function valuesOf(topic, wanted, isolation) {
  const seen = await readAll(topic, 1, wanted, { "isolation.level": isolation });
  return seen.map(({ value }) => value.toString());
}

async function readsCommitted() {
  const topic = await create("committed");
  const [one, two] = await Promise.all([transactional("one"), transactional("two")]);
  await one.begin();
  one.send(topic, 0, "kept 1");
  await one.flush();
  await two.begin();
  two.send(topic, 0, "dropped");
  await two.flush();
  await one.commit();
  assert.deepEqual(await valuesOf(topic, 1, "read_committed"), ["kept 1"]);
  assert.deepEqual(await valuesOf(topic, 2, "read_uncommitted"), ["kept 1", "dropped"]);
  await two.abort();
  for (let round = 2; round < 6; round += 1) {
    const producer = round % 2 === 0 ? one : two;
    await producer.begin();
    for (let index = 0; index < 20; index += 1)
      producer.send(topic, 0, `${round < 4 ? "dropped" : "kept"} ${round} ${index}`);
    await producer.flush();
    await (round < 4 ? producer.abort() : producer.commit());
  }
  const seen = await valuesOf(topic, 41, "read_committed");
  assert.equal(seen.length, 41);
  assert.ok(seen.every((value) => value.startsWith("kept")));
  await Promise.all([one.close(), two.close()]);
}

async function fences() {
  const topic = await create("fenced");
  const older = await transactional("fenced");
  await older.begin();
  older.send(topic, 0, "of the older");
  await older.flush();
  const newer = await transactional("fenced");
  const fenced = ({ code }) => code === CODES.ERRORS.ERR__FENCED || code === CODES.ERRORS.ERR_PRODUCER_FENCED;
  await assert.rejects(older.commit(), fenced);
  await newer.begin();
  newer.send(topic, 0, "of the newer");
  await newer.commit();
  assert.deepEqual(await valuesOf(topic, 1, "read_committed"), ["of the newer"]);
  await Promise.all([older.close(), newer.close()]);
}

/** Every third transaction is aborted, and what it took is taken again. */
async function exactlyOnce(protocol) {
  const [input, output] = [await create(`input-${protocol}`), await create(`output-${protocol}`)];
  const sent = values(0, 200);
  await sendValues(input, sent, 1);
  const consumer = await joined(`${prefix}pipeline-${protocol}`, input, protocol, {
    "isolation.level": "read_committed",
  });
  const producer = await transactional(`pipeline-${protocol}`);
  const deadline = Date.now() + limitMs;
  let done = 0;
  for (let round = 1; done < sent.length && Date.now() < deadline;) {
    const messages = await consume(consumer, 20);
    if (messages.length === 0) continue;
    const from = { topic: input, partition: 0 };
    await producer.begin();
    for (const { value } of messages) producer.send(output, 0, `out ${value}`);
    await producer.offsets([{ ...from, offset: messages.at(-1).offset + 1 }], consumer);
    if (round++ % 3 === 0) {
      await producer.abort();
      await new Promise((resolve) => consumer.seek({ ...from, offset: messages[0].offset }, 2000, resolve));
    } else {
      await producer.commit();
      done += messages.length;
    }
  }
  await producer.close();
  await left(consumer);
  const seen = await valuesOf(output, sent.length, "read_committed");
  assert.deepEqual(
    seen,
    sent.map((value) => `out ${value}`),
  );
  assert.deepEqual(await committed(`${prefix}pipeline-${protocol}`, input), [sent.length]);
}

await main();
process.exit(0); // librdkafka's threads would keep the process for a second or two.
