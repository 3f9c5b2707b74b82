// A node that is closed while its coordinators are in the middle of something: joins and syncs that wait, a marker that cannot be written,
// a shard that is being loaded, an append on a slow disk. It ends at once, tells everybody, and the next start goes on.

import assert from "node:assert/strict";
import { it } from "node:test";
import { partitionFor } from "@ottla/coordinator";
import { errorName } from "@ottla/protocol";
import { joinGroupApi } from "@ottla/protocol/messages/11-join-group.ts";
import type { JoinGroupResponse } from "@ottla/protocol/messages/11-join-group.ts";
import { syncGroupApi } from "@ottla/protocol/messages/14-sync-group.ts";
import { addPartitionsToTxnApi } from "@ottla/protocol/messages/24-add-partitions-to-txn.ts";
import { endTxnApi } from "@ottla/protocol/messages/26-end-txn.ts";
import { turns } from "../../../tools/sim/simulated-node.ts";
import { CoordinatorRig } from "./support/coordinator-rig.ts";

const REBALANCE_DELAY_MS = 3000;
const CLOSE_LIMIT_MS = 5000;
/** No member id is asked for beforehand. */
const JOIN_VERSION = 3;

it("answers joins and syncs that wait, and joins go on after the next start", async () => {
  const rig = await CoordinatorRig.open({});
  const joining = [join(rig, "a"), join(rig, "a")];
  await turns(5);
  rig.clock.advance(REBALANCE_DELAY_MS);
  const [one, other] = await Promise.all(joining);
  const follower = one!.leader === one!.memberId ? other! : one!;
  const sync = rig.client.call(syncGroupApi, 3, { ...follower, groupId: "a", assignments: [] });
  const joinThatWaits = join(rig, "b");
  await turns(5);
  await closeInTime(rig);
  assert.equal(errorName((await sync).errorCode), "NOT_COORDINATOR");
  assert.equal(errorName((await joinThatWaits).errorCode), "NOT_COORDINATOR");
  assert.deepEqual(rig.complaints(), 0);
  await rig.start();
  const again = join(rig, "a");
  await turns(5);
  rig.clock.advance(REBALANCE_DELAY_MS);
  assert.equal(errorName((await again).errorCode), "NONE");
  await rig.close();
});

it("leaves markers that cannot be written to the next start", async () => {
  const rig = await CoordinatorRig.open({});
  const { producerId, epoch } = await rig.initialize("a");
  const topics = [{ name: "t", partitions: [0] }];
  const producer = { v3AndBelowProducerId: producerId, v3AndBelowProducerEpoch: epoch };
  const added = await rig.client.call(addPartitionsToTxnApi, 3, {
    ...producer,
    transactions: [],
    v3AndBelowTransactionalId: "a",
    v3AndBelowTopics: topics,
  });
  assert.equal(added.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode, 0);
  rig.system.failNext({ operation: "append", code: "EIO", path: "/t-0/" });
  const end = { transactionalId: "a", producerId, producerEpoch: epoch, committed: true };
  assert.equal((await rig.client.call(endTxnApi, 3, end)).errorCode, 0);
  await rig.pass(10_000);
  assert.equal((await rig.initialize("a")).error, "CONCURRENT_TRANSACTIONS");
  await closeInTime(rig);
  await rig.start();
  await turns(10);
  assert.equal((await rig.initialize("a")).error, "NONE");
  await rig.close();
});

it("gives up loading a shard, and waits for an append that is under way", async () => {
  const rig = await CoordinatorRig.open({});
  assert.equal(await rig.commit("a", 1), "NONE");
  assert.equal(await rig.commit("b", 1), "NONE");
  const release = rig.holdDisk();
  const late = rig.commit("a", 2);
  await turns(3);
  rig.newEpoch("__consumer_offsets", partitionFor("a", 2));
  rig.newEpoch("__consumer_offsets", partitionFor("b", 2));
  const closed = closeInTime(rig);
  assert.equal(await late, "NOT_COORDINATOR");
  release();
  await closed;
  assert.equal(rig.complaints(), 0);
  await rig.start();
  assert.equal(await rig.committed("a"), 2);
  assert.equal(await rig.committed("b"), 1);
  await rig.close();
});

async function closeInTime(rig: CoordinatorRig): Promise<void> {
  const begunMs = performance.now();
  await rig.close();
  const tookMs = performance.now() - begunMs;
  assert.ok(tookMs < CLOSE_LIMIT_MS, `it took ${Math.round(tookMs)} ms`);
}

function join(rig: CoordinatorRig, groupId: string): Promise<JoinGroupResponse> {
  return rig.client.call(joinGroupApi, JOIN_VERSION, {
    groupId,
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 60_000,
    memberId: "",
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: Buffer.from([0, 0, 0, 0, 0, 0]) }],
  });
}
