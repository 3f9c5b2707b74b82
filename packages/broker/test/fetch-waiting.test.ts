// When a fetch that found fewer than min_bytes does not wait. The clock stands still, so one that waits is never answered by time.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ManualClock, ZERO_UUID } from "@ottla/base";
import { startNode } from "@ottla/broker";
import type { Node } from "@ottla/broker";
import { errorName, RecordBatchBuilder } from "@ottla/protocol";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import { WireClient } from "../../../tools/sim/wire-client.ts";

const BATCH_BYTES = 700_000;
const HUGE = 1_000_000_000;

describe("a fetch with fewer than min_bytes is answered at once", { timeout: 10_000 }, () => {
  let node: Node;
  let client: WireClient;

  before(async () => {
    const properties = new Map([["listeners", "PLAINTEXT://127.0.0.1:0"]]);
    node = await startNode({ properties, storage: "memory", clock: new ManualClock() });
    client = await WireClient.connect(node.listeners[0]!.port);
    const topic = { name: "t", numPartitions: 1, replicationFactor: 1, assignments: [] };
    const configs = [{ name: "segment.bytes", value: "1500000" }];
    await client.call(createTopicsApi, 5, { topics: [{ ...topic, configs }], timeoutMs: 1000, validateOnly: false });
    for (let batch = 0; batch < 3; batch++) await append(node);
  });

  after(async () => {
    client.close();
    await node.close();
  });

  for (const [name, offset, limits, records] of [
    ["when the rest lies in the next chunk of memory", 0, { minBytes: HUGE, maxBytes: HUGE }, 1],
    ["when the rest lies in the next segment", 1, { minBytes: HUGE, maxBytes: HUGE }, 1],
    ["when it has max_bytes", 2, { minBytes: HUGE, maxBytes: 1000 }, 1],
  ] as const) {
    test(name, async () => {
      const partition = { partition: 0, currentLeaderEpoch: -1, fetchOffset: offset, partitionMaxBytes: HUGE };
      const topic = { topic: "t", topicId: ZERO_UUID, partitions: [partition] };
      const request = { maxWaitMs: 500, ...limits, topics: [topic], forgottenTopicsData: [], sessionEpoch: -1 };
      const { responses } = await client.call(fetchApi, 12, request);
      const answer = responses[0]!.partitions[0]!;
      assert.equal(errorName(answer.errorCode), "NONE");
      assert.equal(Math.floor(answer.records!.length / BATCH_BYTES), records);
    });
  }
});

function append(node: Node): Promise<void> {
  const builder = new RecordBatchBuilder({ baseOffset: 0, partitionLeaderEpoch: 0 });
  builder.append({ timestamp: 0, value: Buffer.alloc(BATCH_BYTES) });
  return new Promise((resolve) => {
    node.broker.replicas.get("t", 0)!.append(builder.build(), "client", ({ errorCode }) => {
      assert.equal(errorName(errorCode), "NONE");
      resolve();
    });
  });
}
