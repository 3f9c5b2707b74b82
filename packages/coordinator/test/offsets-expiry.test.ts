// When committed offsets and the groups that had them are forgotten (KIP-211).

import assert from "node:assert/strict";
import { test } from "node:test";
import type { GroupRecord } from "../src/group/group-records.ts";
import { OffsetsHarness, ordersWith, PRODUCER, SayingGroup } from "./support/offsets-shard.ts";
import type { Sayings } from "./support/offsets-shard.ts";

const HOUR_MS = 3_600_000;
const RETENTION_MS = 7 * 24 * HOUR_MS;

const offsetTombstone: GroupRecord = {
  kind: "OffsetCommit",
  key: { group: "readers", topic: "orders", partition: 0 },
  value: null,
};
const groupTombstone: GroupRecord = { kind: "GroupMetadata", key: { group: "readers" }, value: null };

const cases: {
  title: string;
  group: Sayings | null;
  /** OffsetCommit's retention time. */
  retentionTimeMs?: number;
  pending?: true;
  afterMs: number;
  records: GroupRecord[];
}[] = [
  { title: "a simple group, too early", group: null, afterMs: RETENTION_MS - 1, records: [] },
  {
    title: "a simple group, from the commit on",
    group: null,
    afterMs: RETENTION_MS,
    records: [offsetTombstone, groupTombstone],
  },
  {
    title: "a group that became empty later than the commit",
    group: { expiration: { baseTimestampMs: (committed) => committed + HOUR_MS } },
    afterMs: RETENTION_MS,
    records: [],
  },
  {
    title: "a group that has been empty for so long",
    group: { expiration: { baseTimestampMs: (committed) => committed + HOUR_MS } },
    afterMs: RETENTION_MS + HOUR_MS,
    records: [offsetTombstone, groupTombstone],
  },
  {
    title: "a group that may not expire offsets in its state",
    group: { members: 1, expiration: null },
    afterMs: 10 * RETENTION_MS,
    records: [],
  },
  {
    title: "a group with members that are subscribed to the topic",
    group: { members: 1, subscribedTo: ["orders"] },
    afterMs: 10 * RETENTION_MS,
    records: [],
  },
  {
    title: "a group with members that are subscribed to other topics: the group stays",
    group: { members: 1, subscribedTo: ["payments"] },
    afterMs: RETENTION_MS,
    records: [offsetTombstone],
  },
  {
    title: "a commit that says itself when it expires, earlier than the broker's retention",
    group: null,
    retentionTimeMs: HOUR_MS,
    afterMs: HOUR_MS,
    records: [offsetTombstone, groupTombstone],
  },
  {
    title: "a commit that says itself when it expires, later than the broker's retention",
    group: null,
    retentionTimeMs: 2 * RETENTION_MS,
    afterMs: 2 * RETENTION_MS - 1,
    records: [],
  },
  {
    title: "an offset that an open transaction is about to change",
    group: null,
    pending: true,
    afterMs: 10 * RETENTION_MS,
    records: [],
  },
];

for (const { title, group, retentionTimeMs = -1, pending, afterMs, records } of cases) {
  test(`offsets expire: ${title}: ${records.length} tombstones`, () => {
    const harness = new OffsetsHarness(group === null ? [] : [new SayingGroup("readers", group)]);
    harness.commit({ retentionTimeMs, topics: [ordersWith([{ partition: 0, offset: 10 }])] });
    if (pending === true) harness.commitTransactional({ topics: [ordersWith([{ partition: 0, offset: 20 }])] });
    const { wallMs, monotonicMs } = harness.now;
    const written = harness.shard.offsets.expire({ wallMs: wallMs + afterMs, monotonicMs });
    assert.deepEqual(written, records);
  });
}

test("an empty group without offsets is forgotten; one with members, or with an open transaction, is not", () => {
  const harness = new OffsetsHarness([
    new SayingGroup("readers"),
    new SayingGroup("members", { members: 1 }),
    new SayingGroup("pending"),
  ]);
  harness.commitTransactional({ groupId: "pending", topics: [ordersWith([{ partition: 0, offset: 1 }])] });
  assert.deepEqual(harness.shard.offsets.expire(harness.now), [groupTombstone]);
});

test("a group goes only with its last offset", () => {
  const harness = new OffsetsHarness();
  harness.commitOffset(0, 1);
  const { wallMs, monotonicMs } = harness.now;
  harness.jumpWallClock(HOUR_MS);
  harness.commitOffset(1, 1);
  assert.deepEqual(harness.shard.offsets.expire({ wallMs: wallMs + RETENTION_MS, monotonicMs }), [offsetTombstone]);
});

test("expired offsets are looked for every offsets.retention.check.interval.ms, again after a restart, and are then gone", () => {
  const harness = new OffsetsHarness();
  harness.commitOffset(0, 1);
  harness.takeRecords();
  harness.advance(RETENTION_MS - HOUR_MS);
  assert.deepEqual(harness.takeRecords(), []);
  harness.restart();
  harness.advance(2 * HOUR_MS);
  assert.deepEqual(harness.takeRecords(), [offsetTombstone, groupTombstone]);
  assert.equal(harness.shard.offsets.size, 0);
  assert.equal(harness.shard.context.groups.size, 0);
});

test("a wall clock that jumps back expires nothing early", () => {
  const harness = new OffsetsHarness();
  harness.commitOffset(0, 1);
  harness.takeRecords();
  harness.jumpWallClock(-RETENTION_MS);
  harness.advance(RETENTION_MS);
  assert.deepEqual(harness.takeRecords(), []);
});

test("the end of the transaction lets the offset expire again", () => {
  const harness = new OffsetsHarness();
  harness.commitTransactional({ topics: [ordersWith([{ partition: 0, offset: 20 }])] });
  harness.endTransaction(PRODUCER, true);
  const { wallMs, monotonicMs } = harness.now;
  assert.deepEqual(harness.shard.offsets.expire({ wallMs: wallMs + RETENTION_MS, monotonicMs }), [
    offsetTombstone,
    groupTombstone,
  ]);
});
