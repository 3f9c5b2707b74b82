// Reading without a group, against a broker: the ways to consume, positions, offsets, pausing, waking, closing.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { AbortedError, ClosedError, NoOffsetError, StateError } from "../src/errors.ts";
import { numbers, readValues, startConsuming, write } from "./support/consuming.ts";

describe("loops, batches and polls", () => {
  test("records come in order, and a second loop goes on with the next record", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("plain");
    await write(kit.cluster, { topic, partition: 0 }, numbers(10));
    const consumer = kit.consumer({ autoOffsetReset: "earliest" });
    await consumer.assign([{ topic, partition: 0 }]);
    assert.deepEqual(await readValues(consumer, 3), ["0", "1", "2"]);
    assert.deepEqual(await readValues(consumer, 4), ["3", "4", "5", "6"]);
    assert.equal(await consumer.position({ topic, partition: 0 }), 7);
    assert.deepEqual(await readValues(consumer, 3), ["7", "8", "9"]);
  });

  test("records that come while the loop waits are read; no waiting call misses them", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("plain");
    const consumer = kit.consumer({ autoOffsetReset: "earliest" });
    await consumer.assign([{ topic, partition: 0 }]);
    const reading = readValues(consumer, 6);
    for (const value of numbers(6)) await write(kit.cluster, { topic, partition: 0 }, [value]);
    assert.deepEqual(await reading, numbers(6));
  });

  test("a batch has records of one partition, its lag and the high watermark", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("plain", { partitions: 2 });
    await write(kit.cluster, { topic, partition: 0 }, numbers(5));
    await write(kit.cluster, { topic, partition: 1 }, numbers(3, 100));
    const consumer = kit.consumer({ autoOffsetReset: "earliest" });
    await consumer.assign([0, 1].map((partition) => ({ topic, partition })));
    const seen: unknown[] = [];
    let count = 0;
    for await (const batch of consumer.batches({ maxRecords: 4 })) {
      const { partition, firstOffset, lastOffset, highWatermark, lag } = batch;
      seen.push([partition, firstOffset, lastOffset, highWatermark, lag]);
      assert.ok(batch.records.every((record) => record.partition === partition));
      count += batch.records.length;
      if (count === 8) break;
    }
    assert.deepEqual(
      seen.toSorted((a, b) => (String(a) < String(b) ? -1 : 1)),
      [
        [0, 0, 3, 5, 1],
        [0, 4, 4, 5, 0],
        [1, 0, 2, 3, 0],
      ],
    );
  });

  test("poll answers with what is there, at most maxRecords, and with nothing when the time is over", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("plain", { partitions: 2 });
    await write(kit.cluster, { topic, partition: 0 }, numbers(6));
    const consumer = kit.consumer({ autoOffsetReset: "earliest" });
    await consumer.assign([0, 1].map((partition) => ({ topic, partition })));
    const first = await consumer.poll({ maxRecords: 4 });
    const second = await consumer.poll({ maxRecords: 4 });
    assert.deepEqual(
      [...first, ...second].map(({ value }) => String(value)),
      numbers(6),
    );
    assert.deepEqual(await consumer.poll({ timeoutMs: 0 }), []);
    assert.deepEqual(await consumer.poll({ timeoutMs: 30 }), []);
  });

  test("several loops share the records: each record goes to one of them", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("plain");
    await write(kit.cluster, { topic, partition: 0 }, numbers(100));
    const consumer = kit.consumer({ autoOffsetReset: "earliest" });
    await consumer.assign([{ topic, partition: 0 }]);
    const parts = await Promise.all([readValues(consumer, 40), readValues(consumer, 60)]);
    assert.deepEqual(
      parts.flat().toSorted((a, b) => Number(a) - Number(b)),
      numbers(100),
    );
  });

  test("calls of next that are not awaited are answered in order", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("plain");
    await write(kit.cluster, { topic, partition: 0 }, numbers(3));
    const consumer = kit.consumer({ autoOffsetReset: "earliest" });
    await consumer.assign([{ topic, partition: 0 }]);
    const records = consumer.records();
    const results = await Promise.all([records.next(), records.next(), records.next()]);
    assert.deepEqual(
      results.map(({ value }) => value!.offset),
      [0, 1, 2],
    );
    await records.return!();
  });

  test("a loop over records that are there lets timers run: heartbeats do not starve", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("plain");
    await write(kit.cluster, { topic, partition: 0 }, numbers(2_000));
    const consumer = kit.consumer({ autoOffsetReset: "earliest" });
    await consumer.assign([{ topic, partition: 0 }]);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    let count = 0;
    for await (const _ of consumer) {
      const untilMs = performance.now() + 0.2;
      while (performance.now() < untilMs);
      if (++count === 2_000) break;
    }
    clearInterval(timer);
    assert.ok(ticks >= 5, `${ticks} ticks in 400 ms of synchronous work`);
  });

  test("a topic larger than the prefetch budget and than one fetch comes whole, batches larger than every limit included", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("large", { partitions: 3 });
    for (let round = 0; round < 4; round++) {
      for (const partition of [0, 1, 2]) {
        await write(
          kit.cluster,
          { topic, partition },
          numbers(20, round * 20).map((text) => text.padEnd(200, ".")),
        );
      }
    }
    const consumer = kit.consumer({
      autoOffsetReset: "earliest",
      prefetchBytes: 6_000,
      maxPartitionFetchBytes: 1_000,
      fetchMaxBytes: 2_000,
    });
    await consumer.assign([0, 1, 2].map((partition) => ({ topic, partition })));
    const offsets: number[][] = [[], [], []];
    let count = 0;
    for await (const record of consumer) {
      offsets[record.partition]!.push(record.offset);
      if (++count === 240) break;
    }
    for (const ofPartition of offsets) assert.deepEqual(ofPartition, numbers(80).map(Number));
  });

  test("paused partitions cannot fill the budget so that the others starve", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("paused", { partitions: 4 });
    for (const partition of [0, 1, 2, 3]) {
      await write(
        kit.cluster,
        { topic, partition },
        numbers(10).map((text) => text.padEnd(200, ".")),
      );
    }
    const consumer = kit.consumer({ autoOffsetReset: "earliest", prefetchBytes: 3_000, maxPartitionFetchBytes: 2_500 });
    const all = [0, 1, 2, 3].map((partition) => ({ topic, partition }));
    await consumer.assign(all);
    const [first] = await consumer.poll({ maxRecords: 1 });
    const open = (first!.partition + 1) % 4;
    const paused = all.filter(({ partition }) => partition !== open);
    consumer.pause(paused);
    const found: number[] = [];
    while (found.length < 10) {
      for (const { partition, offset } of await consumer.poll({ timeoutMs: 2_000 })) {
        assert.equal(partition, open);
        found.push(offset);
      }
    }
    consumer.resume(paused);
    let rest = 0;
    while (rest < 29) rest += (await consumer.poll({ timeoutMs: 2_000 })).length;
    assert.equal(rest, 29);
  });
});

describe("positions", () => {
  test("seek by offset, beginning, end, time; position tells where", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("seek");
    const at = { topic, partition: 0 };
    await write(kit.cluster, at, numbers(10));
    const consumer = kit.consumer({ autoOffsetReset: "earliest" });
    await consumer.assign([at]);
    assert.deepEqual(await readValues(consumer, 2), ["0", "1"]);
    consumer.seek(at, 7);
    assert.equal(await consumer.position(at), 7);
    assert.deepEqual(await readValues(consumer, 2), ["7", "8"]);
    consumer.seek(at, "beginning");
    assert.deepEqual(await readValues(consumer, 1), ["0"]);
    consumer.seek(at, { timestamp: 1_700_000_000_004 });
    assert.deepEqual(await readValues(consumer, 1), ["4"]);
    consumer.seek([at], "end");
    assert.equal(await consumer.position(at), 10);
    consumer.seek(at, { timestamp: 1_800_000_000_000 });
    assert.equal(await consumer.position(at), 10, "no record is as young: the end");
    await write(kit.cluster, at, ["new"]);
    assert.deepEqual(await readValues(consumer, 1), ["new"]);
  });

  test("a seek while a long poll is under way: nothing from before it comes after it", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("seek");
    const at = { topic, partition: 0 };
    await write(kit.cluster, at, numbers(5));
    const consumer = kit.consumer({ autoOffsetReset: "latest" });
    await consumer.assign([at]);
    assert.deepEqual(await consumer.poll({ timeoutMs: 20 }), []);
    const reading = readValues(consumer, 2);
    await turn();
    consumer.seek(at, 3);
    assert.deepEqual(await reading, ["3", "4"]);
  });

  test("latest begins at the end, earliest at the beginning, by_duration at the first record of that time", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("reset");
    const at = { topic, partition: 0 };
    const hourAgo = Date.now() - 3_600_000;
    await write(kit.cluster, at, [
      { timestamp: hourAgo, value: Buffer.from("old") },
      { timestamp: Date.now(), value: Buffer.from("young") },
    ]);
    const expected = { latest: 2, earliest: 0, "by_duration:PT10M": 1, "by_duration:P1D": 0 } as const;
    for (const [autoOffsetReset, offset] of Object.entries(expected)) {
      const consumer = kit.consumer({ autoOffsetReset: autoOffsetReset as keyof typeof expected });
      await consumer.assign([at]);
      assert.equal(await consumer.position(at), offset, autoOffsetReset);
    }
  });

  test('autoOffsetReset "none": NoOffsetError until the application seeks', async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("none");
    const at = { topic, partition: 0 };
    await write(kit.cluster, at, numbers(2));
    const consumer = kit.consumer({ autoOffsetReset: "none" });
    await consumer.assign([at]);
    await assert.rejects(consumer.position(at), NoOffsetError);
    await assert.rejects(consumer.poll(), NoOffsetError);
    consumer.seek(at, 1);
    assert.deepEqual(await readValues(consumer, 1), ["1"]);
  });

  test("a position outside the log is reset, or told (peers' out-of-range faults)", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("range");
    const at = { topic, partition: 0 };
    await write(kit.cluster, at, numbers(4));
    await kit.admin.deleteRecords([{ ...at, beforeOffset: 2 }]);
    const consumer = kit.consumer({ autoOffsetReset: "earliest" });
    await consumer.assign([at]);
    for (const outside of [0, 1_000]) {
      consumer.seek(at, outside);
      assert.deepEqual(await readValues(consumer, 2), ["2", "3"]);
    }
    const strict = kit.consumer({ autoOffsetReset: "none" });
    await strict.assign([at]);
    strict.seek(at, 1_000);
    await assert.rejects(strict.poll(), (error) => error instanceof NoOffsetError && error.context.offset === 1_000);
    assert.equal(await strict.position(at), 1_000);
    strict.seek(at, 3);
    assert.deepEqual(await readValues(strict, 1), ["3"]);
  });

  test("beginning, end and times of partitions, assigned or not", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("offsets", { partitions: 2 });
    await write(kit.cluster, { topic, partition: 0 }, numbers(4));
    await kit.admin.deleteRecords([{ topic, partition: 0, beforeOffset: 1 }]);
    const consumer = kit.consumer();
    const both = [0, 1].map((partition) => ({ topic, partition }));
    const offsets = (found: readonly { offset: number | null }[]): unknown => found.map(({ offset }) => offset);
    assert.deepEqual(offsets(await consumer.beginningOffsets(both)), [1, 0]);
    assert.deepEqual(offsets(await consumer.endOffsets(both)), [4, 0]);
    assert.deepEqual(offsets(await consumer.endOffsets(both, { timeoutMs: 20_000 })), [4, 0]);
    const times = both.map((each) => ({ ...each, timestamp: 1_700_000_000_002 }));
    assert.deepEqual(offsets(await consumer.offsetsForTimes(times)), [2, null]);
    assert.deepEqual(
      (await consumer.partitionsFor(topic)).map(({ partition }) => partition),
      [0, 1],
    );
    assert.ok((await consumer.listTopics()).has(topic));
  });

  test("lag follows the position; paused partitions give nothing and keep it", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("lag");
    const at = { topic, partition: 0 };
    await write(kit.cluster, at, numbers(5));
    const consumer = kit.consumer({ autoOffsetReset: "earliest" });
    await consumer.assign([at]);
    assert.equal(consumer.lag(at), null);
    await readValues(consumer, 2);
    assert.equal(consumer.lag(at), 3);
    consumer.pause(at);
    assert.deepEqual(consumer.paused(), [at]);
    assert.deepEqual(await consumer.poll({ timeoutMs: 30 }), []);
    assert.equal(await consumer.position(at), 2);
    consumer.resume(at);
    assert.deepEqual(await readValues(consumer, 3), ["2", "3", "4"]);
    const value = (name: string): number =>
      consumer.metrics().find((metric) => metric.name === name && metric.tags["topic"] === undefined)!.value;
    await consumer.poll({ timeoutMs: 0 });
    assert.deepEqual([value("records-consumed-total"), value("records-lag-max")], [5, 0]);
    assert.ok(value("bytes-consumed-total") > 0 && value("fetch-total") > 0 && value("fetch-latency-avg") >= 0);
  });

  test("assign replaces the assignment; what stays keeps its position", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("assign", { partitions: 2 });
    for (const partition of [0, 1]) await write(kit.cluster, { topic, partition }, numbers(4, partition * 10));
    const consumer = kit.consumer({ autoOffsetReset: "earliest" });
    const [first, second] = [0, 1].map((partition) => ({ topic, partition })) as [never, never];
    await consumer.assign([first]);
    await readValues(consumer, 2);
    await consumer.assign([first, second]);
    assert.equal(await consumer.position(first), 2);
    await consumer.assign([second]);
    assert.deepEqual(await readValues(consumer, 4), ["10", "11", "12", "13"]);
    assert.deepEqual(consumer.assignment(), [second]);
    assert.throws(() => consumer.seek(first, 0), StateError);
    await consumer.unsubscribe();
    assert.deepEqual(consumer.assignment(), []);
  });
});

describe("waking and closing", () => {
  test("a signal wakes every waiting call with AbortedError, and the consumer goes on", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("abort");
    const at = { topic, partition: 0 };
    const consumer = kit.consumer({ autoOffsetReset: "earliest" });
    await consumer.assign([at]);
    const waiting: ((signal: AbortSignal) => Promise<unknown>)[] = [
      (signal) => consumer.poll({ signal }),
      (signal) => consumer.records({ signal }).next(),
      (signal) => consumer.batches({ signal }).next(),
      (signal) => consumer.poll({ signal, timeoutMs: 10_000 }),
    ];
    for (const call of waiting) {
      const controller = new AbortController();
      const ended = assert.rejects(call(controller.signal), AbortedError);
      await turn();
      controller.abort();
      await ended;
    }
    await assert.rejects(consumer.poll({ signal: AbortSignal.abort() }), AbortedError);
    await write(kit.cluster, at, ["a"]);
    assert.deepEqual(await readValues(consumer, 1), ["a"]);
  });

  test("close ends loops and waiting calls; calls after it throw ClosedError", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("close");
    const consumer = kit.consumer({ autoOffsetReset: "earliest" });
    await consumer.assign([{ topic, partition: 0 }]);
    const loop = readValues(consumer, 1);
    const batches = consumer.batches().next();
    const poll = assert.rejects(consumer.poll(), ClosedError);
    await turn();
    const startedMs = performance.now();
    await Promise.all([consumer.close(), consumer.close()]);
    assert.ok(performance.now() - startedMs < 10_000, "nothing that it would wait 30 s for");
    assert.deepEqual(await loop, []);
    assert.deepEqual(await batches, { value: undefined, done: true });
    await poll;
    await assert.rejects(consumer.poll(), ClosedError);
    assert.throws(() => consumer.records(), ClosedError);
    await consumer.close();
  });

  test("without a group: nothing to commit, to subscribe, or to be committed", async () => {
    await using kit = await startConsuming();
    const consumer = kit.consumer();
    await assert.rejects(consumer.subscribe("a"), StateError);
    await assert.rejects(consumer.commit([{ topic: "a", partition: 0, offset: 1 }]), StateError);
    await assert.rejects(consumer.committed([{ topic: "a", partition: 0 }]), StateError);
    assert.throws(() => consumer.groupMetadata(), StateError);
  });

  test("a commit that nobody awaits and that fails is no unhandled rejection", async () => {
    await using kit = await startConsuming();
    const consumer = kit.consumer();
    let unhandled = 0;
    const count = (): number => unhandled++;
    process.on("unhandledRejection", count);
    void consumer.commit([{ topic: "a", partition: 0, offset: 1 }]);
    for (let round = 0; round < 3; round++) await turn();
    process.off("unhandledRejection", count);
    assert.equal(unhandled, 0);
  });
});
