// OffsetFetch of one group: what is answered for each partition, by what was committed, pending and asked (KIP-447, KIP-709, KIP-848).

import assert from "node:assert/strict";
import { test } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { OffsetsHarness, OLD_ORDERS_ID, ORDERS_ID, ordersWith, SayingGroup } from "./support/offsets-shard.ts";

const ORDERS = { name: "orders", topicId: ZERO_UUID, partitionIndexes: [0, 1, 7] };

const none = (partitionIndex: number, errorCode: number = errorCodes.NONE) => ({
  partitionIndex,
  committedOffset: -1,
  committedLeaderEpoch: -1,
  metadata: "",
  errorCode,
});

const committed = (partitionIndex: number, committedOffset: number, committedLeaderEpoch = -1, metadata = "") => ({
  partitionIndex,
  committedOffset,
  committedLeaderEpoch,
  metadata,
  errorCode: errorCodes.NONE,
});

test("a fetch of named partitions answers each in the order asked, -1 where nothing is committed", () => {
  const harness = new OffsetsHarness();
  harness.commit({
    topics: [ordersWith([{ partition: 1, offset: 10, leaderEpoch: 4, metadata: "a note" }])],
  });
  assert.deepEqual(harness.fetch({ topics: [{ ...ORDERS, name: "unheard-of" }, ORDERS] }), {
    groupId: "readers",
    errorCode: errorCodes.NONE,
    topics: [
      { name: "unheard-of", topicId: ZERO_UUID, partitions: [none(0), none(1), none(7)] },
      { name: "orders", topicId: ZERO_UUID, partitions: [none(0), committed(1, 10, 4, "a note"), none(7)] },
    ],
  });
});

test("a fetch of everything answers every topic of the group and no other group's", () => {
  const harness = new OffsetsHarness();
  harness.commitOffset(2, 20);
  harness.commit({ topics: [{ ...ordersWith([{ partition: 0, offset: 5 }]), name: "payments" }] });
  harness.commitOffset(0, 10);
  harness.commit({ groupId: "others", topics: [ordersWith([{ partition: 1, offset: 99 }])] });
  assert.deepEqual(harness.fetch({ topics: null }).topics, [
    { name: "orders", topicId: ZERO_UUID, partitions: [committed(2, 20), committed(0, 10)] },
    { name: "payments", topicId: ZERO_UUID, partitions: [committed(0, 5)] },
  ]);
});

const groups: { title: string; group: SayingGroup | null; error: number; partitions: number }[] = [
  { title: "a group that does not exist", group: null, error: errorCodes.NONE, partitions: 3 },
  {
    title: "a dead group",
    group: new SayingGroup("readers", { fetch: errorCodes.GROUP_ID_NOT_FOUND }),
    error: errorCodes.NONE,
    partitions: 3,
  },
  {
    title: "an unknown member of a consumer group",
    group: new SayingGroup("readers", { type: "consumer", fetch: errorCodes.UNKNOWN_MEMBER_ID }),
    error: errorCodes.UNKNOWN_MEMBER_ID,
    partitions: 0,
  },
  {
    title: "a stale epoch in a consumer group",
    group: new SayingGroup("readers", { type: "consumer", fetch: errorCodes.STALE_MEMBER_EPOCH }),
    error: errorCodes.STALE_MEMBER_EPOCH,
    partitions: 0,
  },
  {
    title: "an old generation of a classic member in a consumer group",
    group: new SayingGroup("readers", { type: "consumer", fetch: errorCodes.ILLEGAL_GENERATION }),
    error: errorCodes.ILLEGAL_GENERATION,
    partitions: 0,
  },
];

for (const { title, group, error, partitions } of groups) {
  test(`a fetch from ${title} gives error ${error} and ${partitions} partitions without an offset`, () => {
    const harness = new OffsetsHarness(group === null ? [] : [group]);
    const answer = harness.fetch({ memberId: "m", memberEpoch: 1, topics: [ORDERS] });
    assert.equal(answer.errorCode, error);
    assert.deepEqual(
      answer.topics.flatMap((topic) => topic.partitions),
      [none(0), none(1), none(7)].slice(0, partitions),
    );
    const all = harness.fetch({ memberId: "m", memberEpoch: 1, topics: null });
    assert.deepEqual(all, { groupId: "readers", topics: [], errorCode: error });
  });
}

test("an offset of a dead group is not told, whatever is still kept", () => {
  const harness = new OffsetsHarness([new SayingGroup("readers", { fetch: errorCodes.GROUP_ID_NOT_FOUND })]);
  harness.commitOffset(0, 10);
  assert.deepEqual(harness.fetch({ topics: [{ ...ORDERS, partitionIndexes: [0] }] }).topics[0]!.partitions, [none(0)]);
});

const ids: { title: string; kept: string; asked: string; offset: number }[] = [
  { title: "the same id", kept: ORDERS_ID, asked: ORDERS_ID, offset: 10 },
  { title: "a client that names topics by name", kept: ORDERS_ID, asked: ZERO_UUID, offset: 10 },
  { title: "an offset of before topic ids were kept", kept: ZERO_UUID, asked: ORDERS_ID, offset: 10 },
  { title: "a topic that was created anew under its name", kept: OLD_ORDERS_ID, asked: ORDERS_ID, offset: -1 },
];

for (const { title, kept, asked, offset } of ids) {
  test(`a fetch by topic id: ${title}: offset ${offset}`, () => {
    const harness = new OffsetsHarness();
    harness.commit({ topics: [ordersWith([{ partition: 0, offset: 10 }], kept)] }, 10);
    const [topic] = harness.fetch({ topics: [{ name: "orders", topicId: asked, partitionIndexes: [0] }] }).topics;
    assert.equal(topic!.topicId, asked);
    assert.equal(topic!.partitions[0]!.committedOffset, offset);
  });
}

test("an offset in an open transaction is unstable for who asks for stable ones, and its old value for others", () => {
  const harness = new OffsetsHarness();
  harness.commitOffset(0, 10);
  harness.commitOffset(1, 11);
  harness.commitTransactional({
    topics: [
      ordersWith([
        { partition: 1, offset: 21 },
        { partition: 2, offset: 22 },
      ]),
    ],
  });
  const asked = { ...ORDERS, partitionIndexes: [0, 1, 2] };
  assert.deepEqual(harness.fetch({ topics: [asked] }, false).topics[0]!.partitions, [
    committed(0, 10),
    committed(1, 11),
    none(2),
  ]);
  assert.deepEqual(harness.fetch({ topics: [asked] }, true).topics[0]!.partitions, [
    committed(0, 10),
    none(1, errorCodes.UNSTABLE_OFFSET_COMMIT),
    none(2, errorCodes.UNSTABLE_OFFSET_COMMIT),
  ]);
  // Kafka, too, goes over what is committed when everything is asked for: a partition that is only pending is left out.
  assert.deepEqual(harness.offsetsOf("readers", true), { "orders-0": 10, "orders-1": -2 });
  assert.deepEqual(harness.offsetsOf("readers", false), { "orders-0": 10, "orders-1": 11 });
});
