// What no client sends by mistake, against groups of others on the same shard: they must notice nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { errorName } from "@ottla/protocol";
import { offsetCommitApi } from "@ottla/protocol/messages/08-offset-commit.ts";
import { findCoordinatorApi } from "@ottla/protocol/messages/10-find-coordinator.ts";
import { joinGroupApi } from "@ottla/protocol/messages/11-join-group.ts";
import { syncGroupApi } from "@ottla/protocol/messages/14-sync-group.ts";
import { incrementalAlterConfigsApi } from "@ottla/protocol/messages/44-incremental-alter-configs.ts";
import { Wire } from "./support/wire.ts";

const TOPIC_RESOURCE = 2;
const SET = 0;

async function openShard(): Promise<Wire> {
  const wire = await Wire.open({ "offsets.topic.num.partitions": "1" });
  await wire.createTopics({ t: 1 });
  await wire.call(findCoordinatorApi, 4, { key: "", keyType: 0, coordinatorKeys: ["any"] });
  return wire;
}

async function commit(wire: Wire, groupId: string): Promise<string> {
  const partition = { partitionIndex: 0, committedOffset: 1, committedLeaderEpoch: -1, committedMetadata: "" };
  const { topics } = await wire.call(offsetCommitApi, 8, {
    groupId,
    generationIdOrMemberEpoch: -1,
    memberId: "",
    groupInstanceId: null,
    retentionTimeMs: -1,
    topics: [{ name: wire.name("t"), topicId: ZERO_UUID, partitions: [partition] }],
  });
  return errorName(topics[0]!.partitions[0]!.errorCode);
}

test("a group that is too large for the limit of __consumer_offsets itself is refused, and no other", async () => {
  await using wire = await openShard();
  await wire.call(incrementalAlterConfigsApi, 1, {
    resources: [
      {
        resourceType: TOPIC_RESOURCE,
        resourceName: "__consumer_offsets",
        configs: [{ name: "max.message.bytes", configOperation: SET, value: "4000" }],
      },
    ],
    validateOnly: false,
  });
  const joined = await wire.call(joinGroupApi, 3, {
    groupId: "large",
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    memberId: "",
    groupInstanceId: null,
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: Buffer.alloc(5000) }],
    reason: null,
  });
  const synced = await wire.call(syncGroupApi, 3, {
    groupId: "large",
    generationId: joined.generationId,
    memberId: joined.memberId,
    groupInstanceId: null,
    protocolType: null,
    protocolName: null,
    assignments: [],
  });
  assert.equal(errorName(synced.errorCode), "UNKNOWN_SERVER_ERROR");
  assert.equal(await commit(wire, "other"), "NONE");
});
