// Transactions over time and restarts: a coordinator that comes back at each step drives on what was decided, a timeout aborts and fences,
// a transaction that was open in a folder that Kafka left is known and can be ended.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ManualClock, ZERO_UUID } from "@ottla/base";
import { transactionRecordCodec } from "@ottla/coordinator";
import type { TransactionRecord } from "@ottla/coordinator";
import { errorName, readRecords, RecordBatchBuilder } from "@ottla/protocol";
import { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import { endTxnApi } from "@ottla/protocol/messages/26-end-txn.ts";
import { describeTransactionsApi } from "@ottla/protocol/messages/65-describe-transactions.ts";
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { unpackCapturedFolder } from "../captures/unpack.ts";
import { readCommitted, TransactionalProducer } from "./support/transactional-producer.ts";
import { Wire } from "./support/wire.ts";

const OVERRIDES = { "node.id": "1", "transaction.state.log.num.partitions": "1" };
const STATE_TOPIC = "__transaction_state";
/** A little after the last record of the captured folder: its open transaction has not timed out. */
const KAFKA_STOPPED_MS = 1_795_225_020_000;

describe("a coordinator that is started again", { timeout: 60_000 }, () => {
  const steps: {
    name: string;
    /** What is done before the stop. */
    go: (producer: TransactionalProducer, broker: TestBroker) => Promise<void>;
    state: string;
    values: string[];
    /** What the producer can do then. */
    goOn: (producer: TransactionalProducer) => Promise<void>;
  }[] = [
    {
      name: "knows an open transaction, which goes on",
      go: async () => {},
      state: "Ongoing",
      values: [],
      goOn: async (producer) => {
        assert.equal(await producer.produce("t", ["b"]), "NONE");
        await producer.finish(true);
        assert.deepEqual((await readCommitted(producer.wire, "t")).values, ["a", "b"]);
      },
    },
    {
      name: "writes the markers of what was to be committed",
      go: (_, broker) => decide(broker, "PrepareCommit"),
      state: "CompleteCommit",
      values: ["a"],
      goOn: async (producer) => {
        assert.equal(await producer.end(true), "NONE", "a repeated EndTxn");
        assert.equal(producer.epoch, 1);
      },
    },
    {
      name: "writes the markers of what was to be aborted",
      go: (_, broker) => decide(broker, "PrepareAbort"),
      state: "CompleteAbort",
      values: [],
      goOn: async (producer) => {
        assert.equal(await producer.end(true), "INVALID_TXN_STATE");
        assert.equal(await producer.end(false), "NONE");
      },
    },
    {
      name: "knows a transaction that was committed",
      go: (producer) => producer.finish(true),
      state: "CompleteCommit",
      values: ["a"],
      goOn: async (producer) => assert.equal(await producer.produce("t", ["b"]), "NONE"),
    },
    {
      name: "knows a transaction that was aborted",
      go: (producer) => producer.finish(false),
      state: "CompleteAbort",
      values: [],
      goOn: async (producer) => assert.equal(await producer.end(true), "INVALID_TXN_STATE"),
    },
  ];

  for (const { name, go, state, values, goOn } of steps) {
    it(name, async (test) => {
      const dataDir = mkdtempSync(join(tmpdir(), "ottla-transactions-"));
      test.after(() => rmSync(dataDir, { recursive: true }));
      const begun = await Wire.open(OVERRIDES, { dataDir });
      await begun.createTopics({ t: 1 });
      const producer = await TransactionalProducer.begin(begun, "tx");
      assert.equal(await producer.produce("t", ["a"]), "NONE");
      await go(producer, begun.broker!);
      await begun[Symbol.asyncDispose]();
      await using again = await Wire.open(OVERRIDES, { dataDir });
      producer.wire = again;
      await producer.settled();
      assert.equal(await producer.state(), state);
      assert.deepEqual((await readCommitted(again, "t")).values, values);
      await goOn(producer);
    });
  }
});

describe("a transaction that takes longer than its timeout", { timeout: 60_000 }, () => {
  it("is aborted, its producer is fenced, and a reader behind it goes on", async () => {
    const clock = new ManualClock(Date.now());
    await using wire = await Wire.open(OVERRIDES, { clock });
    await wire.createTopics({ t: 1 });
    const slow = await TransactionalProducer.begin(wire, "slow");
    const quick = await TransactionalProducer.begin(wire, "quick");
    assert.equal(await slow.init(null, 60_000), "NONE");
    assert.equal(await slow.produce("t", ["slow"]), "NONE");
    assert.equal(await quick.produce("t", ["quick"]), "NONE");
    await quick.finish(true);
    assert.deepEqual((await readCommitted(wire, "t")).values, []);
    clock.advance(60_000);
    assert.equal(await slow.state(), "Ongoing");
    clock.advance(10_000);
    await slow.settled();
    assert.equal(await slow.state(), "CompleteAbort");
    assert.deepEqual((await readCommitted(wire, "t")).values, ["quick"]);
    assert.equal(await slow.produce("t", ["late"]), "INVALID_PRODUCER_EPOCH");
    assert.equal(await slow.end(true), "INVALID_TXN_STATE");
    assert.equal(await slow.init(slow.claim()), "NONE", "it may go on with a new epoch (KIP-588)");
  });
});

describe("on a folder that a Kafka left that was killed", { timeout: 60_000 }, () => {
  it("transactions are as Kafka had them, and the one that was open can be committed", async (test) => {
    const dataDir = mkdtempSync(join(tmpdir(), "ottla-kafka-transactions-"));
    test.after(() => rmSync(dataDir, { recursive: true }));
    await unpackCapturedFolder("killed", dataDir);
    await using broker = await startBroker({ dataDir, clock: new ManualClock(KAFKA_STOPPED_MS) });
    const client = await WireClient.connect(broker.port);
    test.after(() => client.close());
    assert.equal(await described(client, "finished"), "CompleteCommit 7/3");
    assert.equal(await described(client, "left-open"), "Ongoing 8/0 transactions:0");
    const stableBefore = await lastStable(client);
    const request = { transactionalId: "left-open", producerId: 8, producerEpoch: 0, committed: true };
    const { errorCode, producerEpoch } = await client.call(endTxnApi, 5, request);
    assert.deepEqual([errorName(errorCode), producerEpoch], ["NONE", 1]);
    while ((await described(client, "left-open")).startsWith("Prepare"))
      await new Promise((resolve) => setImmediate(resolve));
    assert.equal(await described(client, "left-open"), "CompleteCommit 8/1");
    assert.ok((await lastStable(client)) > stableBefore);
  });
});

async function described(client: WireClient, id: string): Promise<string> {
  const { transactionStates } = await client.call(describeTransactionsApi, 0, { transactionalIds: [id] });
  const { transactionState, producerId, producerEpoch, topics } = transactionStates[0]!;
  const where = topics.map(({ topic, partitions }) => `${topic}:${partitions.join()}`).join(" ");
  return `${transactionState} ${producerId}/${producerEpoch} ${where}`.trim();
}

async function lastStable(client: WireClient): Promise<number> {
  const partition = { partition: 0, currentLeaderEpoch: -1, fetchOffset: 0, partitionMaxBytes: 1 };
  const { responses } = await client.call(fetchApi, 12, {
    maxWaitMs: 0,
    minBytes: 0,
    isolationLevel: 1,
    sessionEpoch: -1,
    topics: [{ topic: "transactions", topicId: ZERO_UUID, partitions: [partition] }],
    forgottenTopicsData: [],
  });
  return responses[0]!.partitions[0]!.lastStableOffset;
}

/** Writes the decision into the log, as a coordinator does that is stopped before it writes the first marker. */
async function decide(broker: TestBroker, state: "PrepareCommit" | "PrepareAbort"): Promise<void> {
  const partition = broker.node.broker.replicas.get(STATE_TOPIC, 0)!;
  const read = partition.log.read({ offset: 0, maxBytes: 1_000_000, minOneBatch: true, upTo: "logEnd" });
  assert.ok(read.ok && Buffer.isBuffer(read.part));
  let last: TransactionRecord | null = null;
  for (let at = 0; at < read.part.length;) {
    for (const { key, value } of readRecords(read.part, at)) last = transactionRecordCodec.decode(key!, value);
    at += 12 + read.part.readInt32BE(at + 8);
  }
  const open = last!.transaction!;
  const { producerEpoch } = open;
  const decided = { ...open, state, producerEpoch: producerEpoch + 1, lastProducerEpoch: producerEpoch };
  const record: TransactionRecord = { ...last!, transaction: decided };
  const builder = new RecordBatchBuilder();
  builder.append({
    timestamp: Date.now(),
    key: transactionRecordCodec.encodeKey(record),
    value: transactionRecordCodec.encodeValue(record),
  });
  await new Promise<void>((resolve) => partition.append(builder.build(), "coordinator", () => resolve()));
}
