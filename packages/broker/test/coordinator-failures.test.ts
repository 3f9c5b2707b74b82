// Coordinators over files that fail or are slow: who waits is told what Kafka tells, nothing acknowledged is lost, no record is missed that
// lands late, other partitions go on, and what is tried again for ever fills no log.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { partitionFor } from "@ottla/coordinator";
import { errorName } from "@ottla/protocol";
import { offsetCommitApi } from "@ottla/protocol/messages/08-offset-commit.ts";
import type { Fault } from "@ottla/storage/faulty";
import { turns } from "../../../tools/sim/simulated-node.ts";
import { CoordinatorRig } from "./support/coordinator-rig.ts";

const HOUR_MS = 3_600_000;
/** The least that Kafka takes for segment.bytes. */
const SMALLEST_SEGMENT_BYTES = 1024 * 1024;
/** Two keys, one for each partition of a coordinator's topic. */
const [BAD, GOOD] = ["a", "b"] as const;
assert.notEqual(partitionFor(BAD, 2), partitionFor(GOOD, 2));
const FAULTS: [sentence: string, fault: Omit<Fault, "path">, overrides: Record<string, string>][] = [
  ["an append that fails", { operation: "append", code: "EIO" }, {}],
  ["a full disk, in the middle of a batch", { operation: "append", code: "ENOSPC", shortBytes: 20 }, {}],
  ["a failed sync", { operation: "sync", code: "EIO" }, { "log.flush.interval.messages": "1" }],
];

describe("a coordinator whose log fails", () => {
  for (const [sentence, fault, overrides] of FAULTS) {
    it(`of groups, by ${sentence}: refuses, goes on with the other partition, is right after a restart`, async () => {
      const rig = await CoordinatorRig.open(overrides);
      assert.equal(await rig.commit(BAD, 1), "NONE");
      assert.equal(await rig.commit(GOOD, 1), "NONE");
      rig.system.failNext({ ...fault, path: `/__consumer_offsets-${partitionFor(BAD, 2)}/` });
      assert.equal(await rig.commit(BAD, 2), "NOT_COORDINATOR");
      assert.equal(await rig.commit(BAD, 3), "NOT_COORDINATOR");
      assert.equal(await rig.commit(GOOD, 2), "NONE");
      await rig.pass(HOUR_MS);
      assert.ok(rig.complaints() < 80, `${rig.complaints()} lines in an hour`);
      assert.match(await rig.commit(BAD, 4), /NOT_COORDINATOR|COORDINATOR_LOAD_IN_PROGRESS/);
      assert.equal(await rig.commit(GOOD, 3), "NONE");
      await rig.restart();
      assert.equal(await rig.committed(GOOD), 3);
      const kept = await rig.committed(BAD);
      assert.ok(kept === 1 || (kept === 2 && fault.operation === "sync"), `committed: ${kept}`);
      assert.equal(await rig.commit(BAD, 5), "NONE");
      await rig.close();
    });
  }

  it("with its first record: is quiet too, and refuses", async () => {
    const rig = await CoordinatorRig.open({});
    rig.system.failNext({ operation: "append", code: "EIO", path: `/__consumer_offsets-${partitionFor(BAD, 2)}/` });
    assert.equal(await rig.commit(BAD, 1), "NOT_COORDINATOR");
    for (let minute = 0; minute < 60; minute++) {
      await rig.pass(HOUR_MS / 60);
      assert.equal(rig.isActive("groups", partitionFor(BAD, 2)), false);
      assert.match(await rig.commit(BAD, 1), /NOT_COORDINATOR|COORDINATOR_LOAD_IN_PROGRESS/);
    }
    assert.ok(rig.complaints() < 80, `${rig.complaints()} lines in an hour`);
    await rig.close();
  });

  for (const [sentence, fault, overrides] of FAULTS) {
    it(`of transactions, by ${sentence}: refuses, and gives no epoch twice after a restart`, async () => {
      const rig = await CoordinatorRig.open(overrides);
      const first = await rig.initialize(BAD);
      assert.equal(first.error, "NONE");
      rig.system.failNext({ ...fault, path: `/__transaction_state-${partitionFor(BAD, 2)}/` });
      assert.equal((await rig.initialize(BAD)).error, "NOT_COORDINATOR");
      assert.equal((await rig.initialize(GOOD)).error, "NONE");
      await rig.pass(HOUR_MS);
      assert.ok(rig.complaints() < 80, `${rig.complaints()} lines in an hour`);
      await rig.restart();
      const again = await rig.initialize(BAD);
      assert.deepEqual([again.error, again.producerId], ["NONE", first.producerId]);
      assert.ok(again.epoch > first.epoch);
      await rig.close();
    });
  }
});

describe("a coordinator whose log has small segments", () => {
  it("refuses what fits a batch but no segment, and all others go on", async () => {
    const rig = await CoordinatorRig.open({
      "message.max.bytes": "5000000",
      "offsets.topic.segment.bytes": String(SMALLEST_SEGMENT_BYTES),
    });
    const one = { partitionIndex: 0, committedOffset: 1, committedMetadata: "m".repeat(4000) };
    const partitions = Array.from({ length: SMALLEST_SEGMENT_BYTES / 4000 + 1 }, () => one);
    const topics = [{ name: "t", topicId: ZERO_UUID, partitions }];
    const large = rig.client.call(offsetCommitApi, 9, { groupId: BAD, memberId: "", topics });
    const small = rig.commit(BAD, 1);
    assert.equal(errorName((await large).topics[0]!.partitions[0]!.errorCode), "UNKNOWN_SERVER_ERROR");
    assert.equal(await small, "NONE");
    assert.equal(rig.isActive("groups", partitionFor(BAD, 2)), true);
    await rig.close();
  });
});

describe("a coordinator with a slow disk", () => {
  it("that is loaded again in a new epoch misses no record of the one before", async () => {
    const rig = await CoordinatorRig.open({});
    assert.equal(await rig.commit(BAD, 1), "NONE");
    const release = rig.holdDisk();
    const late = rig.commit(BAD, 2);
    await turns(3);
    rig.newEpoch("__consumer_offsets", partitionFor(BAD, 2));
    assert.equal(await late, "NOT_COORDINATOR");
    await turns(10);
    assert.equal(rig.isActive("groups", partitionFor(BAD, 2)), false);
    release();
    await turns(10);
    assert.equal(await rig.committed(BAD), 2);
    await rig.restart();
    assert.equal(await rig.committed(BAD), 2);
    await rig.close();
  });

  it("that was empty waits for what is under way as well", async () => {
    const rig = await CoordinatorRig.open({});
    const release = rig.holdDisk();
    const late = rig.commit(BAD, 2);
    await turns(3);
    rig.newEpoch("__consumer_offsets", partitionFor(BAD, 2));
    assert.equal(await late, "NOT_COORDINATOR");
    release();
    await turns(10);
    assert.equal(await rig.committed(BAD), 2);
    await rig.close();
  });
});
