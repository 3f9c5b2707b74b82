import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readValues, startConsuming, write } from "./support/consuming.ts";

describe("reading", () => {
  test("assigned partitions are read from the beginning, record after record", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("plain");
    await write(kit.cluster, { topic, partition: 0 }, ["a", "b", "c"]);
    const consumer = kit.consumer({ autoOffsetReset: "earliest" });
    await consumer.assign([{ topic, partition: 0 }]);
    assert.deepEqual(await readValues(consumer, 3), ["a", "b", "c"]);
  });
});
