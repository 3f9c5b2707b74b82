// DeleteRecords, OffsetForLeaderEpoch and DescribeLogDirs with the answers of Kafka 4.3, at every version of them.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { errorName } from "@ottla/protocol";
import { deleteRecordsApi } from "@ottla/protocol/messages/21-delete-records.ts";
import { offsetForLeaderEpochApi } from "@ottla/protocol/messages/23-offset-for-leader-epoch.ts";
import { describeLogDirsApi } from "@ottla/protocol/messages/35-describe-log-dirs.ts";
import { batchOf, versionsOf, Wire } from "./support/wire.ts";

// Of a partition with records 0 to 5 whose log has begun at 2 since.
const CUT: [sentence: string, partition: number, offset: number, answer: string][] = [
  ["what is gone already", 0, 1, "2"],
  ["up to its start", 0, 2, "2"],
  ["past its end", 0, 7, "OFFSET_OUT_OF_RANGE"],
  ["up to a negative offset", 0, -2, "OFFSET_OUT_OF_RANGE"],
  ["all of an empty partition", 1, -1, "0"],
  ["past the end of an empty partition", 1, 1, "OFFSET_OUT_OF_RANGE"],
  ["of a partition that is not there", 9, 0, "UNKNOWN_TOPIC_OR_PARTITION"],
];

// Of the same partitions: the epoch and where it ended.
const EPOCHS: [sentence: string, partition: number, current: number, epoch: number, answer: string][] = [
  ["the current epoch", 0, -1, 0, "0 6"],
  ["the current epoch of an empty partition", 1, 0, 0, "0 0"],
  ["an epoch to come", 0, -1, 1, "-1 -1"],
  ["no epoch", 0, -1, -1, "-1 -1"],
  ["an epoch before all, which ended where the first began", 0, -1, -5, "-5 2"],
  ["what its reader thinks is older than the leader's", 0, -2, 0, "FENCED_LEADER_EPOCH"],
  ["what its reader thinks is newer than the leader's", 0, 1, 0, "UNKNOWN_LEADER_EPOCH"],
  ["a partition that is not there", 9, -1, 0, "UNKNOWN_TOPIC_OR_PARTITION"],
];

describe("logs on the wire", () => {
  let wire: Wire;

  before(async () => {
    wire = await Wire.open();
    await wire.createTopics({ cut: 2, size: 2, kept: { partitions: 1, configs: { "cleanup.policy": "" } } });
    for (let count = 0; count < 6; count++) await wire.append("cut", 0, batchOf(["x"]));
    await wire.append("size", 0, batchOf(["x", "y"]));
    await wire.append("kept", 0, batchOf(["x"]));
    await cut(2, "cut", [[0, 2]]);
  });
  after(() => wire[Symbol.asyncDispose]());

  for (const [sentence, partition, offset, answer] of CUT) {
    it(`deleting records ${sentence} gives ${answer}`, async () => {
      for (const version of versionsOf(deleteRecordsApi)) {
        assert.deepEqual(await cut(version, "cut", [[partition, offset]]), [`${partition} ${answer}`]);
      }
    });
  }

  it("deleting records of a topic without a cleanup policy is allowed", async () => {
    assert.deepEqual(await cut(2, "kept", [[0, 1]]), ["0 1"]);
  });

  it("deleting records of one partition twice counts the last", async () => {
    assert.deepEqual(
      await cut(2, "cut", [
        [0, 99],
        [0, 2],
      ]),
      ["0 2"],
    );
  });

  for (const [sentence, partition, currentLeaderEpoch, leaderEpoch, answer] of EPOCHS) {
    it(`asking where an epoch ended, for ${sentence}, gives ${answer}`, async () => {
      for (const version of versionsOf(offsetForLeaderEpochApi)) {
        const partitions = [{ partition, currentLeaderEpoch, leaderEpoch }];
        const response = await wire.call(offsetForLeaderEpochApi, version, {
          replicaId: -1,
          topics: [{ topic: wire.name("cut"), partitions }],
        });
        const [got] = response.topics[0]!.partitions;
        const text = got!.errorCode === 0 ? `${got!.leaderEpoch} ${got!.endOffset}` : errorName(got!.errorCode);
        assert.equal(text, answer);
      }
    });
  }

  it("the sizes of partitions are told once each, and of those that are there", async () => {
    for (const version of versionsOf(describeLogDirsApi)) {
      const asked = [[0, 1, 0, 9], [1]].map((partitions) => ({ topic: wire.name("size"), partitions }));
      const response = await wire.call(describeLogDirsApi, version, {
        topics: [...asked, { topic: wire.name("nope"), partitions: [0] }],
      });
      assert.equal(response.results.length, 1);
      const { errorCode, topics } = response.results[0]!;
      assert.equal(errorCode, 0);
      const sizes = topics.flatMap(({ name, partitions }) =>
        partitions.map(
          ({ partitionIndex, partitionSize }) => `${wire.plainName(name)} ${partitionIndex} ${partitionSize}`,
        ),
      );
      assert.deepEqual(sizes.toSorted(), ["size 0 77", "size 1 0"]);
    }
  });

  /** "partition new-start" or "partition error". */
  async function cut(
    version: number,
    topic: string,
    offsets: [partition: number, offset: number][],
  ): Promise<string[]> {
    const partitions = offsets.map(([partitionIndex, offset]) => ({ partitionIndex, offset }));
    const topics = [{ name: wire.name(topic), partitions }];
    const response = await wire.call(deleteRecordsApi, version, { topics, timeoutMs: 10_000 });
    return response.topics[0]!.partitions.map(
      ({ partitionIndex, errorCode, lowWatermark }) =>
        `${partitionIndex} ${errorCode === 0 ? lowWatermark : errorName(errorCode)}`,
    );
  }
});
