// Fetch without sessions, with the answers of Kafka 4.3, at every version of it: where reading begins, how much is sent,
// what is refused, and what a reader with an old or unknown leader epoch is told.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { batchFormat, errorName } from "@ottla/protocol";
import { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import { deleteRecordsApi } from "@ottla/protocol/messages/21-delete-records.ts";
import { batchOf, versionsOf, Wire } from "./support/wire.ts";

const UNKNOWN_ID = "Zm9vYmFyYmF6cXV4MTIzNA";
const LARGE = 1_000_000;

interface Wanted {
  topic?: string;
  partition?: number;
  offset?: number;
  maxBytes?: number;
  currentLeaderEpoch?: number;
  lastFetchedEpoch?: number;
}

interface Limits {
  maxBytes?: number;
  isolationLevel?: number;
  replicaId?: number;
}

// Topic a: partition 0 has five batches of 79 bytes with two records each, partition 1 two of about 1 KB with one each,
// partition 2 nothing. An answer is the offsets at which batches begin, with what is cut off at the end in bytes.
const READ: [sentence: string, wanted: Wanted, answer: string, limits?: Limits][] = [
  ["from the start", {}, "0 2 4 6 8"],
  ["from within a batch, which comes whole", { offset: 3 }, "2 4 6 8"],
  ["at the end", { offset: 10 }, ""],
  ["past the end", { offset: 11 }, "OFFSET_OUT_OF_RANGE"],
  ["in front of the start", { offset: -1 }, "OFFSET_OUT_OF_RANGE"],
  ["an empty partition", { partition: 2 }, ""],
  ["past the end of an empty partition", { partition: 2, offset: 1 }, "OFFSET_OUT_OF_RANGE"],
  ["with 0 bytes for the partition, which gives one batch", { maxBytes: 0 }, "0"],
  ["with 0 bytes for all, which gives one batch", {}, "0", { maxBytes: 0 }],
  ["with bytes for half a batch, which gives it whole", { maxBytes: 40 }, "0"],
  ["with bytes for one batch", { maxBytes: 79 }, "0"],
  ["with one byte more", { maxBytes: 80 }, "0 cut 1"],
  ["with bytes for two and a half", { maxBytes: 200 }, "0 2 cut 42"],
  ["with bytes for two and a half in all", {}, "0 2 cut 42", { maxBytes: 200 }],
  ["with less than no bytes", { maxBytes: -1 }, "UNKNOWN_SERVER_ERROR"],
  ["with less than no bytes in all", {}, "UNKNOWN_SERVER_ERROR", { maxBytes: -1 }],
  ["read_committed", { offset: 8 }, "8", { isolationLevel: 1 }],
  ["a partition that is not there", { partition: 9 }, "UNKNOWN_TOPIC_OR_PARTITION"],
  ["as a follower that is no replica", {}, "NOT_LEADER_OR_FOLLOWER", { replicaId: 5 }],
];

const EPOCHS: [sentence: string, since: number, wanted: Wanted, answer: string][] = [
  ["the current leader epoch", 9, { offset: 8, currentLeaderEpoch: 0 }, "8"],
  ["a leader epoch to come", 9, { offset: 8, currentLeaderEpoch: 1 }, "UNKNOWN_LEADER_EPOCH"],
  ["a leader epoch of -2, which is none", 9, { offset: 8, currentLeaderEpoch: -2 }, "8"],
  ["the epoch that it fetched last", 12, { offset: 8, lastFetchedEpoch: 0 }, "8"],
  [
    "an offset past the end of the epoch that it fetched last",
    12,
    { offset: 11, lastFetchedEpoch: 0 },
    "diverges 0 10",
  ],
  ["a last epoch that is not known here", 12, { offset: 8, lastFetchedEpoch: 1 }, "OFFSET_OUT_OF_RANGE"],
  [
    "a last epoch that is not known, of an empty partition",
    12,
    { partition: 2, lastFetchedEpoch: 3 },
    "OFFSET_OUT_OF_RANGE",
  ],
];

describe("Fetch", () => {
  let wire: Wire;

  before(async () => {
    wire = await Wire.open();
    await wire.createTopics({ a: 3, b: 1, deleted: 1 });
    for (let index = 0; index < 5; index++) {
      await wire.append("a", 0, batchOf([`v${index}`, `w${index}`]));
      await wire.append("deleted", 0, batchOf([`v${index}`, `w${index}`]));
    }
    for (const value of ["x".repeat(1000), "y".repeat(1000)]) await wire.append("a", 1, batchOf([value]));
    await wire.append("b", 0, batchOf(["z"]));
  });
  after(() => wire[Symbol.asyncDispose]());

  for (const [sentence, wanted, answer, limits] of READ) {
    it(`reads ${sentence}`, async () => {
      for (const version of versionsOf(fetchApi)) {
        assert.deepEqual(await fetch(version, [wanted], limits), [answer], `version ${version}`);
      }
    });
  }

  for (const [sentence, since, wanted, answer] of EPOCHS) {
    it(`answers a reader with ${sentence}`, async () => {
      for (const version of versionsOf(fetchApi, since)) {
        assert.deepEqual(await fetch(version, [wanted]), [answer], `version ${version}`);
      }
    });
  }

  it("shares max_bytes among partitions in the order of the request, and gives the first batch whole", async () => {
    const wanted = [{ partition: 2 }, { partition: 1 }, { partition: 0 }, { topic: "b" }];
    for (const version of versionsOf(fetchApi)) {
      assert.deepEqual(await fetch(version, wanted, { maxBytes: 500 }), ["", "0", "", ""]);
      assert.deepEqual(await fetch(version, wanted, { maxBytes: 2500 }), ["", "0 1", "0 2 4 6 cut 44", ""]);
    }
  });

  it("answers what is there beside what is not", async () => {
    for (const version of versionsOf(fetchApi)) {
      const unknown = version < 13 ? "UNKNOWN_TOPIC_OR_PARTITION" : "UNKNOWN_TOPIC_ID";
      const wanted = [{ topic: "nope" }, { topic: "a", partition: 9 }, { topic: "a", offset: 8 }];
      assert.deepEqual(await fetch(version, wanted), [unknown, "UNKNOWN_TOPIC_OR_PARTITION", "8"]);
    }
  });

  it("takes the last of two entries for one partition", async () => {
    for (const version of versionsOf(fetchApi)) {
      assert.deepEqual(await fetch(version, [{ offset: 0 }, { offset: 8 }]), ["8"]);
    }
  });

  it("refuses an isolation level that does not exist as a whole, and by partition while versions knew names", async () => {
    for (const version of versionsOf(fetchApi)) {
      const response = await wire.call(fetchApi, version, request([{ topic: "a" }], { isolationLevel: 2 }));
      assert.equal(errorName(response.errorCode), version < 7 ? "NONE" : "UNKNOWN_SERVER_ERROR");
      const ofPartitions = response.responses.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
      assert.deepEqual(ofPartitions.map(errorName), version < 13 ? ["UNKNOWN_SERVER_ERROR"] : []);
    }
  });

  it("tells nothing of the log beside an offset out of range, the leader beside NOT_LEADER_OR_FOLLOWER", async () => {
    const outOfRange = await wire.call(fetchApi, 16, request([{ offset: 11 }]));
    const { highWatermark, lastStableOffset, logStartOffset, currentLeader } = outOfRange.responses[0]!.partitions[0]!;
    assert.deepEqual([highWatermark, lastStableOffset, logStartOffset], [-1, -1, -1]);
    assert.deepEqual(currentLeader, { leaderId: -1, leaderEpoch: -1 });
    for (const [version, leader] of [
      [15, -1],
      [16, 1],
    ] as const) {
      const response = await wire.call(fetchApi, version, request([{}], { replicaId: 5 }, version));
      assert.equal(response.responses[0]!.partitions[0]!.currentLeader.leaderId, leader);
      assert.deepEqual(response.nodeEndpoints, [], "a follower knows where brokers are");
    }
  });

  it("reads nothing in front of a log start that moved", async () => {
    const topics = [{ name: wire.name("deleted"), partitions: [{ partitionIndex: 0, offset: 3 }] }];
    await wire.call(deleteRecordsApi, 2, { topics, timeoutMs: 10_000 });
    for (const [offset, answer] of [
      [0, "OFFSET_OUT_OF_RANGE"],
      [2, "OFFSET_OUT_OF_RANGE"],
      [3, "2 4 6 8"],
    ] as const) {
      assert.deepEqual(await fetch(12, [{ topic: "deleted", offset }]), [answer]);
    }
  });

  function request(wanted: readonly Wanted[], limits: Limits = {}, version = 12) {
    const { maxBytes = LARGE, isolationLevel = 0, replicaId = -1 } = limits;
    const isReplica =
      replicaId >= 0 && version >= 15 ? { replicaState: { replicaId, replicaEpoch: 1 } } : { replicaId };
    return {
      ...isReplica,
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes,
      isolationLevel,
      forgottenTopicsData: [],
      topics: wanted.map(({ topic = "a", partition = 0, offset = 0, ...rest }) => ({
        topic: wire.name(topic),
        topicId: topic === "nope" ? UNKNOWN_ID : wire.id(topic),
        partitions: [
          {
            partition,
            fetchOffset: offset,
            partitionMaxBytes: rest.maxBytes ?? LARGE,
            currentLeaderEpoch: rest.currentLeaderEpoch ?? -1,
            lastFetchedEpoch: rest.lastFetchedEpoch ?? -1,
          },
        ],
      })),
    };
  }

  /** One answer for each partition of the response, in the order of what was wanted. */
  async function fetch(version: number, wanted: readonly Wanted[], limits: Limits = {}): Promise<string[]> {
    const response = await wire.call(fetchApi, version, request(wanted, limits, version));
    const answers = new Map<string, string>();
    for (const { topic, topicId, partitions } of response.responses) {
      for (const partition of partitions) {
        const key = `${topicId === ZERO_UUID ? topic : topicId}/${partition.partitionIndex}`;
        assert.equal(answers.has(key), false, "a partition is answered once");
        answers.set(key, describeAnswer(partition));
      }
    }
    const keys = wanted.map(({ topic = "a", partition = 0 }) => {
      const id = topic === "nope" ? UNKNOWN_ID : wire.id(topic);
      return `${version < 13 ? wire.name(topic) : id}/${partition}`;
    });
    assert.equal(answers.size, new Set(keys).size);
    return [...new Set(keys)].map((key) => answers.get(key)!);
  }
});

interface PartitionAnswer {
  errorCode: number;
  divergingEpoch: { epoch: number; endOffset: number };
  records: Buffer | null;
}

function describeAnswer({ errorCode, divergingEpoch, records }: PartitionAnswer): string {
  if (errorCode !== 0) return errorName(errorCode);
  if (divergingEpoch.epoch >= 0) return `diverges ${divergingEpoch.epoch} ${divergingEpoch.endOffset}`;
  const parts: string[] = [];
  const bytes = records!;
  let at = 0;
  for (let size = sizeAt(bytes, at); size > 0; size = sizeAt(bytes, at)) {
    parts.push(String(batchFormat.baseOffset(bytes, at)));
    at += size;
  }
  if (at < bytes.length) parts.push(`cut ${bytes.length - at}`);
  return parts.join(" ");
}

function sizeAt(bytes: Buffer, at: number): number {
  return batchFormat.batchSizeAt(bytes, at);
}
