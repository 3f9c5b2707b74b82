// A fetch that waits: what wakes it, what does not, and that nothing of it is left when its client goes. The clock stands still unless a
// test moves it, so an answer that comes was not brought by time.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { ManualClock, ZERO_UUID } from "@ottla/base";
import { errorName } from "@ottla/protocol";
import { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import type { FetchResponse } from "@ottla/protocol/messages/01-fetch.ts";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import { deleteTopicsApi } from "@ottla/protocol/messages/20-delete-topics.ts";
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { batchOf } from "./support/wire.ts";

const WAIT_MS = 60_000;
const BATCH_BYTES = batchOf(["x"]).length;

describe("a fetch that waits", { timeout: 60_000 }, () => {
  const clock = new ManualClock();
  let broker: TestBroker;
  let reader: WireClient;
  let writer: WireClient;
  let topic = "";
  let count = 0;

  before(async () => {
    broker = await startBroker({ clock });
    writer = await WireClient.connect(broker.port);
  });
  after(async () => {
    writer.close();
    reader.close();
    await broker.close();
  });

  beforeEach(async () => {
    reader?.close();
    reader = await WireClient.connect(broker.port);
    topic = `t${count++}`;
    const plain = { numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] };
    await writer.call(createTopicsApi, 7, {
      topics: [{ name: topic, ...plain }],
      timeoutMs: 1000,
      validateOnly: false,
    });
  });

  it("is answered with the records that are produced", async () => {
    const waiting = fetch(1);
    await parked(1);
    await produce(0);
    const { partitions } = (await waiting).responses[0]!;
    assert.deepEqual(
      partitions.map(({ highWatermark, records }) => [highWatermark, records!.length]),
      [
        [1, BATCH_BYTES],
        [0, 0],
      ],
    );
  });

  it("is answered when min_bytes are there, however many batches that takes", async () => {
    const waiting = fetch(2 * BATCH_BYTES + 1);
    await parked(1);
    await produce(0);
    await produce(1);
    assert.equal(broker.node.broker.purgatory.size, 1, "two batches are a byte too few");
    await produce(0);
    const sizes = (await waiting).responses[0]!.partitions.map(({ records }) => records!.length);
    assert.deepEqual(sizes, [2 * BATCH_BYTES, BATCH_BYTES]);
  });

  it("is answered with what there is when its time is over", async () => {
    const waiting = fetch(10_000);
    await parked(1);
    await produce(0);
    clock.advance(WAIT_MS);
    assert.equal((await waiting).responses[0]!.partitions[0]!.records!.length, BATCH_BYTES);
  });

  it("is answered with an error when its topic is deleted", async () => {
    const waiting = fetch(1);
    await parked(1);
    await writer.call(deleteTopicsApi, 5, { topics: [], topicNames: [topic], timeoutMs: 1000 });
    const errors = (await waiting).responses[0]!.partitions.map(({ errorCode }) => errorName(errorCode));
    assert.deepEqual(errors, ["UNKNOWN_TOPIC_OR_PARTITION", "UNKNOWN_TOPIC_OR_PARTITION"]);
  });

  it("is not woken by another topic's records", async () => {
    const waiting = fetch(1);
    await parked(1);
    await produce(0, "t0");
    assert.equal(broker.node.broker.purgatory.size, 1);
    await produce(1);
    await waiting;
  });

  it("is forgotten when its client goes", async () => {
    const waiting = fetch(1);
    await parked(1);
    reader.close();
    await assert.rejects(waiting, /closed/);
    await parked(0);
  });

  it("waits although one of its partitions is not there, and does not when none is", async () => {
    const waiting = fetch(1, [0, 9]);
    await parked(1);
    await produce(0);
    const errors = (await waiting).responses[0]!.partitions.map(({ errorCode }) => errorName(errorCode));
    assert.deepEqual(errors.toSorted(), ["NONE", "UNKNOWN_TOPIC_OR_PARTITION"]);
    assert.equal((await fetch(1, [8, 9])).responses[0]!.partitions.length, 2);
  });

  it("is answered at once when the broker stops", async () => {
    await using stopping = await startBroker({ clock });
    const client = await WireClient.connect(stopping.port);
    const plain = { numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] };
    await client.call(createTopicsApi, 7, {
      topics: [{ name: topic, ...plain }],
      timeoutMs: 1000,
      validateOnly: false,
    });
    const waiting = fetch(1, [0], client);
    while (stopping.node.broker.purgatory.size === 0) await turn();
    await stopping.close();
    assert.equal((await waiting).responses[0]!.partitions[0]!.errorCode, 0);
  });

  function fetch(minBytes: number, partitions = [0, 1], client = reader): Promise<FetchResponse> {
    return client.call(fetchApi, 12, {
      maxWaitMs: WAIT_MS,
      minBytes,
      forgottenTopicsData: [],
      topics: [
        {
          topic,
          topicId: ZERO_UUID,
          partitions: partitions.map((partition) => ({ partition, fetchOffset: 0, partitionMaxBytes: 100_000 })),
        },
      ],
    });
  }

  async function produce(index: number, name = topic): Promise<void> {
    const partitionData = [{ index, records: batchOf(["x"]) }];
    const topicData = [{ name, topicId: ZERO_UUID, partitionData }];
    const response = await writer.call(produceApi, 9, { transactionalId: null, acks: -1, timeoutMs: 1000, topicData });
    assert.equal(errorName(response.responses[0]!.partitionResponses[0]!.errorCode), "NONE");
  }

  /** Resolves when so many fetches wait. */
  async function parked(fetches: number): Promise<void> {
    while (broker.node.broker.purgatory.size !== fetches) await turn();
  }
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
