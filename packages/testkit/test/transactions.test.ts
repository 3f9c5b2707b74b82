// Transactions as scripts of raw requests, with the answers of Kafka 4.3.1: what readers see, what late and repeated requests come to,
// who is fenced. Requests of brokers and administrators are in transaction-requests.test.ts. Run with REFERENCE_PORT the scripts go to a real Kafka.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { errorName } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { offsetFetchApi } from "@ottla/protocol/messages/09-offset-fetch.ts";
import { endTxnApi } from "@ottla/protocol/messages/26-end-txn.ts";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { readCommitted, TransactionalProducer } from "./support/transactional-producer.ts";
import type { Generation } from "./support/transactional-producer.ts";
import { batchOf, Wire } from "./support/wire.ts";

const generations: readonly Generation[] = ["new", "old", "oldest"];
/** What an offset is told that comes when its transaction has ended. */
const LATE: Readonly<Record<Generation, string>> = {
  new: "INVALID_PRODUCER_EPOCH",
  old: "TRANSACTION_ABORTABLE",
  oldest: "INVALID_TXN_STATE",
};

describe("transactions", { timeout: 60_000 }, () => {
  let wire: Wire;
  let topics = 0;

  before(async () => {
    wire = await Wire.open({ "transaction.state.log.num.partitions": "3", "offsets.topic.num.partitions": "1" });
  });
  after(() => wire[Symbol.asyncDispose]());

  /** A topic of its own for each script. */
  async function newTopic(partitions = 1): Promise<string> {
    const topic = `t${topics++}`;
    await wire.createTopics({ [topic]: partitions });
    return topic;
  }

  /** Adds partitions where the client must. */
  async function open(producer: TransactionalProducer, topic: string, values: string[]): Promise<void> {
    if (producer.generation !== "new") assert.equal(await producer.add(topic), "NONE");
    assert.equal(await producer.produce(topic, values), "NONE");
  }

  for (const generation of generations) {
    describe(`of a client that is ${generation}`, () => {
      it("are seen when they are committed, and not before", async () => {
        const topic = await newTopic();
        const producer = await TransactionalProducer.begin(wire, `commit-${generation}`, generation);
        await open(producer, topic, ["a", "b"]);
        const during = await readCommitted(wire, topic);
        assert.deepEqual([during.values, during.lastStableOffset], [[], 0]);
        await producer.finish(true);
        const read = await readCommitted(wire, topic);
        assert.deepEqual([read.values, read.aborted, read.lastStableOffset], [["a", "b"], [], 3]);
      });

      it("are never seen when they are aborted", async () => {
        const topic = await newTopic();
        const producer = await TransactionalProducer.begin(wire, `abort-${generation}`, generation);
        await open(producer, topic, ["a"]);
        await producer.finish(false);
        await open(producer, topic, ["b"]);
        await producer.finish(true);
        const read = await readCommitted(wire, topic);
        assert.deepEqual(read.batches, ["a", "abort", "b", "marker"]);
        assert.deepEqual(read.values, ["b"]);
        assert.deepEqual(read.aborted, [{ producerId: producer.producerId, firstOffset: 0 }]);
      });

      it("end once, and say so when they are ended again", async () => {
        const topic = await newTopic();
        const producer = await TransactionalProducer.begin(wire, `again-${generation}`, generation);
        await open(producer, topic, ["a"]);
        const { epoch } = producer;
        await producer.finish(true);
        assert.equal(await producer.end(true, epoch), "NONE");
        assert.equal(await producer.end(false, epoch), "INVALID_TXN_STATE");
        const { lastStableOffset } = await readCommitted(wire, topic);
        assert.equal(lastStableOffset, 2, "one marker was written");
      });

      it("are those of the producer that came last: the one before is fenced", async () => {
        const topic = await newTopic();
        const zombie = await TransactionalProducer.begin(wire, `zombie-${generation}`, generation);
        await open(zombie, topic, ["zombie"]);
        const producer = await TransactionalProducer.begin(wire, `zombie-${generation}`, generation);
        assert.equal(await zombie.produce(topic, ["more"]), "INVALID_PRODUCER_EPOCH");
        assert.equal(await zombie.add(topic), "PRODUCER_FENCED");
        assert.equal(await zombie.end(true), "PRODUCER_FENCED");
        assert.equal(await zombie.init(zombie.claim()), "PRODUCER_FENCED");
        await open(producer, topic, ["b"]);
        await producer.finish(true);
        assert.deepEqual((await readCommitted(wire, topic)).values, ["b"]);
      });
    });
  }

  it("two aborted transactions, interleaved with each other and a committed one, come in one fetch", async () => {
    const topic = await newTopic();
    const [first, second, third] = await Promise.all(
      ["one", "two", "three"].map((id) => TransactionalProducer.begin(wire, `interleaved-${id}`)),
    );
    await open(first!, topic, ["1a"]);
    await open(second!, topic, ["2a"]);
    await open(third!, topic, ["3a"]);
    await open(first!, topic, ["1b"]);
    await first!.finish(false);
    await open(second!, topic, ["2b"]);
    await third!.finish(true);
    await second!.finish(false);
    await open(first!, topic, ["1c"]);
    await first!.finish(true);
    const read = await readCommitted(wire, topic);
    assert.deepEqual(read.batches, ["1a", "2a", "3a", "1b", "abort", "2b", "marker", "abort", "1c", "marker"]);
    assert.deepEqual(read.values, ["3a", "1c"]);
    assert.deepEqual(read.aborted, [
      { producerId: first!.producerId, firstOffset: 0 },
      { producerId: second!.producerId, firstOffset: 1 },
    ]);
  });

  it("an abort marker that comes in a later fetch than its records: each fetch names the transaction", async () => {
    const topic = await newTopic();
    const producer = await TransactionalProducer.begin(wire, "later-marker");
    await open(producer, topic, ["a"]);
    await open(producer, topic, ["b"]);
    await producer.finish(false);
    await open(producer, topic, ["c"]);
    await producer.finish(true);
    const aborted = [{ producerId: producer.producerId, firstOffset: 0 }];
    const seen: string[] = [];
    const shown: string[] = [];
    for (let offset = 0; offset < 5;) {
      const read = await readCommitted(wire, topic, { offset, maxBytes: 1 });
      seen.push(...read.batches);
      shown.push(...read.values);
      assert.deepEqual(read.aborted, offset <= 2 ? aborted : [], `at ${offset}`);
      offset = read.nextOffset;
    }
    assert.deepEqual(seen, ["a", "b", "abort", "c", "marker"]);
    assert.deepEqual(shown, ["c"]);
  });

  it("an EndTxn that is late by a transaction does not touch the next one (KIP-890)", async () => {
    const topic = await newTopic();
    const producer = await TransactionalProducer.begin(wire, "late-end");
    await open(producer, topic, ["a"]);
    const { epoch } = producer;
    await producer.finish(true);
    await open(producer, topic, ["b"]);
    assert.equal(await producer.end(false, epoch), "PRODUCER_FENCED");
    assert.equal(await producer.end(true, epoch), "PRODUCER_FENCED");
    assert.equal(await producer.state(), "Ongoing");
    assert.deepEqual((await readCommitted(wire, topic)).values, ["a"]);
    await producer.finish(true);
    assert.deepEqual((await readCommitted(wire, topic)).values, ["a", "b"]);
  });

  it("an EndTxn 4 that is late by a transaction ends the next one: why clients should speak KIP-890", async () => {
    const topic = await newTopic();
    const producer = await TransactionalProducer.begin(wire, "late-end-old", "old");
    await open(producer, topic, ["a"]);
    await producer.finish(true);
    await open(producer, topic, ["b"]);
    assert.equal(await producer.end(true), "NONE");
    await producer.settled();
    assert.deepEqual((await readCommitted(wire, topic)).values, ["a", "b"]);
  });

  for (const [generation, answer] of [
    ["new", "INVALID_PRODUCER_EPOCH"],
    ["old", "TRANSACTION_ABORTABLE"],
    ["oldest", "INVALID_TXN_STATE"],
  ] as const) {
    it(`records of a client that is ${generation} that are late by a transaction belong to none`, async () => {
      const topic = await newTopic();
      const other = await newTopic();
      const producer = await TransactionalProducer.begin(wire, `late-produce-${generation}`, generation);
      await open(producer, topic, ["a"]);
      const { epoch } = producer;
      await producer.finish(true);
      assert.equal(await producer.produce(topic, ["late"], { epoch, sequence: 1 }), answer);
      await open(producer, other, ["b"]);
      assert.equal(await producer.produce(topic, ["late"], { epoch, sequence: 1 }), answer);
      await producer.finish(true);
      assert.deepEqual((await readCommitted(wire, topic)).values, ["a"]);
    });
  }

  it("records that are being added while an EndTxn 4 ends the transaction are not left in one that nobody ends", async (test) => {
    if (wire.broker === null) return test.skip("Kafka may leave them there");
    const topic = await newTopic();
    const producer = await TransactionalProducer.begin(wire, "both-flows");
    const other = await WireClient.connect(wire.port);
    test.after(() => other.close());
    const produced = producer.produce(topic, ["a"]);
    const ended = other.call(endTxnApi, 4, { transactionalId: producer.id, ...producer.claim(), committed: true });
    // Which of the two comes first is left to chance; each of them may be refused.
    const wasProduced = (await produced) === "NONE";
    if ((await ended).errorCode !== 0 && wasProduced) assert.equal(await producer.end(true), "NONE");
    await producer.settled();
    const { values, lastStableOffset } = await readCommitted(wire, topic);
    assert.deepEqual(values, wasProduced ? ["a"] : []);
    assert.equal(await wire.append(topic, 0, batchOf(["plain"])), lastStableOffset, "nothing is behind it");
  });

  it("a client of KIP-890 that begins after a gap is told so, as it cannot have lost the beginning", async () => {
    const topic = await newTopic();
    const producer = await TransactionalProducer.begin(wire, "gap");
    assert.equal(await producer.produce(topic, ["x"], { sequence: 3 }), "OUT_OF_ORDER_SEQUENCE_NUMBER");
    assert.equal(await producer.produce(topic, ["a"]), "NONE");
    await producer.finish(true);
    assert.deepEqual((await readCommitted(wire, topic)).values, ["a"]);
  });

  it("an abort without a transaction gives a client of KIP-890 its next epoch", async () => {
    const producer = await TransactionalProducer.begin(wire, "nothing-begun");
    assert.equal(await producer.end(true), "INVALID_TXN_STATE");
    assert.equal(await producer.end(false), "NONE");
    assert.equal(producer.epoch, 1);
    await producer.settled();
    assert.equal(await producer.state(), "CompleteAbort");
  });

  for (const generation of generations) {
    it(`offsets of a client that is ${generation} count when the transaction is committed, and only then`, async () => {
      const topic = await newTopic();
      const group = `offsets-${generation}`;
      const producer = await TransactionalProducer.begin(wire, group, generation);
      await producer.findGroup(group);
      assert.deepEqual(await committedOffset(group, topic), "-1");
      for (const [offset, committed, expected] of [
        [5, true, "5"],
        [9, false, "5"],
        [7, true, "7"],
      ] as const) {
        if (generation !== "new") assert.equal(await producer.addOffsets(group), "NONE");
        const { epoch } = producer;
        assert.equal(await producer.commitOffset(group, topic, offset), "NONE");
        assert.equal(await committedOffset(group, topic), "UNSTABLE_OFFSET_COMMIT");
        await producer.finish(committed);
        assert.equal(await committedOffset(group, topic), expected);
        const late = await producer.commitOffset(group, topic, 99, epoch);
        assert.equal(late, LATE[generation]);
        assert.equal(await committedOffset(group, topic), expected);
      }
    });
  }

  it("batches that are sent without waiting for answers stay in order, also the first ones of a transaction", async () => {
    const topic = await newTopic();
    const producer = await TransactionalProducer.begin(wire, "pipelined");
    const values: string[] = [];
    for (let round = 0; round < 5; round++) {
      const sent = ["a", "b", "c", "d", "e"].map((name, sequence) => {
        values.push(`${round}${name}`);
        return producer.produce(topic, [`${round}${name}`], { sequence });
      });
      assert.deepEqual(await Promise.all(sent), ["NONE", "NONE", "NONE", "NONE", "NONE"]);
      // The next round begins at once, while the markers may still be under way.
      assert.equal(await producer.end(true), "NONE");
    }
    await producer.settled();
    assert.deepEqual((await readCommitted(wire, topic)).values, values);
  });

  it("a producer that goes on after an error is known by its id and epoch (KIP-360)", async () => {
    const topic = await newTopic();
    const producer = await TransactionalProducer.begin(wire, "goes-on");
    const { producerId } = producer;
    assert.equal(await producer.init({ producerId, producerEpoch: 0 }), "NONE");
    assert.equal(producer.epoch, 1);
    assert.equal(await producer.init({ producerId, producerEpoch: 0 }), "NONE", "repeated, it is given the same");
    assert.equal(producer.epoch, 1);
    assert.equal(await producer.init({ producerId: producerId + 1, producerEpoch: 1 }), "PRODUCER_FENCED");
    assert.equal(await producer.init({ producerId, producerEpoch: -1 }), "INVALID_REQUEST");
    assert.equal(await producer.init(null, 900_001), "INVALID_TRANSACTION_TIMEOUT");
    assert.equal(await producer.init(null, 0), "INVALID_TRANSACTION_TIMEOUT");
    await open(producer, topic, ["a"]);
    assert.equal(await producer.init({ producerId, producerEpoch: 1 }), "CONCURRENT_TRANSACTIONS");
    await producer.settled();
    assert.equal(await producer.state(), "CompleteAbort");
    assert.equal(await producer.init({ producerId, producerEpoch: 1 }), "NONE");
    assert.equal(producer.epoch, 2, "the epoch that fenced the transaction, as Kafka has it");
  });

  it("records of a transaction without a transactional id are refused", async () => {
    const topic = await newTopic(2);
    const one = batchOf(["a"], { producerId: 1, producerEpoch: 0, baseSequence: 0, isTransactional: true });
    assert.deepEqual(await produceAll(topic, null, [one, batchOf(["plain"])]), [
      "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
      "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
    ]);
  });

  it("records of two producers in one request are refused", async () => {
    const topic = await newTopic(2);
    const one = batchOf(["a"], { producerId: 1, producerEpoch: 0, baseSequence: 0, isTransactional: true });
    const two = batchOf(["a"], { producerId: 2, producerEpoch: 0, baseSequence: 0, isTransactional: true });
    assert.deepEqual(await produceAll(topic, wire.name("two-producers"), [one, two]), [
      "INVALID_PRODUCER_ID_MAPPING",
      "INVALID_PRODUCER_ID_MAPPING",
    ]);
  });

  it("records of a producer that the coordinator does not know are refused", async () => {
    const topic = await newTopic(2);
    await TransactionalProducer.begin(wire, "known");
    const one = batchOf(["a"], { producerId: 12_345, producerEpoch: 0, baseSequence: 0, isTransactional: true });
    for (const id of ["known", "unknown"])
      assert.deepEqual(await produceAll(topic, wire.name(id), [one]), ["INVALID_PRODUCER_ID_MAPPING"]);
  });

  it("records outside of the transaction that the producer has open are refused", async () => {
    const topic = await newTopic();
    const producer = await TransactionalProducer.begin(wire, "outside");
    await open(producer, topic, ["a"]);
    const { producerId, epoch: producerEpoch } = producer;
    const plain = batchOf(["plain"], { producerId, producerEpoch, baseSequence: 1 });
    assert.deepEqual(await produceAll(topic, null, [plain]), ["INVALID_TXN_STATE"]);
    await producer.finish(false);
  });

  it("a reader that waits is answered when the marker comes, not when the records do", async () => {
    const topic = await newTopic();
    const producer = await TransactionalProducer.begin(wire, "long-poll");
    const client = await WireClient.connect(wire.port);
    let answered = false;
    const waiting = readCommitted(wire, topic, { client, maxWaitMs: 30_000 }).finally(() => (answered = true));
    await open(producer, topic, ["a"]);
    await open(producer, topic, ["b"]);
    assert.equal(answered, false);
    await producer.finish(true);
    assert.deepEqual((await waiting).values, ["a", "b"]);
    client.close();
  });

  it("a reader that waits behind an open transaction is answered when that ends, with all that others committed", async () => {
    const topic = await newTopic();
    const [slow, quick] = await Promise.all(["slow", "quick"].map((id) => TransactionalProducer.begin(wire, id)));
    await open(slow!, topic, ["slow"]);
    await open(quick!, topic, ["quick"]);
    await quick!.finish(true);
    const client = await WireClient.connect(wire.port);
    let answered = false;
    const waiting = readCommitted(wire, topic, { client, maxWaitMs: 30_000 }).finally(() => (answered = true));
    assert.deepEqual((await readCommitted(wire, topic)).values, []);
    assert.equal(answered, false);
    await slow!.finish(false);
    assert.deepEqual((await waiting).values, ["quick"]);
    client.close();
  });

  /** What a reader is told that wants stable offsets only. */
  async function committedOffset(group: string, topic: string): Promise<string> {
    const { groups } = await wire.call(offsetFetchApi, 8, {
      groupId: "",
      topics: [],
      groups: [
        { groupId: wire.name(group), topics: [{ name: wire.name(topic), topicId: ZERO_UUID, partitionIndexes: [0] }] },
      ],
      requireStable: true,
    });
    const answer = groups[0]!;
    // The group's coordinator is still loading.
    if (answer.errorCode !== 0) return committedOffset(group, topic);
    const { errorCode, committedOffset: offset } = answer.topics[0]!.partitions[0]!;
    return errorCode === 0 ? String(offset) : errorName(errorCode);
  }

  async function produceAll(topic: string, transactionalId: string | null, batches: Buffer[]): Promise<string[]> {
    const response = await wire.call(produceApi, 11, {
      transactionalId,
      acks: -1,
      timeoutMs: 10_000,
      topicData: [
        {
          name: wire.name(topic),
          topicId: ZERO_UUID,
          partitionData: batches.map((records, index) => ({ index, records })),
        },
      ],
    });
    return response.responses[0]!.partitionResponses.map(({ errorCode }) => errorName(errorCode));
  }
});
