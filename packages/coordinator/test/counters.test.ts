// What coordinators count, and that a restart, which replays the same records, counts nothing again.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { OffsetDeleteResponse } from "@ottla/protocol/messages/47-offset-delete.ts";
import { GroupCounters } from "../src/group/group-counters.ts";
import { TransactionCounters } from "../src/transaction/transaction-counters.ts";
import { ConsumerDriver } from "./support/consumer-driver.ts";
import { OffsetsHarness, ordersWith } from "./support/offsets-shard.ts";
import { TransactionHarness } from "./support/transaction-harness.ts";

const MINUTE_MS = 60_000;
const RETENTION_MS = 7 * 24 * 60 * MINUTE_MS;

function groupCounts(expected: Partial<GroupCounters>): GroupCounters {
  return Object.assign(new GroupCounters(), expected);
}

function transactionCounts(expected: Partial<TransactionCounters>): TransactionCounters {
  return Object.assign(new TransactionCounters(), expected);
}

describe("offsets", () => {
  it("are counted when committed, partition by partition, in a transaction too", () => {
    const harness = new OffsetsHarness();
    const offsets = [
      { partition: 0, offset: 1 },
      { partition: 1, offset: 1 },
    ];
    harness.commit({ topics: [ordersWith(offsets)] });
    harness.commitTransactional({ topics: [ordersWith([{ partition: 2, offset: 1 }])] });
    harness.restart();
    assert.deepEqual(harness.world.counters, groupCounts({ committedOffsets: 3 }));
  });

  it("are counted when they expire, without their group", () => {
    const harness = new OffsetsHarness();
    harness.commitOffset(0, 1);
    harness.advance(2 * RETENTION_MS);
    assert.deepEqual(harness.world.counters, groupCounts({ committedOffsets: 1, expiredOffsets: 1 }));
  });

  it("are counted when deleted, those that were there", () => {
    const harness = new OffsetsHarness();
    harness.commitOffset(0, 1);
    const partitions = [{ partitionIndex: 0 }, { partitionIndex: 1 }];
    const request = { groupId: "readers", topics: [{ name: "orders", partitions }] };
    harness.ask<OffsetDeleteResponse>((shard, pending) => shard.offsets.deleteOffsets(request, pending));
    assert.deepEqual(harness.world.counters, groupCounts({ committedOffsets: 1, deletedOffsets: 1 }));
  });
});

describe("a consumer group", () => {
  it("counts a rebalance with each growth of its epoch, and none with a heartbeat that changes nothing", () => {
    const driver = new ConsumerDriver();
    driver.join("a");
    driver.beat("a");
    driver.join("b");
    driver.beat("b");
    const { counters } = driver.harness.shard.context;
    assert.deepEqual(counters, groupCounts({ consumerGroupRebalances: 2 }));
  });
});

describe("a transaction", () => {
  const begun = (): TransactionHarness => {
    const harness = new TransactionHarness();
    harness.init();
    harness.add(1000, 0, { orders: [0] });
    return harness;
  };

  it("is counted once when it is decided to commit, however often EndTxn is repeated", () => {
    const harness = begun();
    harness.end(1000, 0, true);
    harness.complete();
    harness.end(1000, 0, true);
    harness.shards.restart();
    assert.deepEqual(harness.counters, transactionCounts({ committed: 1 }));
  });

  it("is not counted again by a coordinator that drives on what was decided before", () => {
    const harness = begun();
    harness.end(1000, 0, false);
    harness.shards.restart();
    harness.complete();
    assert.deepEqual(harness.counters, transactionCounts({ aborted: 1 }));
  });

  it("is counted as aborted and as timed out when its time is over", () => {
    const harness = begun();
    harness.shards.advance(MINUTE_MS + harness.config.abortTimedOutIntervalMs);
    assert.deepEqual(harness.counters, transactionCounts({ aborted: 1, timedOut: 1 }));
  });
});
