// Calls that come at odd moments: while another is under way, in the middle of a record, after the end was asked for.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Consumer } from "../src/consumer/consumer.ts";
import { AbortedError, ConfigError, StateError } from "../src/errors.ts";
import type { Deserializer } from "../src/serdes.ts";
import { committedOf, numbers, readValues, startConsuming, write } from "./support/consuming.ts";
import { PATIENCE_MS } from "./support/eventually.ts";
import { isReference } from "./target.ts";

describe("calls while another is under way", () => {
  test("a second poll is refused while one waits, and what the first gets is committed", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("polls");
    const groupId = kit.target.topicName("g");
    const consumer = kit.consumer({ groupId, autoOffsetReset: "earliest" });
    await consumer.subscribe(topic);
    const first = consumer.poll();
    await assert.rejects(consumer.poll(), StateError);
    await write(kit.cluster, { topic, partition: 0 }, ["a"]);
    assert.equal((await first).length, 1);
    const stop = new AbortController();
    const second = consumer.poll({ signal: stop.signal });
    stop.abort();
    await assert.rejects(second, AbortedError);
    await consumer.commit();
    assert.equal(await committedOf(kit, groupId, { topic, partition: 0 }), 1);
  });

  test("assign twice without an await: the later one counts", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("assigns", { partitions: 3 });
    const consumer = kit.consumer({ autoOffsetReset: "earliest" });
    const calls = [[0], [1, 2], [2, 0]].map((list) => consumer.assign(list.map((partition) => ({ topic, partition }))));
    await assert.rejects(consumer.subscribe(topic), StateError);
    await Promise.all(calls);
    const assigned = consumer.assignment().map(({ partition }) => partition);
    assert.deepEqual(new Set(assigned), new Set([0, 2]));
  });

  const loops: { name: string; begin: (consumer: Consumer) => AsyncIterableIterator<unknown, undefined> }[] = [
    { name: "records", begin: (consumer) => consumer.records() },
    { name: "batches", begin: (consumer) => consumer.batches() },
  ];
  for (const { name, begin } of loops) {
    test(`${name}: leaving the loop ends a next that waits`, { timeout: PATIENCE_MS }, async () => {
      await using kit = await startConsuming();
      const loop = begin(kit.consumer());
      const waiting = loop.next();
      await loop.return!();
      assert.deepEqual(await waiting, { value: undefined, done: true });
    });
  }
});

describe("unsubscribe in the middle of a record", () => {
  const ways: { name: string; get: (consumer: Consumer) => Promise<unknown> }[] = [
    { name: "a loop over records", get: (consumer) => consumer.records().next() },
    { name: "a loop over batches", get: (consumer) => consumer.batches({ maxRecords: 1 }).next() },
    { name: "poll", get: (consumer) => consumer.poll({ maxRecords: 1 }) },
  ];
  for (const { name, get } of ways) {
    test(`${name}: it does not wait for the record, which is not committed`, { timeout: PATIENCE_MS }, async () => {
      await using kit = await startConsuming();
      const topic = await kit.topic("unsubscribe");
      await write(kit.cluster, { topic, partition: 0 }, numbers(3));
      const groupId = kit.target.topicName("g");
      const consumer = kit.consumer({ groupId, autoOffsetReset: "earliest" });
      await consumer.subscribe(topic);
      await readValues(consumer, 1);
      await consumer.commit();
      await get(consumer);
      await consumer.unsubscribe();
      assert.equal(await committedOf(kit, groupId, { topic, partition: 0 }), 1);
      await consumer.subscribe(topic);
      assert.deepEqual(await readValues(consumer, 2), ["1", "2"]);
    });
  }
});

describe("a run that is stopped while a serde is at work", () => {
  for (const each of ["eachRecord", "eachBatch"] as const) {
    test(`${each}: no handler starts any more, and the record is not lost`, async () => {
      await using kit = await startConsuming();
      const topic = await kit.topic("serde");
      await write(kit.cluster, { topic, partition: 0 }, numbers(2));
      const asked = Promise.withResolvers<void>();
      const answer = Promise.withResolvers<void>();
      const slow: Deserializer<string> = {
        async deserialize(bytes) {
          asked.resolve();
          await answer.promise;
          return String(bytes);
        },
      };
      const consumer = kit.consumer({ autoOffsetReset: "earliest" }, { topics: { [topic]: { value: slow as never } } });
      await consumer.assign([{ topic, partition: 0 }]);
      const stop = new AbortController();
      let started = 0;
      const handler = (): void => void started++;
      const running = consumer.run(
        each === "eachRecord"
          ? { eachRecord: handler, signal: stop.signal }
          : { eachBatch: handler, signal: stop.signal },
      );
      await asked.promise;
      stop.abort();
      answer.resolve();
      await running;
      assert.equal(started, 0);
      assert.deepEqual(await readValues(consumer as never, 2), ["0", "1"]);
    });
  }
});

describe("timestamps", () => {
  for (const timestamp of [Number.NaN, -1, 1.5, Infinity, "1"]) {
    test(`${String(timestamp)} (${typeof timestamp}) is refused before anything is asked`, async () => {
      await using kit = await startConsuming();
      const topic = await kit.topic("times");
      const at = { topic, partition: 0 };
      const consumer = kit.consumer({ autoOffsetReset: "earliest" });
      await consumer.assign([at]);
      const wrong = timestamp as number;
      assert.throws(() => consumer.seek(at, { timestamp: wrong }), ConfigError);
      await assert.rejects(consumer.offsetsForTimes([{ ...at, timestamp: wrong }]), ConfigError);
    });
  }
});

describe("a member that failed", { skip: isReference }, () => {
  const refusals = [
    { groupProtocol: "classic", api: "JoinGroup" },
    { groupProtocol: "consumer", api: "ConsumerGroupHeartbeat" },
  ] as const;
  for (const { groupProtocol, api } of refusals) {
    test(`${groupProtocol}: it joins when the application comes back`, { timeout: PATIENCE_MS }, async () => {
      await using kit = await startConsuming();
      const topic = await kit.topic("rights");
      await write(kit.cluster, { topic, partition: 0 }, ["a"]);
      using _ = kit.target.broker!.faults.add({ api, nth: 1, action: { error: "GROUP_AUTHORIZATION_FAILED" } });
      const groupId = kit.target.topicName("g");
      const consumer = kit.consumer({ groupId, groupProtocol, autoOffsetReset: "earliest" });
      await consumer.subscribe(topic);
      await assert.rejects(readValues(consumer, 1), { code: "GROUP_AUTHORIZATION_FAILED" });
      assert.deepEqual(await readValues(consumer, 1), ["a"]);
    });
  }
});
