// How far groups are behind, as code in the broker's own process is told.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { coordinatedGroups, groupLag } from "@ottla/broker";
import { RecordBatchBuilder } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { offsetCommitApi } from "@ottla/protocol/messages/08-offset-commit.ts";
import { findCoordinatorApi } from "@ottla/protocol/messages/10-find-coordinator.ts";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import { WireClient } from "../../../tools/sim/wire-client.ts";

describe("the lag of a group", () => {
  let broker: TestBroker;
  let client: WireClient;

  before(async () => {
    broker = await startBroker();
    client = await WireClient.connect(broker.port);
    await client.call(createTopicsApi, 7, {
      topics: [{ name: "orders", numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }],
      timeoutMs: 10_000,
    });
    for (const [partition, count] of [
      [0, 5],
      [1, 3],
    ] as const) {
      const builder = new RecordBatchBuilder();
      for (let index = 0; index < count; index++) builder.append({ timestamp: Date.now(), value: Buffer.from("v") });
      await client.call(produceApi, 9, {
        acks: -1,
        timeoutMs: 10_000,
        topicData: [
          { name: "orders", topicId: ZERO_UUID, partitionData: [{ index: partition, records: builder.build() }] },
        ],
      });
    }
  });
  after(async () => {
    client.close();
    await broker.close();
  });

  const lag = (group: string) => groupLag(broker.node.broker, group);

  it("is unknown before there is a coordinator, and none of a group without offsets", async () => {
    assert.equal(lag("readers"), null);
    assert.deepEqual([...coordinatedGroups(broker.node.broker)], []);
    await client.call(findCoordinatorApi, 4, { key: "", keyType: 0, coordinatorKeys: ["readers"] });
    assert.deepEqual(lag("readers"), []);
  });

  it("is what lies between each committed offset and the end of its log", async () => {
    const committed = [
      [0, 2],
      [1, 3],
    ].map(([partitionIndex, committedOffset]) => ({
      partitionIndex: partitionIndex!,
      committedOffset: committedOffset!,
      committedMetadata: "note",
    }));
    await client.call(offsetCommitApi, 8, {
      groupId: "readers",
      memberId: "",
      topics: [{ name: "orders", topicId: ZERO_UUID, partitions: committed }],
    });
    assert.deepEqual([...coordinatedGroups(broker.node.broker)], ["readers"]);
    const common = { topic: "orders", metadata: "note" };
    assert.deepEqual(lag("readers"), [
      { ...common, partition: 0, committedOffset: 2, logEndOffset: 5, highWatermark: 5, lastStableOffset: 5, lag: 3 },
      { ...common, partition: 1, committedOffset: 3, logEndOffset: 3, highWatermark: 3, lastStableOffset: 3, lag: 0 },
    ]);
  });
});
