// `ottla perf produce|consume` against a broker: what they count, and that their numbers are those of a measurement.

import assert from "node:assert/strict";
import * as runner from "node:test";
import { Kafka } from "@ottla/client";
import { useBroker } from "@ottla/testkit";
import { Latencies } from "../../src/people/perf/latencies.ts";
import { topicWith } from "./records.ts";
import { ottlaCommand } from "./run-people.ts";
import type { PeopleOptions, PeopleResult } from "./run-people.ts";

const { describe, test } = runner;
const broker = useBroker(runner);

async function perf(words: string, options: PeopleOptions = {}): Promise<PeopleResult> {
  return await ottlaCommand(`perf ${words} -b ${broker().bootstrap}`, options);
}

interface Document {
  readonly topic: string;
  readonly records: number;
  readonly failed?: number;
  readonly bytes: number;
  readonly tookMs: number;
  readonly recordsPerSecond: number;
  readonly megabytesPerSecond: number;
  readonly latencyMs: {
    readonly of: string;
    readonly mean: number;
    readonly p50: number;
    readonly p95: number;
    readonly p99: number;
    readonly max: number;
  };
}

async function measured(words: string, options?: PeopleOptions): Promise<Document> {
  const { stdout, stderr, code } = await perf(`${words} -o json`, options);
  assert.equal(stderr, "");
  assert.equal(code, 0);
  return JSON.parse(stdout) as Document;
}

function inOrder({ p50, p95, p99, max }: Document["latencyMs"]): boolean {
  return p50 > 0 && p50 <= p95 && p95 <= p99 && p99 <= max;
}

describe("latencies", () => {
  test("percentiles are right to one percent", () => {
    const latencies = new Latencies();
    for (let ms = 1; ms <= 10_000; ms++) latencies.add(ms / 10);
    for (const [percent, ms] of [
      [50, 500],
      [95, 950],
      [99, 990],
      [100, 1000],
    ] as const) {
      const found = latencies.percentileMs(percent);
      assert.ok(found >= ms * 0.99 && found <= ms * 1.011, `p${percent} is ${found}`);
    }
    assert.equal(latencies.count, 10_000);
    assert.equal(latencies.maxMs, 1000);
    assert.ok(Math.abs(latencies.meanMs - 500.05) < 1e-9);
  });

  test("of nothing, of one, and beyond the ends", () => {
    const latencies = new Latencies();
    assert.deepEqual([latencies.percentileMs(50), latencies.meanMs, latencies.maxMs], [0, 0, 0]);
    latencies.add(0);
    assert.equal(latencies.percentileMs(99), 0);
    latencies.add(1e12);
    assert.ok(latencies.percentileMs(99) > 1e7);
  });
});

describe("perf produce", () => {
  test("writes so many records of a size, with keys", async () => {
    await topicWith(broker(), [], { partitions: 2 });
    const result = await measured("produce t --records 2000 --size 50 --keys 10");
    assert.deepEqual([result.topic, result.records, result.failed, result.bytes], ["t", 2000, 0, 2000 * 51]);
    assert.ok(inOrder(result.latencyMs), JSON.stringify(result.latencyMs));
    assert.equal(result.latencyMs.of, "acknowledgement");
    assert.ok(Math.abs(result.recordsPerSecond - 2_000_000 / result.tookMs) / result.recordsPerSecond < 0.1);
    const records = await broker().inspect.records("t");
    assert.equal(records.length, 2000);
    assert.ok(records.every(({ value }) => value!.length === 50));
    assert.equal(new Set(records.map(({ key }) => String(key))).size, 10);
  });

  test("is kept to a rate", async () => {
    await topicWith(broker(), []);
    const { tookMs } = await measured(
      "produce t --records 100 --rate 500 --in-flight 1 --linger 0 --acks 1 -z gzip --batch-size 1000",
    );
    assert.ok(tookMs >= 190, `100 records at 500 a second took ${tookMs} ms`);
  });

  test("shows its numbers to people, and its progress", async () => {
    await topicWith(broker(), []);
    const { stdout, stderr } = await perf("produce t --records 1000", { columns: 100, env: { NO_COLOR: "1" } });
    assert.match(
      stdout,
      /^records +1,000\ntime +\d+\.\d\d s\nspeed +[\d,]+ records\/s, \d+\.\d MB\/s\nlatency \(acknowledgement\) {2}p50 [\d.]+ ms, p95 [\d.]+ ms, p99 [\d.]+ ms, max [\d.]+ ms\n$/,
    );
    assert.match(stderr, /\d+ of 1000 records, [\d,]+ records\/s/);
  });

  test("tells what was not written", async () => {
    await topicWith(broker(), []);
    broker().faults.add({ api: "Produce", action: { error: "TOPIC_AUTHORIZATION_FAILED" } });
    const result = await perf("produce t --records 10");
    assert.match(
      result.stderr,
      /^ottla: 10 of 10 records were not written, the first because: .*\(TOPIC_AUTHORIZATION_FAILED\)\n$/,
    );
    assert.equal(result.code, 1);
  });

  test("ends with what it has when it is interrupted", async () => {
    await topicWith(broker(), []);
    const controller = new AbortController();
    void broker()
      .until.records("t", 1)
      .then(() => controller.abort());
    const result = await measured("produce t --rate 100", { signal: controller.signal });
    assert.ok(result.records >= 1 && result.records < 1000, String(result.records));
  });
});

describe("perf consume", () => {
  test("reads all there is, or so many", async () => {
    await topicWith(
      broker(),
      Array.from({ length: 3000 }, () => ({ key: "k", value: "12345" })),
    );
    const all = await measured("consume t");
    assert.deepEqual([all.records, all.bytes, all.latencyMs.of, all.failed], [3000, 18_000, "wait", undefined]);
    assert.ok(inOrder(all.latencyMs));
    assert.equal(
      (await measured("consume t --records 1234 --prefetch 1000 --isolation read_uncommitted")).records,
      1234,
    );
  });

  test("of nothing is nothing", async () => {
    await topicWith(broker(), []);
    const { records, recordsPerSecond, latencyMs } = await measured("consume t");
    assert.deepEqual([records, recordsPerSecond, latencyMs.max], [0, 0, 0]);
  });

  test("measures live records from their timestamp on", async () => {
    await topicWith(broker(), [{ value: "before" }]);
    await using kafka = new Kafka({ bootstrapServers: broker().bootstrap });
    const producer = kafka.producer();
    const measuring = measured("consume t --live --records 3");
    await broker().until.request("Fetch");
    const records = [0, 1, 2, 3].map(() => ({ topic: "t", value: "now", timestamp: Date.now() - 5000 }));
    await producer.send(records);
    const { records: count, latencyMs } = await measuring;
    assert.equal(count, 3);
    assert.equal(latencyMs.of, "end-to-end");
    assert.ok(latencyMs.p50 >= 4950 && latencyMs.p50 < 30_000, String(latencyMs.p50));
  });
});

for (const [words, code, stderr] of [
  ["produce nowhere", 1, /\(UNKNOWN_TOPIC_OR_PARTITION\)\n$/],
  ["consume nowhere", 1, /\(UNKNOWN_TOPIC_OR_PARTITION\)\n$/],
  ["produce t --records 0", 2, /0 is not a whole number of at least 1/],
  ["produce t --rate fast", 2, /fast is not a whole number/],
  ["produce t*", 2, /t\* is a pattern/],
  ["consume t*", 2, /t\* is a pattern/],
  ["both t", 2, /unknown command 'both'/],
] as const) {
  test(`perf ${words} is refused in one line`, async () => {
    const result = await perf(words);
    assert.match(result.stderr, stderr);
    assert.equal(result.stderr.split("\n").length, 2);
    assert.equal(result.code, code);
  });
}
