// FindCoordinator on the wire: every key type, what is refused, and the partition that Apache Kafka would name.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { errorName } from "@ottla/protocol";
import { findCoordinatorApi } from "@ottla/protocol/messages/10-find-coordinator.ts";
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import { WireClient } from "../../../tools/sim/wire-client.ts";

const TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAQ";

describe("FindCoordinator", () => {
  let broker: TestBroker;
  let client: WireClient;

  before(async () => {
    // As many as with `ottla start`, where the test kit has fewer.
    const overrides = { "offsets.topic.num.partitions": "50", "transaction.state.log.num.partitions": "50" };
    broker = await startBroker({ overrides });
    client = await WireClient.connect(broker.port);
  });

  after(async () => {
    client.close();
    await broker.close();
  });

  const table: [sentence: string, version: number, keyType: number, key: string, error: string][] = [
    ["of a group", 6, 0, "g", "NONE"],
    ["of a group without a name", 6, 0, "", "NONE"],
    ["of a transactional id", 6, 1, "t", "NONE"],
    ["of a share partition", 6, 2, `g:${TOPIC_ID}:0`, "NONE"],
    ["of a share partition whose group has colons", 6, 2, `a:b:${TOPIC_ID}:7`, "NONE"],
    ["of a share partition before version 6", 5, 2, `g:${TOPIC_ID}:0`, "INVALID_REQUEST"],
    ["of a share partition without a group", 6, 2, ` :${TOPIC_ID}:0`, "INVALID_REQUEST"],
    ["of a share partition without a topic", 6, 2, "g:0", "INVALID_REQUEST"],
    ["of a share partition with a name in place of the topic's id", 6, 2, "g:topic:0", "INVALID_REQUEST"],
    ["of a share partition whose partition is no number", 6, 2, `g:${TOPIC_ID}:x`, "INVALID_REQUEST"],
    ["of a kind that nobody knows", 6, 3, "g", "INVALID_REQUEST"],
  ];
  for (const [sentence, version, keyType, key, error] of table) {
    it(`${sentence} answers ${error}`, async () => {
      const { coordinators } = await client.call(findCoordinatorApi, version, {
        key: "",
        keyType,
        coordinatorKeys: [key],
      });
      const [found] = coordinators;
      assert.equal(errorName(found!.errorCode), error);
      assert.deepEqual([found!.nodeId, found!.port], error === "NONE" ? [1, broker.port] : [-1, -1]);
    });
  }

  it("creates the topic of each kind with the configs that its coordinator needs", () => {
    const image = broker.node.broker.image();
    const told = ["__consumer_offsets", "__transaction_state", "__share_group_state"].map((name) => [
      image.topic(name)?.partitions.length,
      image.topicConfigs(name).get("cleanup.policy"),
    ]);
    assert.deepEqual(told, [
      [50, "compact"],
      [50, "compact"],
      [50, "delete"],
    ]);
  });
});
