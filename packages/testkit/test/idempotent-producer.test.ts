// Idempotent producers as a script of batches with the answers of Kafka 4.3: repeats, gaps, epochs, and what DescribeProducers then tells.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { errorName } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { deleteRecordsApi } from "@ottla/protocol/messages/21-delete-records.ts";
import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import { describeProducersApi } from "@ottla/protocol/messages/61-describe-producers.ts";
import { batchOf, T0, versionsOf, Wire } from "./support/wire.ts";

interface Step {
  sentence: string;
  /** Sequence of the first record. */
  sequence: number;
  count?: number;
  epoch?: number;
  /** The offset it got, or an error. */
  answer: number | string;
}

const OUT_OF_ORDER = "OUT_OF_ORDER_SEQUENCE_NUMBER";
const FENCED = "INVALID_PRODUCER_EPOCH";

const SCRIPT: Step[] = [
  { sentence: "a new producer begins", sequence: 0, answer: 0 },
  { sentence: "it repeats its first batch", sequence: 0, answer: 0 },
  ...[1, 2, 3, 4, 5].map((sequence) => ({ sentence: `it goes on with ${sequence}`, sequence, answer: sequence })),
  { sentence: "it repeats the last", sequence: 5, answer: 5 },
  { sentence: "it repeats the fifth last", sequence: 1, answer: 1 },
  { sentence: "it repeats an older one", sequence: 0, answer: OUT_OF_ORDER },
  { sentence: "it leaves one out", sequence: 7, answer: OUT_OF_ORDER },
  { sentence: "it sends three at once", sequence: 6, count: 3, answer: 6 },
  { sentence: "it repeats the three", sequence: 6, count: 3, answer: 6 },
  { sentence: "it repeats two of the three", sequence: 6, count: 2, answer: OUT_OF_ORDER },
  { sentence: "it repeats the last two of the three", sequence: 7, count: 2, answer: OUT_OF_ORDER },
  { sentence: "it repeats the three with one more", sequence: 6, count: 4, answer: OUT_OF_ORDER },
  { sentence: "it goes on after the three", sequence: 9, answer: 9 },
  { sentence: "it has a newer epoch and begins at 1", sequence: 1, epoch: 1, answer: OUT_OF_ORDER },
  { sentence: "it has a newer epoch and begins at 0", sequence: 0, epoch: 1, answer: 10 },
  { sentence: "it has the old epoch again", sequence: 10, answer: FENCED },
  { sentence: "it goes on with the newer epoch", sequence: 1, epoch: 1, answer: 11 },
  { sentence: "it jumps to the largest epoch", sequence: 0, epoch: 32_767, answer: 12 },
  { sentence: "it has no sequence", sequence: -1, epoch: 32_767, answer: "INVALID_RECORD" },
];

describe("an idempotent producer", () => {
  let wire: Wire;

  before(async () => {
    wire = await Wire.open();
    await wire.createTopics({ a: 3 });
  });
  after(() => wire[Symbol.asyncDispose]());

  it("is answered as Kafka answers it", async () => {
    const producerId = await newProducer();
    for (const { sentence, sequence, count = 1, epoch = 0, answer } of SCRIPT) {
      const got = await produce(9, 0, { producerId, producerEpoch: epoch, baseSequence: sequence }, count);
      assert.equal(got.error === "NONE" ? got.offset : got.error, answer, sentence);
    }
  });

  it("gets the time of the batch it repeats, at every version", async () => {
    const producerId = await newProducer();
    const first = await produce(9, 1, { producerId, producerEpoch: 0, baseSequence: 0 });
    assert.equal(first.logAppendTimeMs, -1);
    for (const version of versionsOf(produceApi)) {
      const repeat = await produce(version, 1, { producerId, producerEpoch: 0, baseSequence: 0 });
      assert.deepEqual(repeat, { ...first, logAppendTimeMs: T0 }, `version ${version}`);
      const gap = await produce(version, 1, { producerId, producerEpoch: 0, baseSequence: 5 });
      assert.equal(gap.error, OUT_OF_ORDER, `version ${version}`);
    }
  });

  it("may begin anywhere where it is not known, also with an id that nobody gave out", async () => {
    const ids: [id: number, sequence: number, epoch: number][] = [
      [2 ** 40, 3, 0],
      [2 ** 41, 0, 7],
      [2 ** 42, 2_147_483_646, 0],
    ];
    for (const [producerId, baseSequence, producerEpoch] of ids) {
      const { error } = await produce(9, 2, { producerId, producerEpoch, baseSequence });
      assert.equal(error, "NONE");
    }
    const id = 2 ** 42;
    const wrapped = await produce(9, 2, { producerId: id, producerEpoch: 0, baseSequence: 2_147_483_647 }, 2);
    assert.equal(wrapped.error, "NONE", "sequences go on with 0 after the largest");
    assert.equal((await produce(9, 2, { producerId: id, producerEpoch: 0, baseSequence: 2 })).error, OUT_OF_ORDER);
    assert.equal((await produce(9, 2, { producerId: id, producerEpoch: 0, baseSequence: 1 })).error, "NONE");
    assert.deepEqual(await producers(2), [
      { producerId: 2 ** 40, producerEpoch: 0, lastSequence: 3 },
      { producerId: 2 ** 41, producerEpoch: 7, lastSequence: 0 },
      { producerId: 2 ** 42, producerEpoch: 0, lastSequence: 1 },
    ]);
  });

  it("is remembered when its records are deleted", async () => {
    const partitions = [{ partitionIndex: 2, offset: -1 }];
    await wire.call(deleteRecordsApi, 2, { topics: [{ name: wire.name("a"), partitions }], timeoutMs: 10_000 });
    assert.equal((await producers(2)).length, 3);
    const next = await produce(9, 2, { producerId: 2 ** 41, producerEpoch: 7, baseSequence: 1 });
    assert.equal(next.error, "NONE");
  });

  for (const [sentence, producerId, producerEpoch, error] of [
    ["none", -1, -1, "NONE"],
    ["one with its epoch", 2 ** 50, 0, "NONE"],
    ["an id without an epoch", 5, -1, "INVALID_REQUEST"],
    ["an epoch without an id", -1, 0, "INVALID_REQUEST"],
  ] as const) {
    it(`that has ${sentence} is given ${error === "NONE" ? "a new id and epoch 0" : error}`, async () => {
      for (const version of versionsOf(initProducerIdApi, 3)) {
        const given = { transactionalId: null, transactionTimeoutMs: 0, producerId, producerEpoch };
        const answer = await wire.call(initProducerIdApi, version, given);
        assert.equal(errorName(answer.errorCode), error);
        assert.equal(answer.producerEpoch, error === "NONE" ? 0 : -1);
        assert.notEqual(answer.producerId, producerId === -1 ? null : producerId);
      }
    });
  }

  for (const [topic, partition, error] of [
    ["a", 9, "UNKNOWN_TOPIC_OR_PARTITION"],
    ["nope", 0, "UNKNOWN_TOPIC_OR_PARTITION"],
    ["", 0, "INVALID_TOPIC_EXCEPTION"],
  ] as const) {
    it(`cannot be described at partition ${partition} of "${topic}": ${error}`, async () => {
      const name = topic === "" ? "" : wire.name(topic);
      const response = await wire.call(describeProducersApi, 0, { topics: [{ name, partitionIndexes: [partition] }] });
      assert.equal(errorName(response.topics[0]!.partitions[0]!.errorCode), error);
    });
  }

  async function newProducer(): Promise<number> {
    for (;;) {
      const answer = await wire.call(initProducerIdApi, 4, { transactionalId: null, transactionTimeoutMs: 0 });
      if (errorName(answer.errorCode) !== "COORDINATOR_LOAD_IN_PROGRESS") return answer.producerId;
    }
  }

  async function produce(
    version: number,
    index: number,
    producer: { producerId: number; producerEpoch: number; baseSequence: number },
    count = 1,
  ): Promise<{ error: string; offset: number; logAppendTimeMs: number }> {
    const records = batchOf(
      Array.from({ length: count }, () => "v"),
      producer,
    );
    const response = await wire.call(produceApi, version, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 10_000,
      topicData: [
        { name: wire.name("a"), topicId: version < 13 ? ZERO_UUID : wire.id("a"), partitionData: [{ index, records }] },
      ],
    });
    const { errorCode, baseOffset, logAppendTimeMs } = response.responses[0]!.partitionResponses[0]!;
    return { error: errorName(errorCode), offset: baseOffset, logAppendTimeMs };
  }

  async function producers(partition: number) {
    const topics = [{ name: wire.name("a"), partitionIndexes: [partition] }];
    const response = await wire.call(describeProducersApi, 0, { topics });
    return response.topics[0]!.partitions[0]!.activeProducers.map(({ producerId, producerEpoch, lastSequence }) => ({
      producerId,
      producerEpoch,
      lastSequence,
    })).toSorted((left, right) => left.producerId - right.producerId);
  }
});
