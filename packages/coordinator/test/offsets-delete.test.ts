// Who may delete offsets, and what is forgotten with partitions, topics and groups (OffsetDelete is KIP-496).

import assert from "node:assert/strict";
import { test } from "node:test";
import { errorCodes } from "@ottla/protocol";
import type { OffsetDeleteResponse } from "@ottla/protocol/messages/47-offset-delete.ts";
import type { GroupRecord } from "../src/group/group-records.ts";
import {
  OffsetsHarness,
  OLD_ORDERS_ID,
  ORDERS_ID,
  ordersWith,
  PRODUCER,
  SayingGroup,
} from "./support/offsets-shard.ts";
import type { Sayings } from "./support/offsets-shard.ts";

function deleteOffsets(harness: OffsetsHarness, partitions: readonly number[], name = "orders"): OffsetDeleteResponse {
  const topics = [{ name, partitions: partitions.map((partitionIndex) => ({ partitionIndex })) }];
  return harness.ask<OffsetDeleteResponse>((shard, pending) =>
    shard.offsets.deleteOffsets({ groupId: "readers", topics }, pending),
  );
}

const tombstone = (partition: number, topic = "orders"): GroupRecord => ({
  kind: "OffsetCommit",
  key: { group: "readers", topic, partition },
  value: null,
});

const refusals: { title: string; group: Sayings | null; error: keyof typeof errorCodes }[] = [
  { title: "a group that does not exist", group: null, error: "GROUP_ID_NOT_FOUND" },
  { title: "a dead group", group: { offsetDelete: errorCodes.GROUP_ID_NOT_FOUND }, error: "GROUP_ID_NOT_FOUND" },
  {
    title: "a group with members of a protocol that is not consumers'",
    group: { offsetDelete: errorCodes.NON_EMPTY_GROUP },
    error: "NON_EMPTY_GROUP",
  },
];

for (const { title, group, error } of refusals) {
  test(`deleting offsets of ${title}: ${error} for the whole request`, () => {
    const harness = new OffsetsHarness(group === null ? [] : [new SayingGroup("readers", group)]);
    assert.deepEqual(deleteOffsets(harness, [0]), { errorCode: errorCodes[error], throttleTimeMs: 0, topics: [] });
    assert.deepEqual(harness.takeRecords(), []);
  });
}

test("deleting writes a tombstone for what is committed or pending, and answers NONE for the rest too", () => {
  const harness = new OffsetsHarness();
  harness.commitOffset(0, 10);
  harness.commitTransactional({ topics: [ordersWith([{ partition: 1, offset: 21 }])] });
  harness.takeRecords();
  assert.deepEqual(deleteOffsets(harness, [0, 1, 2]), {
    errorCode: errorCodes.NONE,
    throttleTimeMs: 0,
    topics: [
      {
        name: "orders",
        partitions: [0, 1, 2].map((partitionIndex) => ({ partitionIndex, errorCode: errorCodes.NONE })),
      },
    ],
  });
  assert.deepEqual(harness.takeRecords(), [tombstone(0), tombstone(1)]);
  harness.endTransaction(PRODUCER, true);
  for (const moment of ["live", "loaded"]) {
    assert.deepEqual(harness.offsetsOf("readers", true), {}, moment);
    assert.equal(harness.shard.offsets.size, 0, moment);
    harness.restart();
  }
});

test("offsets of a topic that the group is subscribed to stay: GROUP_SUBSCRIBED_TO_TOPIC", () => {
  const harness = new OffsetsHarness([new SayingGroup("readers", { subscribedTo: ["orders"], members: 1 })]);
  harness.commitOffset(0, 10);
  assert.deepEqual(deleteOffsets(harness, [0]).topics[0]!.partitions, [
    { partitionIndex: 0, errorCode: errorCodes.GROUP_SUBSCRIBED_TO_TOPIC },
  ]);
  assert.deepEqual(harness.offsetsOf(), { "orders-0": 10 });
});

test("everything of a group is forgotten at once, with one tombstone for each partition", () => {
  const harness = new OffsetsHarness();
  harness.commitOffset(0, 10);
  harness.commitTransactional({
    topics: [
      ordersWith([
        { partition: 0, offset: 20 },
        { partition: 1, offset: 21 },
      ]),
    ],
  });
  const records = harness.shard.offsets.deleteAll("readers");
  assert.deepEqual(records, [tombstone(0), tombstone(1)]);
  harness.seed(records);
  harness.endTransaction(PRODUCER, true);
  assert.deepEqual(harness.offsetsOf(), {});
  assert.deepEqual(harness.shard.offsets.deleteAll("readers"), []);
});

const deletions: { title: string; kept: string; isForgotten: boolean }[] = [
  { title: "the deleted topic", kept: ORDERS_ID, isForgotten: true },
  { title: "a topic whose id was not kept", kept: "AAAAAAAAAAAAAAAAAAAAAA", isForgotten: true },
  { title: "another topic that has the name", kept: OLD_ORDERS_ID, isForgotten: false },
];

for (const { title, kept, isForgotten } of deletions) {
  test(`a deleted topic: an offset of ${title} ${isForgotten ? "goes" : "stays"}`, () => {
    const harness = new OffsetsHarness();
    harness.commit({ topics: [ordersWith([{ partition: 0, offset: 10 }], kept)] });
    harness.commit({ topics: [{ ...ordersWith([{ partition: 0, offset: 5 }]), name: "payments" }] });
    const records = harness.shard.offsets.partitionsDeleted([{ id: ORDERS_ID, name: "orders" }]);
    assert.deepEqual(records, isForgotten ? [tombstone(0)] : []);
  });
}

test("a deleted topic takes what open transactions committed to it along", () => {
  const harness = new OffsetsHarness();
  harness.commitTransactional({ topics: [ordersWith([{ partition: 1, offset: 21 }])] });
  const records = harness.shard.offsets.partitionsDeleted([{ id: ORDERS_ID, name: "orders" }]);
  assert.deepEqual(records, [tombstone(1)]);
  harness.seed(records);
  harness.endTransaction(PRODUCER, true);
  assert.deepEqual(harness.offsetsOf(), {});
});

test("a tombstone of what nobody committed changes nothing and makes no group", () => {
  const harness = new OffsetsHarness();
  harness.seed([tombstone(0)]);
  assert.equal(harness.shard.context.groups.size, 0);
});
