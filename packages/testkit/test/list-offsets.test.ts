// ListOffsets with the answers of Kafka 4.3, at every version of it.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { errorName } from "@ottla/protocol";
import { listOffsetsApi } from "@ottla/protocol/messages/02-list-offsets.ts";
import { deleteRecordsApi } from "@ottla/protocol/messages/21-delete-records.ts";
import { batchOf, T0, versionsOf, Wire } from "./support/wire.ts";

type Asked = [partition: number, timestamp: number, currentLeaderEpoch?: number];

const LATEST = -1;
const EARLIEST = -2;
const MAX_TIMESTAMP = -3;
const EARLIEST_LOCAL = -4;
const LATEST_TIERED = -5;
const EARLIEST_PENDING_UPLOAD = -6;

// Partition 0 has offsets 0 1 2 at T0, +10, +20; 3 4 at +500, +400; 5 6 at +30; 7 8 at +500. Partition 1 is empty.
// An answer is offset, timestamp and leader epoch, or an error; the epoch is told from version 4 on.
const FOUND: [sentence: string, timestamp: number, answer: string, ofEmpty: string, since?: number][] = [
  ["the latest", LATEST, "9 -1 0", "0 -1 0"],
  ["the earliest", EARLIEST, "0 -1 0", "0 -1 0"],
  ["the largest timestamp", MAX_TIMESTAMP, "3 +500 0", "-1 -1 -1", 7],
  ["the earliest local", EARLIEST_LOCAL, "0 -1 0", "0 -1 0", 8],
  ["the latest tiered, without tiers", LATEST_TIERED, "-1 -1 -1", "-1 -1 -1", 9],
  ["the earliest to upload, without tiers", EARLIEST_PENDING_UPLOAD, "-1 -1 -1", "-1 -1 -1", 11],
  ["time 0", 0, "0 +0 0", "-1 -1 -1"],
  ["the first record's time", T0, "0 +0 0", "-1 -1 -1"],
  ["one later", T0 + 1, "1 +10 0", "-1 -1 -1"],
  ["the last of a batch", T0 + 20, "2 +20 0", "-1 -1 -1"],
  ["between batches", T0 + 21, "3 +500 0", "-1 -1 -1"],
  ["the largest time", T0 + 500, "3 +500 0", "-1 -1 -1"],
  ["past every record", T0 + 501, "-1 -1 -1", "-1 -1 -1"],
  ["a special time that does not exist", -7, "UNSUPPORTED_VERSION", "UNSUPPORTED_VERSION"],
];

// Entries of one request, and the answers in their order.
const ODD: [sentence: string, asked: Record<string, Asked[]>, answers: Record<string, string[]>, since?: number][] = [
  [
    "a partition twice",
    {
      a: [
        [0, LATEST],
        [0, EARLIEST],
      ],
    },
    { a: ["0 INVALID_REQUEST"] },
  ],
  [
    "unknown ones",
    { a: [[9, LATEST]], nope: [[0, LATEST]] },
    {
      a: ["9 UNKNOWN_TOPIC_OR_PARTITION"],
      nope: ["0 UNKNOWN_TOPIC_OR_PARTITION"],
    },
  ],
  ["a negative partition", { a: [[-1, LATEST]] }, { a: ["-1 UNKNOWN_TOPIC_OR_PARTITION"] }],
  ["no partitions", { a: [] }, {}],
  ["the current leader epoch", { a: [[0, LATEST, 0]] }, { a: ["0 9 -1 0"] }, 4],
  ["a leader epoch to come", { a: [[0, LATEST, 1]] }, { a: ["0 UNKNOWN_LEADER_EPOCH"] }, 4],
];

describe("ListOffsets", () => {
  let wire: Wire;

  before(async () => {
    wire = await Wire.open();
    await wire.createTopics({
      a: 2,
      deleted: 1,
      stamped: { partitions: 1, configs: { "message.timestamp.type": "LogAppendTime" } },
    });
    for (const topic of ["a", "deleted"]) {
      await wire.append(topic, 0, batchOf(["p", "q", "r"], { stepMs: 10 }));
      await wire.append(topic, 0, batchOf(["s", "t"], { timestamp: T0 + 500, stepMs: -100 }));
      await wire.append(topic, 0, batchOf(["u", "v"], { timestamp: T0 + 30 }));
      await wire.append(topic, 0, batchOf(["w", "x"], { timestamp: T0 + 500 }));
    }
  });
  after(() => wire[Symbol.asyncDispose]());

  for (const [sentence, timestamp, answer, ofEmpty, since = 1] of FOUND) {
    it(`finds ${sentence}`, async () => {
      for (const version of versionsOf(listOffsetsApi)) {
        for (const isolationLevel of version < 2 ? [0] : [0, 1]) {
          const asked: Asked[] = [
            [0, timestamp],
            [1, timestamp],
          ];
          const known = version >= since ? [answer, ofEmpty] : ["UNSUPPORTED_VERSION", "UNSUPPORTED_VERSION"];
          const expected = { a: known.map((text, partition) => `${partition} ${atVersion(text, version)}`) };
          assert.deepEqual(await ask(version, { a: asked }, isolationLevel), expected, `version ${version}`);
        }
      }
    });
  }

  for (const [sentence, asked, answers, since = 1] of ODD) {
    it(`answers ${sentence}`, async () => {
      for (const version of versionsOf(listOffsetsApi, since)) {
        const expected = Object.fromEntries(
          Object.entries(answers).map(([topic, texts]) => [topic, texts.map((text) => atVersion(text, version))]),
        );
        assert.deepEqual(await ask(version, asked), expected, `version ${version}`);
      }
    });
  }

  it("refuses an isolation level that does not exist", async () => {
    for (const version of versionsOf(listOffsetsApi, 2)) {
      assert.deepEqual(await ask(version, { a: [[0, LATEST]] }, 2), { a: ["0 UNKNOWN_SERVER_ERROR"] });
    }
  });

  it("finds records by the time of their append where the topic says so", async () => {
    await wire.append("stamped", 0, batchOf(["x", "y"], { timestamp: 5 }));
    const [, offset, time] = (await ask(7, { stamped: [[0, 6]] }))["stamped"]![0]!.split(" ");
    assert.equal(offset, "0");
    assert.ok(T0 + Number(time) > 1_750_000_000_000, `time ${time} is the producer's`);
    assert.deepEqual(await ask(7, { stamped: [[0, MAX_TIMESTAMP]] }), { stamped: [`0 0 ${time} 0`] });
  });

  it("finds nothing in front of a log start that moved", async () => {
    const deleteBefore = async (offset: number): Promise<void> => {
      const topics = [{ name: wire.name("deleted"), partitions: [{ partitionIndex: 0, offset }] }];
      await wire.call(deleteRecordsApi, 2, { topics, timeoutMs: 10_000 });
    };
    const times = [LATEST, EARLIEST, MAX_TIMESTAMP, T0, T0 + 450].map((time): Asked => [0, time]);
    const answers = async (): Promise<string[]> =>
      Promise.all(times.map(async (time) => (await ask(7, { deleted: [time] }))["deleted"]![0]!));
    await deleteBefore(4);
    assert.deepEqual(await answers(), ["0 9 -1 0", "0 4 -1 0", "0 3 +500 0", "0 4 +400 0", "0 7 +500 0"]);
    await deleteBefore(-1);
    assert.deepEqual(await answers(), ["0 9 -1 0", "0 9 -1 0", "0 3 +500 0", "0 -1 -1 -1", "0 -1 -1 -1"]);
  });

  /** The answers of each topic as "partition offset timestamp epoch" or "partition error", by rising partition. */
  async function ask(
    version: number,
    asked: Record<string, Asked[]>,
    isolationLevel = 0,
  ): Promise<Record<string, string[]>> {
    const response = await wire.call(listOffsetsApi, version, {
      replicaId: -1,
      isolationLevel,
      timeoutMs: 1000,
      topics: Object.entries(asked).map(([topic, partitions]) => ({
        name: wire.name(topic),
        partitions: partitions.map(([partitionIndex, timestamp, currentLeaderEpoch = -1]) => ({
          partitionIndex,
          timestamp,
          currentLeaderEpoch,
        })),
      })),
    });
    return Object.fromEntries(
      response.topics.map(({ name, partitions }) => [
        wire.plainName(name),
        partitions
          .toSorted((left, right) => left.partitionIndex - right.partitionIndex)
          .map(({ partitionIndex, errorCode, offset, timestamp, leaderEpoch }) =>
            errorCode === 0
              ? `${partitionIndex} ${offset} ${relative(timestamp)} ${leaderEpoch}`
              : `${partitionIndex} ${errorName(errorCode)}`,
          ),
      ]),
    );
  }
});

function relative(timestamp: number): string {
  return timestamp < 0 ? String(timestamp) : `+${timestamp - T0}`;
}

/** Versions below 4 have no room for the leader epoch. */
function atVersion(answer: string, version: number): string {
  return version < 4 ? answer.replace(/ \S+$/, (last) => (/^ -?[0-9]+$/.test(last) ? " -1" : last)) : answer;
}
