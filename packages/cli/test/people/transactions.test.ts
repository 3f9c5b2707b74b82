// `ottla txn …` against a broker: open transactions, ended ones, and one that hangs, because its producer wrote to a partition that it never
// added and the broker was told not to verify that.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { Kafka } from "@ottla/client";
import { RecordBatchBuilder } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import { WireClient } from "../../../../tools/sim/wire-client.ts";
import { ottlaCommand } from "./run-people.ts";
import type { PeopleOptions, PeopleResult } from "./run-people.ts";

/** The last version of Produce that leaves adding the partition to the producer (KIP-890). */
const PRODUCE_VERSION = 11;

class Made implements AsyncDisposable {
  readonly broker: TestBroker;
  readonly kafka: Kafka;

  constructor(broker: TestBroker) {
    this.broker = broker;
    this.kafka = new Kafka({ bootstrapServers: broker.bootstrap });
  }

  static async start(): Promise<Made> {
    const overrides = { "transaction.partition.verification.enable": "false" };
    const made = new Made(await startBroker({ overrides, leaks: "ignore" }));
    await made.kafka.admin().createTopics([{ name: "orders", partitions: 2 }]);
    return made;
  }

  txn(line: string, options: PeopleOptions = {}): Promise<PeopleResult> {
    return ottlaCommand(["txn", ...line.split(" "), "-b", this.broker.bootstrap], options);
  }

  async json(line: string): Promise<Record<string, unknown>[]> {
    return JSON.parse((await this.txn(`${line} -o json`)).stdout) as Record<string, unknown>[];
  }

  async begin(transactionalId: string): Promise<{ commit(): Promise<void> }> {
    const transaction = await this.kafka.producer({ transactionalId }).beginTransaction();
    await transaction.send({ topic: "orders", partition: 0, value: "x" });
    return transaction;
  }

  /** The producer that hangs. */
  async hang(partition: number): Promise<{ producerId: number }> {
    const id = `lost-${partition}`;
    const { producerId, producerEpoch } = (await this.kafka.admin().fenceProducers([id])).get(id)!;
    const builder = new RecordBatchBuilder({ producerId, producerEpoch, baseSequence: 0, isTransactional: true });
    builder.append({ timestamp: Date.now() - 3_600_000, value: Buffer.from("x") });
    const wire = await WireClient.connect(this.broker.port);
    const { responses } = await wire.call(produceApi, PRODUCE_VERSION, {
      transactionalId: id,
      acks: -1,
      timeoutMs: 10_000,
      topicData: [
        { name: "orders", topicId: ZERO_UUID, partitionData: [{ index: partition, records: builder.build() }] },
      ],
    });
    wire.close();
    assert.equal(responses[0]!.partitionResponses[0]!.errorCode, 0);
    return { producerId };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kafka.close({ timeoutMs: 100 });
    await this.broker.close();
  }
}

test("transactions are listed with how long they are open, by state and pattern", async () => {
  await using made = await Made.start();
  const first = await made.begin("pay-1");
  await made.begin("pay-2");
  await first.commit();
  await made.broker.until.transaction("pay-1", "CompleteCommit");
  const rows = (await made.json("list")).map(({ transactionalId, state, openForMs, partitions }) => [
    transactionalId,
    state,
    openForMs === null,
    partitions,
  ]);
  assert.deepEqual(rows, [
    ["pay-1", "CompleteCommit", true, 0],
    ["pay-2", "Ongoing", false, 1],
  ]);
  const ids = async (line: string): Promise<unknown[]> => (await made.json(line)).map((row) => row["transactionalId"]);
  assert.deepEqual(await ids("list *-1"), ["pay-1"]);
  assert.deepEqual(await ids("list --state ongoing"), ["pay-2"]);
  assert.deepEqual(await ids("list --longer-than 1h"), []);
});

test("a transaction is described with where it begins in each partition", async () => {
  await using made = await Made.start();
  await made.begin("pay-1");
  const [described] = await made.json("describe pay-1");
  assert.deepEqual(
    [described!["state"], described!["timeoutMs"], described!["partitions"]],
    ["Ongoing", 60_000, [{ topic: "orders", partition: 0, startOffset: 0 }]],
  );
  const { stdout, stderr, code } = await made.txn("describe pay-1 nobody");
  assert.match(stdout, /^State +Ongoing$/m);
  assert.match(stderr, /^ottla: nobody: .*\(TRANSACTIONAL_ID_NOT_FOUND\)\n$/);
  assert.equal(code, 1);
});

test("an open transaction is aborted by its id after a yes; one that is not open is not", async () => {
  await using made = await Made.start();
  const open = await made.begin("pay-1");
  assert.match((await made.txn("abort pay-1 --dry-run")).stdout, /^would be aborted on \S+: 1 transaction\n/);
  assert.equal((await made.txn("abort pay-1", { answers: ["no"] })).code, 1);
  assert.equal((await made.txn("abort pay-1")).code, 2);
  const done = await made.txn("abort pay-1", { answers: ["y"] });
  assert.deepEqual([done.code, done.stdout], [0, "pay-1 aborted\n"]);
  await assert.rejects(open.commit(), { fatal: true });
  const again = await made.txn("abort pay-1 --yes");
  assert.match(again.stderr, /^ottla: nothing was aborted: pay-1 is \w+, it has no open transaction\n$/);
  assert.match((await made.txn("abort nobody --yes")).stderr, /nobody: .*\(TRANSACTIONAL_ID_NOT_FOUND\)\n$/);
});

test("a transaction hangs when no coordinator knows of it; it is found, and aborted after a yes", async () => {
  await using made = await Made.start();
  await made.begin("pay-1");
  assert.equal((await made.txn("hanging --longer-than 0s")).stdout, "no transaction hangs\n");
  assert.equal((await made.txn("abort --hanging --yes")).stdout, "no transaction hangs\n");
  const { producerId } = await made.hang(1);
  const found = await made.json("hanging");
  assert.deepEqual(
    found.map(({ idleForMs, coordinatorEpoch, ...row }) => ({
      ...row,
      isIdle: Number(idleForMs) >= 3_600_000,
      coordinatorEpoch,
    })),
    [
      {
        topic: "orders",
        partition: 1,
        producerId,
        producerEpoch: 0,
        startOffset: 0,
        isIdle: true,
        coordinatorEpoch: -1,
      },
    ],
  );
  assert.deepEqual(await made.json("hanging --longer-than 2h"), []);
  assert.deepEqual(await made.json("hanging --topic orders:0"), []);
  assert.equal((await made.json("hanging --topic orders:1")).length, 1);
  const { stdout, questions } = await made.txn("abort --hanging", { answers: ["y"] });
  assert.deepEqual(questions, [`Abort 1 transaction on ${made.broker.bootstrap}? [y/N] `]);
  assert.equal(stdout, `orders-1 of producer ${producerId} aborted\n`);
  assert.deepEqual(await made.json("hanging"), []);
  // The other one was left alone.
  assert.equal((await made.json("list --state Ongoing")).length, 1);
});

test("of several that hang, each that cannot be aborted is told", async () => {
  await using made = await Made.start();
  await made.hang(0);
  await made.hang(1);
  made.broker.faults.add({ api: "WriteTxnMarkers", partition: 0, action: { error: "CLUSTER_AUTHORIZATION_FAILED" } });
  const { stdout, stderr, code } = await made.txn("abort --hanging --yes");
  assert.match(stdout, /^orders-1 of producer \d+ aborted\n$/);
  assert.match(stderr, /^ottla: orders-0 of producer \d+: .*\(CLUSTER_AUTHORIZATION_FAILED\)\n$/);
  assert.equal(code, 1);
});

const mistakes: readonly (readonly [line: string, code: number, message: RegExp])[] = [
  ["abort", 2, /which ones\?/],
  ["abort pay-1 --hanging", 2, /which ones\?/],
  ["abort pay-1 --topic orders", 2, /--topic and --longer-than go with --hanging/],
  ["list --state Running", 2, /Allowed choices are Ongoing/],
  ["list --longer-than long", 2, /"long" is no duration/],
  ["hanging --topic orders:9", 1, /orders has no partition 9/],
  ["hanging --topic nowhere", 1, /nowhere: .*\(UNKNOWN_TOPIC_OR_PARTITION\)/],
];
test("mistakes are one line each", async () => {
  await using made = await Made.start();
  for (const [line, code, message] of mistakes) {
    const result = await made.txn(line);
    assert.match(result.stderr, message, line);
    assert.match(result.stderr, /^ottla: [^\n]+\n$/, line);
    assert.deepEqual([result.code, result.stdout], [code, ""], line);
  }
});
