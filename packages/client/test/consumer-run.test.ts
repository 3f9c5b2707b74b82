// `consumer.run`: handlers side by side in an order that is kept, what happens when one throws, and how a run ends.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ConfigError } from "../src/errors.ts";
import { committedOf, numbers, readValues, startConsuming, write } from "./support/consuming.ts";
import { PATIENCE_MS } from "./support/eventually.ts";

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

describe("run", () => {
  async function started(partitions: number, perPartition: number) {
    const kit = await startConsuming();
    const topic = await kit.topic("run", { partitions });
    for (let partition = 0; partition < partitions; partition++) {
      const records = numbers(perPartition).map((value, index) => ({
        key: Buffer.from(`k${index % 3}`),
        value: Buffer.from(value),
      }));
      await write(kit.cluster, { topic, partition }, records);
    }
    const groupId = kit.target.topicName("g");
    const consumer = kit.consumer({ groupId, autoOffsetReset: "earliest" });
    await consumer.subscribe(topic);
    return { kit, topic, groupId, consumer };
  }
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  test("order partition: records of a partition one after another, partitions side by side", async () => {
    const { kit, topic, groupId, consumer } = await started(4, 20);
    await using _ = kit;
    const stop = new AbortController();
    const seen: number[][] = [[], [], [], []];
    const running = new Set<number>();
    const three = Promise.withResolvers<void>();
    let most = 0;
    let count = 0;
    await consumer.run({
      concurrency: 3,
      signal: stop.signal,
      async eachRecord({ partition, offset }) {
        assert.ok(!running.has(partition), "one handler of a partition at a time");
        running.add(partition);
        most = Math.max(most, running.size);
        if (most === 3) three.resolve();
        await three.promise;
        await pause(1);
        seen[partition]!.push(offset);
        running.delete(partition);
        if (++count === 80) stop.abort();
      },
    });
    for (const ofPartition of seen) assert.deepEqual(ofPartition, numbers(20).map(Number));
    assert.equal(most, 3);
    await consumer.close();
    assert.equal(await committedOf(kit, groupId, { topic, partition: 2 }), 20);
  });

  test("order key: records of a key one after another, keys of one partition side by side", async () => {
    const { kit, topic, groupId, consumer } = await started(1, 60);
    await using _ = kit;
    const stop = new AbortController();
    const seen = new Map<string, number[]>();
    const running = new Set<string>();
    const three = Promise.withResolvers<void>();
    let most = 0;
    let count = 0;
    await consumer.run({
      concurrency: 3,
      order: "key",
      signal: stop.signal,
      async eachRecord(record) {
        const key = String(record.key);
        assert.ok(!running.has(key), "one handler of a key at a time");
        running.add(key);
        most = Math.max(most, running.size);
        if (most === 3) three.resolve();
        await three.promise;
        await pause(key === "k0" ? 3 : 1);
        seen.set(key, [...(seen.get(key) ?? []), record.offset]);
        running.delete(key);
        if (++count === 60) stop.abort();
      },
    });
    for (const [key, offsets] of seen) {
      assert.deepEqual(
        offsets,
        numbers(60)
          .map(Number)
          .filter((offset) => `k${offset % 3}` === key),
      );
    }
    assert.equal(most, 3);
    await consumer.close();
    assert.equal(await committedOf(kit, groupId, { topic, partition: 0 }), 60);
  });

  test("a slow partition does not hold up the others (noisy neighbour)", async () => {
    const { kit, consumer } = await started(2, 30);
    await using _ = kit;
    const stop = new AbortController();
    let others = 0;
    let isStuck = false;
    await consumer.run({
      concurrency: 2,
      signal: stop.signal,
      async eachRecord({ partition }, { signal }) {
        if (partition === 0) {
          isStuck = true;
          await whenAborted(signal);
        } else if (++others === 30) stop.abort();
      },
    });
    assert.deepEqual([others, isStuck], [30, true]);
  });

  test("a handler that throws ends the run; what was not finished comes again, what was is committed", async () => {
    const { kit, topic, groupId, consumer } = await started(1, 10);
    await using _ = kit;
    const seen: number[] = [];
    const failing = consumer.run({
      eachRecord({ offset }) {
        seen.push(offset);
        if (offset === 4) throw new Error("broken");
      },
    });
    await assert.rejects(failing, /broken/);
    assert.deepEqual(seen, [0, 1, 2, 3, 4]);
    assert.deepEqual(await readValues(consumer, 2), ["4", "5"], "the position went back to the record that failed");
    await consumer.close();
    assert.equal(await committedOf(kit, groupId, { topic, partition: 0 }), 5);
  });

  test("a key that fails while others finished: nothing behind the oldest unfinished record is committed", async () => {
    const { kit, topic, groupId, consumer } = await started(1, 9);
    await using _ = kit;
    const done: number[] = [];
    const failing = consumer.run({
      concurrency: 3,
      order: "key",
      async eachRecord({ offset }) {
        if (offset === 0) {
          while (done.length < 4) await pause(1);
          throw new Error("the oldest fails last");
        }
        done.push(offset);
      },
    });
    await assert.rejects(failing, /the oldest fails last/);
    await consumer.commit();
    assert.equal((await committedOf(kit, groupId, { topic, partition: 0 })) ?? 0, 0);
    assert.deepEqual(await readValues(consumer, 1), ["0"]);
  });

  for (const each of ["eachRecord", "eachBatch"] as const) {
    test(`${each} threw: the partition can be given back, nobody works on it`, { timeout: PATIENCE_MS }, async () => {
      const { kit, topic, groupId, consumer } = await started(1, 10);
      await using _ = kit;
      const handler = (offset: number, failing: number): void => {
        if (offset === failing) throw new Error("broken");
      };
      const failing =
        each === "eachBatch"
          ? consumer.run({ eachBatch: ({ firstOffset }) => handler(firstOffset, 0) })
          : consumer.run({ eachRecord: ({ offset }) => handler(offset, 4) });
      await assert.rejects(failing, /broken/);
      await consumer.unsubscribe();
      const done = each === "eachBatch" ? 0 : 4;
      assert.equal((await committedOf(kit, groupId, { topic, partition: 0 })) ?? 0, done);
      const next = kit.consumer({ groupId, autoOffsetReset: "earliest" });
      await next.subscribe(topic);
      assert.deepEqual(await readValues(next, 1), [String(done)]);
    });
  }

  test("eachBatch: batches of a partition one after another", async () => {
    const { kit, consumer } = await started(3, 40);
    await using _ = kit;
    const stop = new AbortController();
    const offsets: number[][] = [[], [], []];
    let count = 0;
    await consumer.run({
      concurrency: 3,
      signal: stop.signal,
      async eachBatch({ partition, records }) {
        await pause(1);
        for (const { offset } of records) offsets[partition]!.push(offset);
        if ((count += records.length) === 120) stop.abort();
      },
    });
    for (const ofPartition of offsets) assert.deepEqual(ofPartition, numbers(40).map(Number));
  });

  test("close waits for handlers and ends the run", async () => {
    const { kit, topic, groupId, consumer } = await started(1, 3);
    await using _ = kit;
    const begun = Promise.withResolvers<void>();
    let finished = false;
    const running = consumer.run({
      async eachRecord() {
        begun.resolve();
        await pause(20);
        finished = true;
      },
    });
    await begun.promise;
    await consumer.close();
    assert.ok(finished);
    await running;
    assert.equal(await committedOf(kit, groupId, { topic, partition: 0 }), 1);
  });

  test("close is bounded though a handler never ends", async () => {
    const { kit, consumer } = await started(1, 1);
    await using _ = kit;
    const begun = Promise.withResolvers<void>();
    void consumer.run({
      eachRecord() {
        begun.resolve();
        return new Promise(() => {});
      },
    });
    await begun.promise;
    const startedMs = performance.now();
    await consumer.close({ timeoutMs: 100 });
    assert.ok(performance.now() - startedMs < 10_000, "not the 30 s of a close without a bound");
  });

  test("options that contradict are refused", async () => {
    const { kit, consumer } = await started(1, 1);
    await using _ = kit;
    await assert.rejects(consumer.run({} as never), ConfigError);
    await assert.rejects(consumer.run({ eachBatch: () => {}, order: "key" } as never), ConfigError);
    await assert.rejects(consumer.run({ eachRecord: () => {}, concurrency: 0 }), ConfigError);
  });
});
