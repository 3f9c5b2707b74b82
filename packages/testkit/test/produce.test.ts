// Produce with the answers of Kafka 4.3, at every version of it: which error wins, what is told beside it, what acks=0 does.
// Malformed batches have a test of their own (bad-records), idempotent producers too.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { errorName } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import type { ProduceResponse } from "@ottla/protocol/messages/00-produce.ts";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { batchOf, versionsOf, Wire } from "./support/wire.ts";

const UNKNOWN_ID = "Zm9vYmFyYmF6cXV4MTIzNA";
const HOUR_MS = 3_600_000;

type Entry = [topic: string, partition: number, records: Buffer | null];
type PartitionAnswer = ProduceResponse["responses"][number]["partitionResponses"][number];

const small = (): Buffer => batchOf(["x"]);
const future = (): Buffer => batchOf(["x"], { timestamp: Date.now() + 2 * HOUR_MS });

// The error, and whether the log's start is told beside it (from version 5 on, where there is room for it).
const ANSWERS: [sentence: string, entry: () => Entry, acks: number, error: string, logStart: number][] = [
  ["a batch with acks=1", () => ["a", 0, small()], 1, "NONE", 0],
  ["a batch with acks=all", () => ["a", 0, small()], -1, "NONE", 0],
  ["a batch without a timestamp", () => ["a", 0, batchOf(["x"], { timestamp: -1 })], -1, "NONE", 0],
  ["a record without a value", () => ["a", 0, batchOf([null])], -1, "NONE", 0],
  ["a transactional id with a batch that is not", () => ["a", 0, small()], -1, "NONE", 0],
  ["one replica with min.insync.replicas=2", () => ["insync", 0, small()], -1, "NONE", 0],
  ["a partition that is not there", () => ["a", 9, small()], -1, "UNKNOWN_TOPIC_OR_PARTITION", -1],
  ["a negative partition", () => ["a", -1, small()], -1, "UNKNOWN_TOPIC_OR_PARTITION", -1],
  ["acks that do not exist", () => ["a", 0, small()], 2, "INVALID_REQUIRED_ACKS", -1],
  [
    "acks that do not exist for a partition that is not there",
    () => ["a", 9, small()],
    2,
    "UNKNOWN_TOPIC_OR_PARTITION",
    -1,
  ],
  ["no bytes at all", () => ["a", 0, Buffer.alloc(0)], -1, "INVALID_RECORD", -1],
  ["a batch that is too large", () => ["small", 0, batchOf(["x".repeat(300)])], -1, "MESSAGE_TOO_LARGE", -1],
  [
    "a batch that fits once compressed",
    () => ["small", 0, batchOf(["x".repeat(300)], { compression: "gzip" })],
    -1,
    "NONE",
    0,
  ],
  ["a record two hours ahead", () => ["a", 0, future()], -1, "INVALID_TIMESTAMP", 0],
  ["a record older than the topic allows", () => ["recent", 0, small()], -1, "INVALID_TIMESTAMP", 0],
];

describe("Produce", () => {
  let wire: Wire;

  before(async () => {
    wire = await Wire.open();
    await wire.createTopics({
      a: 2,
      insync: { partitions: 1, configs: { "min.insync.replicas": "2" } },
      small: { partitions: 1, configs: { "max.message.bytes": "200" } },
      recent: { partitions: 1, configs: { "message.timestamp.before.max.ms": "1000" } },
    });
  });
  after(() => wire[Symbol.asyncDispose]());

  for (const [sentence, entry, acks, error, logStart] of ANSWERS) {
    it(`answers ${error} to ${sentence}`, async () => {
      for (const version of versionsOf(produceApi)) {
        const transactionalId = sentence.startsWith("a transactional") ? "t" : null;
        const [answer] = await produce(version, [entry()], { acks, transactionalId });
        assert.equal(errorName(answer!.errorCode), error, `version ${version}`);
        assert.equal(answer!.logStartOffset, version < 5 ? -1 : logStart, `version ${version}`);
        assert.equal(answer!.baseOffset >= 0, error === "NONE", `version ${version}`);
        assert.equal(answer!.logAppendTimeMs, -1);
      }
    });
  }

  it("answers zstd before version 7 with UNSUPPORTED_COMPRESSION_TYPE", async () => {
    for (const version of versionsOf(produceApi)) {
      const [answer] = await produce(version, [["a", 0, batchOf(["x"], { compression: "zstd" })]]);
      assert.equal(errorName(answer!.errorCode), version < 7 ? "UNSUPPORTED_COMPRESSION_TYPE" : "NONE");
    }
  });

  it("answers a topic that is not there, by name and by id", async () => {
    for (const version of versionsOf(produceApi)) {
      const error = version < 13 ? "UNKNOWN_TOPIC_OR_PARTITION" : "UNKNOWN_TOPIC_ID";
      for (const topic of ["nope", "zero"]) {
        const [answer] = await produce(version, [[topic, 0, small()]]);
        assert.equal(errorName(answer!.errorCode), error, `${topic} at version ${version}`);
      }
    }
  });

  it("appends what can be appended beside what cannot", async () => {
    for (const version of versionsOf(produceApi)) {
      const answers = await produce(version, [
        ["a", 0, small()],
        ["a", 1, small()],
        ["a", 9, small()],
        ["small", 0, batchOf(["x".repeat(300)])],
      ]);
      assert.deepEqual(
        answers.map(({ errorCode }) => errorName(errorCode)),
        ["NONE", "NONE", "UNKNOWN_TOPIC_OR_PARTITION", "MESSAGE_TOO_LARGE"],
      );
    }
  });

  it("answers nothing for a topic of which no partition is named", async () => {
    for (const version of versionsOf(produceApi)) {
      const topicData = [{ name: wire.name("a"), topicId: wire.id("a"), partitionData: [] }];
      const given = { transactionalId: null, acks: 1, timeoutMs: 1000, topicData };
      assert.deepEqual((await wire.call(produceApi, version, given)).responses, []);
    }
  });

  it("names the records that it refuses from version 8 on", async () => {
    const records = (): Buffer => batchOf(["x", "y", "z"], { timestamp: Date.now(), stepMs: HOUR_MS + 60_000 });
    for (const version of versionsOf(produceApi)) {
      const [answer] = await produce(version, [["a", 0, records()]]);
      assert.equal(errorName(answer!.errorCode), "INVALID_TIMESTAMP");
      assert.deepEqual(
        answer!.recordErrors.map(({ batchIndex }) => batchIndex),
        version < 8 ? [] : [1, 2],
      );
    }
  });

  // Kafka never answers a null; it trips over it.
  it("answers null records with INVALID_RECORD", { skip: process.env["REFERENCE_PORT"] !== undefined }, async () => {
    for (const version of versionsOf(produceApi)) {
      const [answer] = await produce(version, [["a", 0, null]]);
      assert.equal(errorName(answer!.errorCode), "INVALID_RECORD");
    }
  });

  // Kafka keeps the last only, and says nothing of the others.
  it(
    "appends and answers each of two entries for one partition",
    { skip: process.env["REFERENCE_PORT"] !== undefined },
    async () => {
      const [first, second] = await produce(9, [
        ["a", 0, small()],
        ["a", 0, small()],
      ]);
      assert.deepEqual([errorName(first!.errorCode), errorName(second!.errorCode)], ["NONE", "NONE"]);
      assert.equal(second!.baseOffset, first!.baseOffset + 1);
    },
  );

  for (const [sentence, entries, closes] of [
    ["nothing, and goes on, after a good batch", (): Entry[] => [["a", 1, small()]], false],
    ["nothing, and goes on, after no batch", (): Entry[] => [], false],
    [
      "by closing after one of two is refused",
      (): Entry[] => [
        ["a", 1, small()],
        ["a", 9, small()],
      ],
      true,
    ],
    ["by closing after a batch that is too large", (): Entry[] => [["small", 0, batchOf(["x".repeat(300)])]], true],
  ] as const) {
    it(`answers acks=0 ${sentence}`, async () => {
      for (const version of versionsOf(produceApi)) {
        const client = await WireClient.connect(wire.port);
        // An answer to acks=0 would come first and be taken for that of the second request.
        const silent = client.call(produceApi, version, request(version, entries(), { acks: 0 })).catch(() => null);
        const next = client.call(produceApi, 9, request(9, [["a", 0, small()]]));
        if (closes) await assert.rejects(next, /closed/);
        else assert.equal((await next).responses[0]!.partitionResponses[0]!.errorCode, 0);
        client.close();
        assert.equal(await silent, null);
      }
    });
  }

  function request(
    version: number,
    entries: readonly Entry[],
    options: { acks?: number; transactionalId?: string | null } = {},
  ) {
    const ids: Record<string, string> = { nope: UNKNOWN_ID, zero: ZERO_UUID };
    const { acks = -1, transactionalId = null } = options;
    return {
      transactionalId,
      acks,
      timeoutMs: 10_000,
      topicData: entries.map(([topic, index, records]) => ({
        name: version < 13 ? wire.name(topic) : "",
        topicId: ids[topic] ?? wire.id(topic),
        partitionData: [{ index, records }],
      })),
    };
  }

  /** The answers in the order of the entries. */
  async function produce(
    version: number,
    entries: readonly Entry[],
    options: { acks?: number; transactionalId?: string | null } = {},
  ): Promise<PartitionAnswer[]> {
    const given = request(version, entries, options);
    const { responses } = await wire.call(produceApi, version, given);
    const taken = new Set<PartitionAnswer>();
    return given.topicData.map(({ name, topicId, partitionData }) => {
      const answer = responses
        .filter((topic) => (version < 13 ? topic.name === name : topic.topicId === topicId))
        .flatMap(({ partitionResponses }) => partitionResponses)
        .find((partition) => partition.index === partitionData[0]!.index && !taken.has(partition))!;
      taken.add(answer);
      return answer;
    });
  }
});
