// Transactions as brokers and administrators ask about them, with the answers of Kafka 4.3.1: AddPartitionsToTxn in each version,
// hanging transactions, ListTransactions. Run with REFERENCE_PORT the scripts go to a real Kafka.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { errorName } from "@ottla/protocol";
import { addPartitionsToTxnApi } from "@ottla/protocol/messages/24-add-partitions-to-txn.ts";
import { writeTxnMarkersApi } from "@ottla/protocol/messages/27-write-txn-markers.ts";
import { describeProducersApi } from "@ottla/protocol/messages/61-describe-producers.ts";
import { listTransactionsApi } from "@ottla/protocol/messages/66-list-transactions.ts";
import { readCommitted, TransactionalProducer } from "./support/transactional-producer.ts";
import { Wire } from "./support/wire.ts";

describe("requests about transactions", { timeout: 60_000 }, () => {
  let wire: Wire;
  let topics = 0;

  before(async () => {
    wire = await Wire.open({ "transaction.state.log.num.partitions": "3" });
  });
  after(() => wire[Symbol.asyncDispose]());

  /** A topic of its own for each script. */
  async function newTopic(partitions = 1): Promise<string> {
    const topic = `t${topics++}`;
    await wire.createTopics({ [topic]: partitions });
    return topic;
  }

  it("AddPartitionsToTxn adds all partitions or none, and says why in each version", async () => {
    const topic = await newTopic();
    const producer = await TransactionalProducer.begin(wire, "all-or-none");
    for (const version of [0, 1, 2, 3]) {
      assert.deepEqual(await addPartitions(producer, version, [[topic, [0, 1]]]), [
        "OPERATION_NOT_ATTEMPTED",
        "UNKNOWN_TOPIC_OR_PARTITION",
      ]);
      assert.deepEqual(await addPartitions(producer, version, [[topic, [0]]], producer.epoch + 1), [
        version < 2 ? "INVALID_PRODUCER_EPOCH" : "PRODUCER_FENCED",
      ]);
    }
    assert.equal(await producer.state(), "Empty");
    assert.deepEqual(await addPartitions(producer, 0, [[topic, [0]]]), ["NONE"]);
    assert.equal(await producer.state(), "Ongoing");
    assert.equal(await producer.end(false), "NONE");
  });

  it("AddPartitionsToTxn 4 and 5 do it for several transactions, or only verify", async () => {
    const topic = await newTopic(2);
    const producers = await Promise.all(["b1", "b2"].map((id) => TransactionalProducer.begin(wire, id)));
    const ask = async (version: number, verifyOnly: boolean): Promise<string[]> => {
      const transactions = producers.map(({ id, producerId, epoch }, index) => ({
        transactionalId: id,
        producerId,
        producerEpoch: epoch,
        verifyOnly,
        topics: [{ name: wire.name(topic), partitions: [index] }],
      }));
      const response = await wire.call(addPartitionsToTxnApi, version, {
        transactions,
        v3AndBelowTransactionalId: "",
        v3AndBelowProducerId: 0,
        v3AndBelowProducerEpoch: 0,
        v3AndBelowTopics: [],
      });
      return response.resultsByTransaction
        .toSorted((left, right) => (left.transactionalId < right.transactionalId ? -1 : 1))
        .flatMap(({ topicResults }) => topicResults[0]!.resultsByPartition)
        .map(({ partitionIndex, partitionErrorCode }) => `${partitionIndex} ${errorName(partitionErrorCode)}`);
    };
    assert.deepEqual(await ask(4, true), ["0 TRANSACTION_ABORTABLE", "1 TRANSACTION_ABORTABLE"]);
    assert.deepEqual(await ask(4, false), ["0 NONE", "1 NONE"]);
    assert.deepEqual(await ask(5, true), ["0 NONE", "1 NONE"]);
    for (const producer of producers) await producer.finish(false);
  });

  it("a transaction that hangs is found by DescribeProducers and ended by WriteTxnMarkers, as kafka-transactions.sh does it", async () => {
    const topic = await newTopic();
    await TransactionalProducer.begin(wire, "hanging", "old");
    const producer = await TransactionalProducer.begin(wire, "hanging", "old");
    assert.equal(await producer.add(topic), "NONE");
    assert.equal(await producer.produce(topic, ["a"]), "NONE");
    const partitions = async (): Promise<unknown[]> => {
      const asked = { topics: [{ name: wire.name(topic), partitionIndexes: [0] }] };
      const { topics: told } = await wire.call(describeProducersApi, 0, asked);
      return told[0]!.partitions[0]!.activeProducers.map(({ producerId, currentTxnStartOffset, coordinatorEpoch }) => ({
        producerId,
        currentTxnStartOffset,
        coordinatorEpoch,
      }));
    };
    const { producerId, epoch: producerEpoch } = producer;
    assert.deepEqual(await partitions(), [{ producerId, currentTxnStartOffset: 0, coordinatorEpoch: -1 }]);
    const marker = { producerId, producerEpoch, transactionResult: false, coordinatorEpoch: 7, transactionVersion: 0 };
    const write = async (change: Partial<typeof marker> = {}, indexes = [0]): Promise<string[]> => {
      const topicsOf = [{ name: wire.name(topic), partitionIndexes: indexes }];
      const request = { markers: [{ ...marker, ...change, topics: topicsOf }] };
      const response = await wire.call(writeTxnMarkersApi, 2, request);
      return response.markers[0]!.topics[0]!.partitions.map(({ errorCode }) => errorName(errorCode));
    };
    assert.deepEqual(await write({}, [5]), ["UNKNOWN_TOPIC_OR_PARTITION"]);
    assert.deepEqual(await write({ producerEpoch: producerEpoch - 1 }), ["INVALID_PRODUCER_EPOCH"]);
    assert.deepEqual(await write({ producerEpoch: -1 }), ["UNKNOWN_SERVER_ERROR"]);
    assert.deepEqual(await write(), ["NONE"]);
    assert.deepEqual(await partitions(), [{ producerId, currentTxnStartOffset: -1, coordinatorEpoch: 7 }]);
    assert.deepEqual(await write({ coordinatorEpoch: 6 }), ["TRANSACTION_COORDINATOR_FENCED"]);
    const read = await readCommitted(wire, topic);
    assert.deepEqual([read.values, read.lastStableOffset], [[], 2]);
  });

  it("ListTransactions filters by state, producer, duration and pattern", async () => {
    const topic = await newTopic();
    const begun = await TransactionalProducer.begin(wire, "listed-open");
    const idle = await TransactionalProducer.begin(wire, "listed-idle");
    assert.equal(await begun.produce(topic, ["a"]), "NONE");
    const list = async (
      version: number,
      filter: { states?: string[]; producerIds?: number[]; duration?: number; pattern?: string | null },
    ): Promise<string[]> => {
      const response = await wire.call(listTransactionsApi, version, {
        stateFilters: filter.states ?? [],
        producerIdFilters: filter.producerIds ?? [begun.producerId, idle.producerId],
        durationFilter: filter.duration ?? -1,
        transactionalIdPattern: filter.pattern ?? null,
      });
      const listed = response.transactionStates.map((each) => wire.plainName(each.transactionalId)!);
      const failure = response.errorCode === 0 ? [] : [errorName(response.errorCode)];
      return [...listed.toSorted(), ...response.unknownStateFilters.map((state) => `${state}?`), ...failure];
    };
    assert.deepEqual(await list(0, {}), ["listed-idle", "listed-open"]);
    assert.deepEqual(await list(0, { states: ["Ongoing", "Dead", "Odd"] }), ["listed-open", "Odd?"]);
    assert.deepEqual(await list(0, { states: ["Odd"] }), ["Odd?"]);
    assert.deepEqual(await list(0, { producerIds: [idle.producerId] }), ["listed-idle"]);
    assert.deepEqual(await list(1, { duration: 3_600_000 }), ["listed-idle"], "what has not begun is as old as can be");
    assert.deepEqual(await list(2, { pattern: `.*listed-[o].*` }), ["listed-open"]);
    assert.deepEqual(await list(2, { pattern: `listed` }), [], "the whole id must match");
    assert.deepEqual(await list(2, { pattern: `(` }), ["INVALID_REGULAR_EXPRESSION"]);
    await begun.finish(false);
  });

  async function addPartitions(
    { id, producerId, epoch }: TransactionalProducer,
    version: number,
    wanted: [topic: string, partitions: number[]][],
    producerEpoch = epoch,
  ): Promise<string[]> {
    const response = await wire.call(addPartitionsToTxnApi, version, {
      transactions: [],
      v3AndBelowTransactionalId: id,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: wanted.map(([name, partitions]) => ({ name: wire.name(name), partitions })),
    });
    return response.resultsByTopicV3AndBelow
      .flatMap(({ resultsByPartition }) => resultsByPartition)
      .toSorted((left, right) => left.partitionIndex - right.partitionIndex)
      .map(({ partitionErrorCode }) => errorName(partitionErrorCode));
  }
});
