// TxnOffsetCommit: offsets that count with the marker of a commit, never with an abort, and never over a later commit.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { TxnOffsetCommitRequest } from "@ottla/protocol/messages/28-txn-offset-commit.ts";
import type { GroupRecord } from "../src/group/group-records.ts";
import { OffsetsHarness, ordersWith, PRODUCER, SayingGroup } from "./support/offsets-shard.ts";
import type { OffsetsShard, Sayings } from "./support/offsets-shard.ts";

const OTHER = { producerId: 78, producerEpoch: 0 };

function commitInTransaction(harness: OffsetsHarness, partition: number, offset: number, producer = PRODUCER): void {
  harness.commitTransactional({ ...producer, topics: [ordersWith([{ partition, offset }])] });
}

const verdicts: {
  title: string;
  group: Sayings | null;
  request?: Partial<TxnOffsetCommitRequest>;
  error: keyof typeof errorCodes;
}[] = [
  { title: "no generation and no group: a simple group is made", group: null, error: "NONE" },
  {
    title: "a generation without a group",
    group: null,
    request: { generationIdOrMemberEpoch: 4, memberId: "m" },
    error: "ILLEGAL_GENERATION",
  },
  { title: "a group that has nothing against it", group: {}, error: "NONE" },
  { title: "an old generation", group: { commit: errorCodes.ILLEGAL_GENERATION }, error: "ILLEGAL_GENERATION" },
  { title: "an unknown member", group: { commit: errorCodes.UNKNOWN_MEMBER_ID }, error: "UNKNOWN_MEMBER_ID" },
  { title: "a fenced static member", group: { commit: errorCodes.FENCED_INSTANCE_ID }, error: "FENCED_INSTANCE_ID" },
  {
    title: "a stale epoch, which producers know as a generation",
    group: { type: "consumer", commit: errorCodes.STALE_MEMBER_EPOCH },
    error: "ILLEGAL_GENERATION",
  },
  {
    title: "a partition that the member's epoch is too old for",
    group: { type: "consumer", commitOf: () => errorCodes.STALE_MEMBER_EPOCH },
    error: "ILLEGAL_GENERATION",
  },
];

for (const { title, group, request = {}, error } of verdicts) {
  test(`a commit in a transaction: ${title}: ${error}`, () => {
    const harness = new OffsetsHarness(group === null ? [] : [new SayingGroup("readers", group)]);
    const answer = harness.commitTransactional({ topics: [ordersWith([{ partition: 1, offset: 10 }])], ...request });
    assert.deepEqual(answer.topics[0]!.partitions, [{ partitionIndex: 1, errorCode: errorCodes[error] }]);
    assert.equal(harness.takeRecords().length, error === "NONE" ? 1 : 0);
    assert.deepEqual(harness.offsetsOf(), {}, "nothing counts before the marker");
    harness.endTransaction(PRODUCER, true);
    assert.deepEqual(harness.offsetsOf(), error === "NONE" ? { "orders-1": 10 } : {});
  });
}

test("a commit in a transaction is claimed as such and asks partitions by the id that the topic has now", () => {
  const asked: string[] = [];
  const group = new SayingGroup("readers", {
    type: "consumer",
    commitOf: (topicId, partition) => {
      asked.push(`${topicId}-${partition}`);
      return errorCodes.NONE;
    },
  });
  const harness = new OffsetsHarness([group]);
  harness.commitTransactional({
    generationIdOrMemberEpoch: 3,
    memberId: "m-1",
    topics: [ordersWith([{ partition: 2, offset: 1 }], ZERO_UUID)],
  });
  assert.deepEqual(asked, ["AAAAAAAAAAAAAAAAAAAAAQ-2"]);
  assert.deepEqual(group.claims, [
    { memberId: "m-1", groupInstanceId: null, generationIdOrMemberEpoch: 3, isTransactional: true, apiVersion: 5 },
  ]);
  assert.deepEqual(group.heartbeats, [], "a producer's commit is no heartbeat of the consumer");
});

test("the record of a commit in a transaction holds no topic id, as in Kafka", () => {
  const harness = new OffsetsHarness();
  commitInTransaction(harness, 1, 10);
  assert.deepEqual(harness.takeRecords(), [
    {
      kind: "OffsetCommit",
      key: { group: "readers", topic: "orders", partition: 1 },
      value: {
        offset: 10,
        leaderEpoch: -1,
        metadata: "",
        commitTimestamp: 1_700_000_000_000,
        expireTimestamp: -1,
        topicId: ZERO_UUID,
      },
    },
  ]);
});

test("too long metadata refuses its partition alone; when no partition is left nothing is written for the producer", () => {
  const harness = new OffsetsHarness();
  harness.world.config = { ...harness.world.config, offsetMetadataMaxBytes: 3 };
  const topics = [ordersWith([{ partition: 0, offset: 1, metadata: "long" }])];
  const outcome = harness.commitTransactional({ topics });
  assert.equal(outcome.topics[0]!.partitions[0]!.errorCode, errorCodes.OFFSET_METADATA_TOO_LARGE);
  assert.deepEqual(harness.takeRecords(), []);
});

interface Step {
  readonly does:
    | "commit"
    | "in transaction"
    | "in other"
    | "commits"
    | "aborts"
    | "other commits"
    | "other aborts"
    | "delete";
  readonly offset?: number;
}

function perform(harness: OffsetsHarness, { does, offset = 0 }: Step): void {
  switch (does) {
    case "commit":
      return harness.commitOffset(0, offset);
    case "in transaction":
      return commitInTransaction(harness, 0, offset);
    case "in other":
      return commitInTransaction(harness, 0, offset, OTHER);
    case "commits":
      return harness.endTransaction(PRODUCER, true);
    case "aborts":
      return harness.endTransaction(PRODUCER, false);
    case "other commits":
      return harness.endTransaction(OTHER, true);
    case "other aborts":
      return harness.endTransaction(OTHER, false);
    case "delete":
      return harness.seed(harness.shard.offsets.deleteAll("readers"));
  }
}

const histories: { title: string; steps: Step[]; offset: number | undefined; isUnstable?: true }[] = [
  {
    title: "nothing counts while the transaction is open",
    steps: [
      { does: "commit", offset: 1 },
      { does: "in transaction", offset: 2 },
    ],
    offset: 1,
    isUnstable: true,
  },
  {
    title: "a committed transaction counts",
    steps: [{ does: "commit", offset: 1 }, { does: "in transaction", offset: 2 }, { does: "commits" }],
    offset: 2,
  },
  {
    title: "an aborted transaction never does",
    steps: [{ does: "commit", offset: 1 }, { does: "in transaction", offset: 2 }, { does: "aborts" }],
    offset: 1,
  },
  {
    title: "the latest commit of a transaction counts",
    steps: [{ does: "in transaction", offset: 2 }, { does: "in transaction", offset: 3 }, { does: "commits" }],
    offset: 3,
  },
  {
    title: "a transaction does not win over a plain commit that came later",
    steps: [{ does: "in transaction", offset: 2 }, { does: "commit", offset: 1 }, { does: "commits" }],
    offset: 1,
  },
  {
    title: "of two transactions the one that wrote later wins, whichever ends first",
    steps: [
      { does: "in other", offset: 2 },
      { does: "in transaction", offset: 3 },
      { does: "commits" },
      { does: "other commits" },
    ],
    offset: 3,
  },
  {
    title: "of two transactions the one that wrote later wins also when it ends later",
    steps: [
      { does: "in other", offset: 2 },
      { does: "in transaction", offset: 3 },
      { does: "other commits" },
      { does: "commits" },
    ],
    offset: 3,
  },
  {
    title: "a partition stays unstable until the last of its transactions ended",
    steps: [{ does: "in other", offset: 2 }, { does: "in transaction", offset: 3 }, { does: "commits" }],
    offset: 3,
    isUnstable: true,
  },
  {
    title: "an abort leaves the other transaction alone",
    steps: [
      { does: "in other", offset: 2 },
      { does: "in transaction", offset: 3 },
      { does: "aborts" },
      { does: "other commits" },
    ],
    offset: 2,
  },
  {
    title: "a deletion within the transaction stands",
    steps: [
      { does: "commit", offset: 1 },
      { does: "in transaction", offset: 2 },
      { does: "delete" },
      { does: "commits" },
    ],
    offset: undefined,
  },
  {
    title: "what is committed after the deletion counts",
    steps: [
      { does: "in transaction", offset: 2 },
      { does: "delete" },
      { does: "in transaction", offset: 3 },
      { does: "commits" },
    ],
    offset: 3,
  },
  {
    title: "a second marker ends nothing more",
    steps: [
      { does: "in transaction", offset: 2 },
      { does: "commits" },
      { does: "commit", offset: 5 },
      { does: "commits" },
    ],
    offset: 5,
  },
  {
    title: "a marker without offsets is passed over",
    steps: [{ does: "commits" }, { does: "other aborts" }],
    offset: undefined,
  },
];

for (const { title, steps, offset, isUnstable } of histories) {
  test(`offsets and transactions: ${title}`, () => {
    const harness = new OffsetsHarness();
    for (const step of steps) perform(harness, step);
    for (const moment of ["live", "loaded"]) {
      assert.equal(harness.offsetsOf()["orders-0"], offset, moment);
      const stable = harness.fetch({ topics: [{ name: "orders", topicId: ZERO_UUID, partitionIndexes: [0] }] }, true)
        .topics[0]!.partitions[0]!;
      assert.equal(stable.errorCode === errorCodes.UNSTABLE_OFFSET_COMMIT, isUnstable === true, moment);
      harness.restart();
    }
  });
}

const record = (offset: number): GroupRecord => ({
  kind: "OffsetCommit",
  key: { group: "readers", topic: "orders", partition: 0 },
  value: { offset, leaderEpoch: -1, metadata: "", commitTimestamp: 0, expireTimestamp: -1, topicId: ZERO_UUID },
});

const refusals: { title: string; run: (shard: OffsetsShard) => void; offset: number | undefined }[] = [
  {
    title: "the only commit leaves nothing pending",
    run: (shard) => {
      shard.replay(record(1), 0, PRODUCER);
      takeBack(shard, 0);
    },
    offset: undefined,
  },
  {
    title: "a second commit lets the first count",
    run: (shard) => {
      shard.replay(record(1), 0, PRODUCER);
      shard.replay(record(2), 1, PRODUCER);
      takeBack(shard, 1);
    },
    offset: 1,
  },
  {
    title: "a zombie's commit before the one that counts",
    run: (shard) => {
      shard.replay(record(1), 0, { ...PRODUCER, producerEpoch: 0 });
      shard.replay(record(2), 1, PRODUCER);
      takeBack(shard, 0);
    },
    offset: 2,
  },
  {
    title: "a commit whose offset was deleted meanwhile changes nothing",
    run: (shard) => {
      shard.replay(record(1), 0, PRODUCER);
      shard.replay({ ...record(1), value: null }, 1, null);
      takeBack(shard, 0);
    },
    offset: undefined,
  },
];

function takeBack(shard: OffsetsShard, order: number): void {
  shard.offsets.takeBack({ group: "readers", topic: "orders", partition: 0 }, order, PRODUCER.producerId);
}

for (const { title, run, offset } of refusals) {
  test(`offsets that the log refuses after all: ${title}`, () => {
    const harness = new OffsetsHarness();
    run(harness.shard);
    const { partitions } = harness.fetch(
      { topics: [{ name: "orders", topicId: ZERO_UUID, partitionIndexes: [0] }] },
      true,
    ).topics[0]!;
    assert.equal(partitions[0]!.errorCode === errorCodes.UNSTABLE_OFFSET_COMMIT, offset !== undefined);
    harness.shard.replayEndTransaction(PRODUCER.producerId, PRODUCER.producerEpoch, true, 10);
    assert.equal(harness.offsetsOf()["orders-0"], offset);
  });
}

test("a marker ends what was written before it, not what the producer's next transaction wrote meanwhile", () => {
  const harness = new OffsetsHarness();
  const { shard } = harness;
  shard.replay(record(1), 0, PRODUCER);
  shard.replay(record(2), 2, PRODUCER);
  shard.replayEndTransaction(PRODUCER.producerId, PRODUCER.producerEpoch, true, 1);
  assert.deepEqual(harness.offsetsOf("readers", true), { "orders-0": -2 });
  assert.deepEqual(harness.offsetsOf("readers", false), { "orders-0": 1 });
  shard.replayEndTransaction(PRODUCER.producerId, PRODUCER.producerEpoch, true, 3);
  assert.deepEqual(harness.offsetsOf("readers", true), { "orders-0": 2 });
});
