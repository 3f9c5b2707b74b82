// An idempotent producer against the real broker while answers are lost, connections end, leaders are denied and brokers throttle: nothing
// lost, nothing doubled, nothing out of order. The rules themselves are tried at length in producer-order.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { CompressionName } from "@ottla/protocol";
import { producedBatches } from "./support/produced.ts";
import { startTarget } from "./target.ts";

const PARTITIONS = 3;
const RECORDS = 3000;

for (const compression of ["none", "lz4"] satisfies CompressionName[]) {
  test(`under faults of every kind records (${compression}) arrive once and in order`, async () => {
    await using target = await startTarget({ overrides: { "num.partitions": String(PARTITIONS) } });
    if (target.broker === null) return;
    const { faults } = target.broker;
    const topic = target.topicName("faults");
    const kafka = target.kafka({
      retryBackoffMs: 1,
      retryBackoffMaxMs: 5,
      reconnectBackoffMs: 1,
      reconnectBackoffMaxMs: 5,
    });
    await using producer = kafka.producer({ compression, batchSizeBytes: 500, maxBatchBytes: 2000, lingerMs: 1 });
    const actions = [
      { loseAnswer: true },
      { drop: "connection" },
      { error: "NOT_LEADER_OR_FOLLOWER" },
      { error: "NOT_ENOUGH_REPLICAS" },
      { cutFrame: 10 },
      { throttleMs: 2 },
    ] as const;
    for (const action of actions) faults.add({ api: "Produce", probability: 0.05, action });
    const sent: Promise<unknown>[] = [];
    for (let number = 0; number < RECORDS; number++) {
      const promise = producer.send({ topic, partition: number % PARTITIONS, value: String(number) });
      sent.push(promise);
      if (number % 20 === 0) await promise;
    }
    const places = (await Promise.all(sent)) as { partition: number; offset: number }[];
    const batches = await producedBatches(target.cluster(), topic);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const values = batches
        .filter((batch) => batch.partition === partition)
        .flatMap(({ records }) => records.map(({ value }) => Number(value!.toString())));
      assert.deepEqual(
        values,
        Array.from({ length: RECORDS / PARTITIONS }, (_, at) => at * PARTITIONS + partition),
      );
      for (const [at, value] of values.entries()) assert.equal(places[value]!.offset, at);
    }
    const retries = producer.metrics().find(({ name }) => name === "record-retry-total");
    assert.equal(retries!.value > 0, true);
  });
}
