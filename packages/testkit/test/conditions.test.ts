// What tests wait for: each condition comes about by what a client does, and says what is so when it does not come about.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findCoordinatorApi } from "@ottla/protocol/messages/10-find-coordinator.ts";
import { joinGroupApi } from "@ottla/protocol/messages/11-join-group.ts";
import { ConditionTimeout, ManualClock, startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import kafkajs from "kafkajs";
import type { Consumer, Kafka } from "kafkajs";
import { Wire } from "./support/wire.ts";

let broker: TestBroker;
let kafka: Kafka;

before(async () => {
  broker = await startBroker();
  kafka = new kafkajs.Kafka({ brokers: [broker.bootstrap], logLevel: kafkajs.logLevel.NOTHING });
});

after(() => broker.close());

async function startConsumer(topic: string, groupId: string): Promise<Consumer> {
  const consumer = kafka.consumer({ groupId, heartbeatInterval: 50, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ autoCommitThreshold: 1, eachMessage: async () => {} });
  return consumer;
}

async function withProducer(action: (send: (topic: string, count: number) => Promise<unknown>) => Promise<void>) {
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  await action((topic, count) =>
    producer.send({ topic, messages: Array.from({ length: count }, (_, index) => ({ value: `${index}` })) }),
  );
  await producer.disconnect();
}

test("a group becomes stable with its members, commits, and is empty when they have left", async () => {
  await withProducer(async (send) => {
    await send("consumed", 3);
    const first = await startConsumer("consumed", "g");
    await broker.until.groupStable("g");
    const second = await startConsumer("consumed", "g");
    await broker.until.groupStable("g", { members: 2 });
    assert.equal(broker.inspect.group("g")!.members.length, 2);
    await broker.until.committed("g", "consumed", 0, 3);
    await second.disconnect();
    await broker.until.groupStable("g", { members: 1 });
    await first.disconnect();
    await broker.until.groupEmpty("g");
    await broker.until.groupEmpty("a group that nobody has heard of");
  });
});

test("records are waited for, and markers of transactions do not count as such", async () => {
  const producer = kafka.producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    transactionalId: "x",
    idempotent: true,
    maxInFlightRequests: 1,
  });
  await producer.connect();
  let arrived = false;
  const waiting = broker.until.records("counted", 3).then(() => (arrived = true));
  for (const value of ["a", "b", "c"]) {
    const transaction = await producer.transaction();
    await transaction.send({ topic: "counted", messages: [{ value }] });
    // Two markers and two records: four offsets.
    if (value === "c") assert.equal(arrived, false);
    await transaction.commit();
  }
  await waiting;
  await broker.until.transaction("x", "CompleteCommit");
  await broker.until.records("counted", 3, { partition: 0 });
  const records = await broker.inspect.records("counted");
  assert.deepEqual(
    records.map(({ value, isTransactional }) => [value!.toString(), isTransactional]),
    [
      ["a", true],
      ["b", true],
      ["c", true],
    ],
  );
  await producer.disconnect();
});

test("records that were deleted out of the middle of a batch are not there any more", async () => {
  await withProducer(async (send) => void (await send("deleted", 3)));
  const admin = kafka.admin();
  await admin.connect();
  await admin.fetchTopicOffsets("deleted");
  await admin.deleteTopicRecords({ topic: "deleted", partitions: [{ partition: 0, offset: "2" }] });
  await admin.disconnect();
  const records = await broker.inspect.records("deleted");
  assert.deepEqual(
    records.map(({ offset }) => offset),
    [2],
  );
});

test("requests are counted since the broker began, or since a moment", async () => {
  await withProducer(async (send) => {
    const mark = broker.journal.total;
    const produces = broker.until.request("Produce", { times: 2, topic: "asked", after: mark });
    await send("asked", 1);
    await send("other", 1);
    await send("asked", 1);
    await produces;
    await broker.until.request("ApiVersions", { clientId: "kafkajs" });
    await assert.rejects(broker.until.request("Produce", { topic: "asked", times: 3, timeoutMs: 1 }), /there were 2/);
  });
});

test("a session that runs out by the clock alone empties its group", async () => {
  const clock = new ManualClock();
  await using wire = await Wire.open({}, { clock });
  const { until, inspect } = wire.broker!;
  await wire.call(findCoordinatorApi, 3, { key: "g", keyType: 0, coordinatorKeys: [] });
  const joining = {
    groupId: "g",
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: "",
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: Buffer.from("metadata") }],
  };
  const joined = wire.call(joinGroupApi, 3, joining);
  await until.holds("the member is there", () => inspect.group("g")?.members.length === 1);
  // The group's first rebalance is due at once, and that too is for the clock to say.
  await wire.broker!.advance(0);
  assert.equal((await joined).errorCode, 0);
  assert.equal(inspect.group("g")!.members.length, 1);
  await wire.broker!.advance(9_999);
  assert.equal(inspect.group("g")!.members.length, 1);
  await wire.broker!.advance(1);
  await until.groupEmpty("g");
  assert.equal(clock.monotonicMs(), 10_000);
});

test("advance needs a clock that can be moved", async () => {
  await assert.rejects(broker.advance(1), /^TypeError: advance needs startBroker\(\{ clock: new ManualClock\(\) \}\)$/);
});

test("a condition of one's own", async () => {
  let fulfilled = false;
  const waiting = broker.until.holds("it is fulfilled", () => fulfilled);
  fulfilled = true;
  await waiting;
  await assert.rejects(
    broker.until.holds("it throws", () => assert.fail("as it should"), { timeoutMs: 50 }),
    /as it should/,
  );
});

const notYet: readonly (readonly [string, (broker: TestBroker) => Promise<void>, RegExp])[] = [
  [
    "a group that is not there",
    ({ until }) => until.groupStable("nobody", { members: 2, timeoutMs: 1 }),
    /^waited for group nobody to be stable with 2 members, but .* within 1 ms: there is no such group\n/,
  ],
  [
    "records that do not come",
    ({ until }) => until.records("none", 5, { timeoutMs: 1 }),
    /^waited for 5 records in none, .*: it has 0\n/,
  ],
  [
    "an offset that is not committed",
    ({ until }) => until.committed("nobody", "none", 3, 9, { timeoutMs: 1 }),
    /^waited for group nobody to commit offset 9 of none-3, .*: it has committed nothing there\n/,
  ],
  [
    "a transaction that nobody began",
    ({ until }) => until.transaction("nobody's", "Ongoing", { timeoutMs: 1 }),
    /^waited for transaction nobody's to be Ongoing, .*: it is not known\n/,
  ],
];

for (const [what, wait, message] of notYet) {
  test(`what does not come about says how things are: ${what}`, async () => {
    await assert.rejects(wait(broker), (error: Error) => {
      assert.ok(error instanceof ConditionTimeout);
      assert.match(error.message, message);
      assert.match(error.message, /\nthe last requests:\n#/);
      assert.match(error.message, /\nseed \d+: the same run again/);
      return true;
    });
  });
}

test("an option that there is not is refused", () => {
  assert.throws(() => broker.until.groupStable("g", { member: 2 } as object), /there is no option "member"/);
  assert.throws(() => broker.until.request("Fetch", { time: 2 } as object), /there is no option "time"/);
});

test("who waits when the broker closes is told", async () => {
  const other = await startBroker();
  const waiting = assert.rejects(other.until.records("t", 1), /but the broker was closed: it has 0\n/);
  await other.close();
  await waiting;
  await assert.rejects(other.until.records("t", 1), /the broker is closed/);
});
