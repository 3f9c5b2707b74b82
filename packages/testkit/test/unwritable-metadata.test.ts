// A metadata log that cannot be written for a moment, as on a full disk: whoever wants to change metadata is told, nothing is changed,
// and the next request is served.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { SeededRandom } from "@ottla/base";
import { errorName } from "@ottla/protocol";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import { deleteTopicsApi } from "@ottla/protocol/messages/20-delete-topics.ts";
import { alterConfigsApi } from "@ottla/protocol/messages/33-alter-configs.ts";
import { createPartitionsApi } from "@ottla/protocol/messages/37-create-partitions.ts";
import { incrementalAlterConfigsApi } from "@ottla/protocol/messages/44-incremental-alter-configs.ts";
import { SimulatedNode } from "../../../tools/sim/simulated-node.ts";
import type { Caller } from "../../../tools/sim/wire-client.ts";

const TOPIC = 2;

const topicOf = (name: string) => ({ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] });

/** Each returns the error code of its only item. The topic `old` is there, and deleted last. */
const requests: [name: string, ask: (client: Caller) => Promise<number>][] = [
  [
    "CreateTopics",
    async (client) => (await client.call(createTopicsApi, 7, { topics: [topicOf("new")] })).topics[0]!.errorCode,
  ],
  [
    "CreatePartitions",
    async (client) => {
      const topics = [{ name: "old", count: 2, assignments: null }];
      return (await client.call(createPartitionsApi, 3, { topics, timeoutMs: 1000, validateOnly: false })).results[0]!
        .errorCode;
    },
  ],
  [
    "AlterConfigs",
    async (client) => {
      const configs = [{ name: "retention.ms", value: "5000" }];
      const resources = [{ resourceType: TOPIC, resourceName: "old", configs }];
      return (await client.call(alterConfigsApi, 2, { resources, validateOnly: false })).responses[0]!.errorCode;
    },
  ],
  [
    "IncrementalAlterConfigs",
    async (client) => {
      const configs = [{ name: "retention.ms", configOperation: 0, value: "6000" }];
      const resources = [{ resourceType: TOPIC, resourceName: "old", configs }];
      return (await client.call(incrementalAlterConfigsApi, 1, { resources, validateOnly: false })).responses[0]!
        .errorCode;
    },
  ],
  [
    "DeleteTopics",
    async (client) => {
      const request = { topics: [], topicNames: ["old"], timeoutMs: 1000 };
      return (await client.call(deleteTopicsApi, 5, request)).responses[0]!.errorCode;
    },
  ],
];

describe("while the metadata log cannot be written", () => {
  const node = new SimulatedNode(new SeededRandom(1), {});

  before(async () => {
    await node.start(false);
    await node.client.call(createTopicsApi, 7, { topics: [topicOf("old")] });
  });

  after(() => node.stop("clean"));

  for (const [name, ask] of requests) {
    it(`${name} is refused and changes nothing, and works afterwards`, async () => {
      const image = node.node.broker.image();
      node.system.failNext({ operation: "append", path: "__cluster_metadata-0", code: "ENOSPC", shortBytes: 20 });
      assert.equal(errorName(await ask(node.client)), "KAFKA_STORAGE_ERROR");
      assert.equal(node.node.broker.image(), image);
      assert.equal(errorName(await ask(node.client)), "NONE");
      assert.notEqual(node.node.broker.image(), image);
    });
  }
});
