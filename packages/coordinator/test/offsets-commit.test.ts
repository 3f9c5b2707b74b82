// OffsetCommit: what each request writes and answers, by what its group says (Kafka's OffsetMetadataManager.commitOffset).

import assert from "node:assert/strict";
import { test } from "node:test";
import { LONG_MAX } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { OffsetCommitRequest } from "@ottla/protocol/messages/08-offset-commit.ts";
import { OffsetsHarness, ORDERS_ID, ordersWith, SayingGroup } from "./support/offsets-shard.ts";
import type { Committed, Sayings } from "./support/offsets-shard.ts";

const NOW = 1_700_000_000_000;

function commitOne(harness: OffsetsHarness, request: Partial<OffsetCommitRequest>, apiVersion?: number): number {
  const answer = harness.commit({ topics: [ordersWith([{ partition: 1, offset: 10 }])], ...request }, apiVersion);
  assert.deepEqual(
    answer.topics.map(({ name, topicId, partitions }) => [
      name,
      topicId,
      partitions.map((each) => each.partitionIndex),
    ]),
    [["orders", ORDERS_ID, [1]]],
  );
  return answer.topics[0]!.partitions[0]!.errorCode;
}

const verdicts: {
  title: string;
  group: Sayings | null;
  request?: Partial<OffsetCommitRequest>;
  apiVersion?: number;
  error: keyof typeof errorCodes;
}[] = [
  { title: "no generation and no group: a simple group is made", group: null, error: "NONE" },
  {
    title: "a generation without a group, clients of version 9",
    group: null,
    request: { generationIdOrMemberEpoch: 0, memberId: "m" },
    apiVersion: 9,
    error: "GROUP_ID_NOT_FOUND",
  },
  {
    title: "a generation without a group, older clients",
    group: null,
    request: { generationIdOrMemberEpoch: 0, memberId: "m" },
    apiVersion: 8,
    error: "ILLEGAL_GENERATION",
  },
  { title: "a group that has nothing against it", group: {}, error: "NONE" },
  { title: "an unknown member", group: { commit: errorCodes.UNKNOWN_MEMBER_ID }, error: "UNKNOWN_MEMBER_ID" },
  { title: "an old generation", group: { commit: errorCodes.ILLEGAL_GENERATION }, error: "ILLEGAL_GENERATION" },
  { title: "a fenced static member", group: { commit: errorCodes.FENCED_INSTANCE_ID }, error: "FENCED_INSTANCE_ID" },
  { title: "a rebalance", group: { commit: errorCodes.REBALANCE_IN_PROGRESS }, error: "REBALANCE_IN_PROGRESS" },
  {
    title: "a dead group",
    group: { commit: errorCodes.COORDINATOR_NOT_AVAILABLE },
    error: "COORDINATOR_NOT_AVAILABLE",
  },
  {
    title: "a stale epoch of a consumer member",
    group: { type: "consumer", commit: errorCodes.STALE_MEMBER_EPOCH },
    error: "STALE_MEMBER_EPOCH",
  },
  {
    title: "an old version for a consumer member",
    group: { type: "consumer", commit: errorCodes.UNSUPPORTED_VERSION },
    error: "UNSUPPORTED_VERSION",
  },
  {
    title: "a partition that a consumer member's epoch is too old for",
    group: { type: "consumer", commitOf: (topicId, partition) => wrong(topicId === ORDERS_ID && partition === 1) },
    error: "STALE_MEMBER_EPOCH",
  },
  {
    title: "a consumer member's older epoch, still the partition's owner",
    group: { type: "consumer", commitOf: () => errorCodes.NONE },
    error: "NONE",
  },
  {
    title: "partitions are not asked for in a classic group",
    group: { type: "classic", commitOf: () => errorCodes.STALE_MEMBER_EPOCH },
    error: "NONE",
  },
];

function wrong(isWrong: boolean): number {
  return isWrong ? errorCodes.STALE_MEMBER_EPOCH : errorCodes.NONE;
}

for (const { title, group, request = {}, apiVersion, error } of verdicts) {
  test(`a commit: ${title}: ${error}`, () => {
    const harness = new OffsetsHarness(group === null ? [] : [new SayingGroup("readers", group)]);
    assert.equal(commitOne(harness, request, apiVersion), errorCodes[error]);
    const isKept = error === "NONE";
    assert.equal(harness.takeRecords().length, isKept ? 1 : 0);
    assert.deepEqual(harness.offsetsOf(), isKept ? { "orders-1": 10 } : {});
    assert.equal(harness.shard.context.groups.has("readers"), group !== null || isKept);
  });
}

test("a commit is claimed as the request says it", () => {
  const group = new SayingGroup("readers");
  commitOne(
    new OffsetsHarness([group]),
    { generationIdOrMemberEpoch: 3, memberId: "m-1", groupInstanceId: "static" },
    7,
  );
  assert.deepEqual(group.claims, [
    { memberId: "m-1", groupInstanceId: "static", generationIdOrMemberEpoch: 3, isTransactional: false, apiVersion: 7 },
  ]);
});

test("a commit that is let in tells the group, which takes it for a heartbeat; a refused one does not", () => {
  const group = new SayingGroup("readers");
  commitOne(new OffsetsHarness([group]), { memberId: "m-1", generationIdOrMemberEpoch: 3 });
  assert.deepEqual(group.heartbeats, ["m-1"]);
  const refusing = new SayingGroup("readers", { commit: errorCodes.ILLEGAL_GENERATION });
  commitOne(new OffsetsHarness([refusing]), { memberId: "m-1", generationIdOrMemberEpoch: 2 });
  assert.deepEqual(refusing.heartbeats, []);
});

const records: {
  title: string;
  committed: Committed;
  retentionTimeMs?: number;
  value: { offset: number; leaderEpoch: number; metadata: string; expireTimestamp: number; topicId: string };
}[] = [
  {
    title: "offset, leader epoch, metadata and topic id",
    committed: { partition: 2, offset: 42, leaderEpoch: 5, metadata: "a note" },
    value: { offset: 42, leaderEpoch: 5, metadata: "a note", expireTimestamp: -1, topicId: ORDERS_ID },
  },
  {
    title: "null metadata as an empty one",
    committed: { partition: 2, offset: 42, metadata: null },
    value: { offset: 42, leaderEpoch: -1, metadata: "", expireTimestamp: -1, topicId: ORDERS_ID },
  },
  {
    title: "an offset that is negative: it is the client's business",
    committed: { partition: 2, offset: -7 },
    value: { offset: -7, leaderEpoch: -1, metadata: "", expireTimestamp: -1, topicId: ORDERS_ID },
  },
  {
    title: "a retention time of an old client as version 1, which has neither leader epoch nor topic id",
    committed: { partition: 2, offset: 42, leaderEpoch: 5 },
    retentionTimeMs: 1_000,
    value: {
      offset: 42,
      leaderEpoch: -1,
      metadata: "",
      expireTimestamp: NOW + 1_000,
      topicId: "AAAAAAAAAAAAAAAAAAAAAA",
    },
  },
  {
    title: "a retention time without an end as one that never comes",
    committed: { partition: 2, offset: 42 },
    retentionTimeMs: LONG_MAX,
    value: { offset: 42, leaderEpoch: -1, metadata: "", expireTimestamp: LONG_MAX, topicId: "AAAAAAAAAAAAAAAAAAAAAA" },
  },
];

for (const { title, committed, retentionTimeMs = -1, value } of records) {
  test(`a commit writes ${title}`, () => {
    const harness = new OffsetsHarness();
    harness.commit({ retentionTimeMs, topics: [ordersWith([committed])] });
    assert.deepEqual(harness.takeRecords(), [
      {
        kind: "OffsetCommit",
        key: { group: "readers", topic: "orders", partition: 2 },
        value: { ...value, commitTimestamp: NOW },
      },
    ]);
  });
}

test("metadata may be as long as offset.metadata.max.bytes; a longer one refuses its partition alone", () => {
  const harness = new OffsetsHarness();
  harness.world.config = { ...harness.world.config, offsetMetadataMaxBytes: 4 };
  const answer = harness.commit({
    topics: [
      ordersWith([
        { partition: 0, offset: 1, metadata: "1234" },
        { partition: 1, offset: 2, metadata: "12345" },
        { partition: 2, offset: 3 },
      ]),
    ],
  });
  assert.deepEqual(answer.topics[0]!.partitions, [
    { partitionIndex: 0, errorCode: errorCodes.NONE },
    { partitionIndex: 1, errorCode: errorCodes.OFFSET_METADATA_TOO_LARGE },
    { partitionIndex: 2, errorCode: errorCodes.NONE },
  ]);
  assert.deepEqual(harness.offsetsOf(), { "orders-0": 1, "orders-2": 3 });
});

test("one partition that a consumer member may not commit refuses the whole request, and nothing is written", () => {
  const group = new SayingGroup("readers", { type: "consumer", commitOf: (_, partition) => wrong(partition === 2) });
  const harness = new OffsetsHarness([group]);
  const answer = harness.commit({
    topics: [
      ordersWith([
        { partition: 0, offset: 1 },
        { partition: 2, offset: 2 },
      ]),
    ],
  });
  assert.deepEqual(
    answer.topics[0]!.partitions.map(({ errorCode }) => errorCode),
    [errorCodes.STALE_MEMBER_EPOCH, errorCodes.STALE_MEMBER_EPOCH],
  );
  assert.deepEqual(harness.takeRecords(), []);
});

test("a commit without partitions is answered and writes nothing", () => {
  const harness = new OffsetsHarness();
  assert.deepEqual(harness.commit({ topics: [] }), { throttleTimeMs: 0, topics: [] });
  assert.deepEqual(harness.takeRecords(), []);
  assert.equal(harness.shard.context.groups.size, 0);
});

test("the later commit of a partition counts, also a lower offset, and also after a restart", () => {
  const harness = new OffsetsHarness();
  harness.commitOffset(0, 10, "first");
  harness.commitOffset(1, 5);
  harness.commitOffset(0, 3, "reset");
  for (const moment of ["live", "loaded"]) {
    assert.deepEqual(harness.offsetsOf(), { "orders-0": 3, "orders-1": 5 }, moment);
    assert.equal(harness.shard.offsets.size, 2, moment);
    harness.restart();
  }
});

test("a group id may be empty", () => {
  const harness = new OffsetsHarness();
  assert.equal(commitOne(harness, { groupId: "" }), errorCodes.NONE);
  assert.deepEqual(harness.offsetsOf(""), { "orders-1": 10 });
});

test("the offsets of a group can be gone through with everything that was committed", () => {
  const harness = new OffsetsHarness();
  harness.commit({ topics: [ordersWith([{ partition: 2, offset: 42, leaderEpoch: 5, metadata: "a note" }])] });
  harness.commit({ groupId: "others", topics: [ordersWith([{ partition: 2, offset: 1 }])] });
  assert.deepEqual(
    [...harness.shard.offsets.committed("readers")],
    [
      {
        topic: "orders",
        partition: 2,
        offset: 42,
        leaderEpoch: 5,
        metadata: "a note",
        commitTimestamp: NOW,
        expireTimestamp: -1,
        topicId: ORDERS_ID,
        order: 0,
      },
    ],
  );
  assert.equal(harness.shard.offsets.committedCount("readers"), 1);
  assert.deepEqual([...harness.shard.offsets.committed("nobody")], []);
});
