// Reading as a member of a group: what is committed and when, rebalances with records in work, hooks, patterns, handlers.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Consumer } from "../src/consumer/consumer.ts";
import { CommitFailedError, ConfigError, StateError } from "../src/errors.ts";
import type { TopicPartition } from "../src/records.ts";
import type { ConsumingTarget } from "./support/consuming.ts";
import { readValues, startConsuming, write } from "./support/consuming.ts";

const numbers = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => String(from + index));

/** What the group has committed of partition 0. */
async function committedOf(kit: ConsumingTarget, groupId: string, at: TopicPartition): Promise<number | null> {
  const observer = kit.consumer({ groupId, commit: "manual" });
  const [offset] = await observer.committed([at]);
  await observer.close();
  return offset!.offset;
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => void signal.addEventListener("abort", () => resolve(), { once: true }));
}

describe("commits", () => {
  test("a record is committed only after the application came back for the next (peers' fault 3b-4)", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("after");
    const at = { topic, partition: 0 };
    const groupId = kit.target.topicName("g");
    await write(kit.cluster, at, numbers(5));
    const consumer = kit.consumer({ groupId, autoOffsetReset: "earliest", autoCommitIntervalMs: 20 });
    await consumer.subscribe(topic);
    const seen: [number, number | null][] = [];
    for await (const { offset } of consumer) {
      if (offset === 3) {
        for (let tries = 0; tries < 100 && (await committedOf(kit, groupId, at)) !== 3; tries++);
        seen.push([offset, await committedOf(kit, groupId, at)]);
        break;
      }
    }
    assert.deepEqual(seen, [[3, 3]], "offset + 1 of the last that is done, not of the one in work");
    await consumer.close();
    assert.equal(await committedOf(kit, groupId, at), 3, "the record that the loop was left at is not done");
  });

  test("a loop that throws: the record comes again for the next consumer", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("throws");
    const groupId = kit.target.topicName("g");
    await write(kit.cluster, { topic, partition: 0 }, numbers(3));
    const failing = kit.consumer({ groupId, autoOffsetReset: "earliest" });
    await failing.subscribe(topic);
    await assert.rejects(async () => {
      for await (const { offset } of failing) if (offset === 1) throw new Error("the handler failed");
    }, /the handler failed/);
    await failing.close();
    const next = kit.consumer({ groupId, autoOffsetReset: "earliest" });
    await next.subscribe(topic);
    assert.deepEqual(await readValues(next, 2), ["1", "2"]);
  });

  test("coming back after leaving a loop says that its last record is done, and so does commit()", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("back");
    const at = { topic, partition: 0 };
    const groupId = kit.target.topicName("g");
    await write(kit.cluster, at, numbers(5));
    const consumer = kit.consumer({ groupId, autoOffsetReset: "earliest" });
    await consumer.subscribe([topic]);
    await readValues(consumer, 2);
    await consumer.commit();
    assert.equal(await committedOf(kit, groupId, at), 2);
    await readValues(consumer, 1);
    await consumer.poll({ maxRecords: 1 });
    await consumer.close();
    assert.equal(await committedOf(kit, groupId, at), 3, "what poll returned last is not known to be done");
  });

  test("manual: nothing is committed but what is told to; offsets, epochs and metadata arrive", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("manual");
    const at = { topic, partition: 0 };
    const groupId = kit.target.topicName("g");
    await write(kit.cluster, at, numbers(5));
    const consumer = kit.consumer({ groupId, autoOffsetReset: "earliest", commit: "manual", autoCommitIntervalMs: 5 });
    await consumer.subscribe(topic);
    await readValues(consumer, 3);
    assert.equal(await committedOf(kit, groupId, at), null);
    await consumer.commit([{ ...at, offset: 1, metadata: "by hand" }]);
    assert.deepEqual(await consumer.committed([at]), [{ ...at, offset: 1, leaderEpoch: null, metadata: "by hand" }]);
    await consumer.commit();
    const [committed] = await consumer.committed([at]);
    assert.deepEqual([committed!.offset, typeof committed!.leaderEpoch], [3, "number"]);
    await consumer.close();
    assert.equal(await committedOf(kit, groupId, at), 3);
  });

  test("batches: batch.commit() commits the batch, coming back for the next commits it in time", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("batches");
    const at = { topic, partition: 0 };
    const groupId = kit.target.topicName("g");
    await write(kit.cluster, at, numbers(6));
    const consumer = kit.consumer({ groupId, autoOffsetReset: "earliest" });
    await consumer.subscribe(topic);
    let rounds = 0;
    for await (const batch of consumer.batches({ maxRecords: 2 })) {
      if (++rounds === 1) {
        await batch.commit();
        assert.equal(await committedOf(kit, groupId, at), 2);
      }
      if (rounds === 3) break;
    }
    await consumer.close();
    assert.equal(await committedOf(kit, groupId, at), 4);
  });

  test("assigned by hand with a groupId: begins at what is committed, and commits", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("byhand");
    const at = { topic, partition: 0 };
    const groupId = kit.target.topicName("g");
    await write(kit.cluster, at, numbers(6));
    for (const expected of [
      ["0", "1"],
      ["2", "3"],
    ]) {
      const consumer = kit.consumer({ groupId, autoOffsetReset: "earliest" });
      await consumer.assign([at]);
      assert.deepEqual(await readValues(consumer, 2), expected);
      await consumer.commit();
      await consumer.close();
    }
  });

  test("a latest position is committed before anything is read, so that a restart loses nothing", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("latest");
    const at = { topic, partition: 0 };
    const groupId = kit.target.topicName("g");
    await write(kit.cluster, at, numbers(3));
    const first = kit.consumer({ groupId });
    await first.subscribe(topic);
    while (first.assignment().length === 0) await first.poll({ timeoutMs: 20 });
    await first.position(at);
    await first.close();
    await write(kit.cluster, at, ["missed?"]);
    const second = kit.consumer({ groupId });
    await second.subscribe(topic);
    assert.deepEqual(await readValues(second, 1), ["missed?"]);
  });
});

for (const groupProtocol of ["classic", "consumer"] as const) {
  describe(`rebalances, ${groupProtocol} protocol`, () => {
    test("a record in work is finished and committed before its partition moves; prefetched ones are never delivered twice", async () => {
      await using kit = await startConsuming();
      const topic = await kit.topic("move", { partitions: 2 });
      const groupId = kit.target.topicName("g");
      for (const partition of [0, 1]) await write(kit.cluster, { topic, partition }, numbers(50, partition * 1_000));
      const options = {
        groupId,
        groupProtocol,
        autoOffsetReset: "earliest",
        partitionAssignors: ["cooperative-sticky"],
      } as const;
      const delivered: string[] = [];
      const events: string[] = [];
      let inWork: string | null = null;
      const first = kit.consumer({
        ...options,
        onRevoked: (partitions) => {
          events.push(`revoked ${partitions.length}`);
          assert.ok(inWork === null || partitions.every(({ partition }) => !inWork!.startsWith(`${partition}:`)));
        },
      });
      const second = kit.consumer({
        ...options,
        onAssigned: (partitions) => void events.push(`second has ${partitions.length}`),
      });
      await first.subscribe(topic);
      const stop = new AbortController();
      const loop = (async (): Promise<void> => {
        for await (const { partition, value } of first.records({ signal: stop.signal })) {
          inWork = `${partition}:`;
          delivered.push(String(value));
          if (delivered.length === 10) await second.subscribe(topic);
          const waitMs = delivered.length > 10 && !events.includes("second has 1") ? 20 : 1;
          await new Promise((resolve) => setTimeout(resolve, waitMs));
          inWork = null;
        }
      })().catch(() => {});
      const other = (async (): Promise<void> => {
        for await (const { value } of second.records({ signal: stop.signal })) delivered.push(String(value));
      })().catch(() => {});
      const deadline = performance.now() + 15_000;
      while (new Set(delivered).size < 100 && performance.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 10));
      stop.abort();
      await Promise.all([loop, other]);
      assert.deepEqual(
        delivered.toSorted((a, b) => Number(a) - Number(b)),
        [...numbers(50), ...numbers(50, 1_000)],
      );
      assert.deepEqual([events[0], events.includes("second has 1")], ["revoked 1", true]);
    });

    test("onAssigned is awaited and may seek; nothing is delivered before it ended", async () => {
      await using kit = await startConsuming();
      const topic = await kit.topic("hook");
      await write(kit.cluster, { topic, partition: 0 }, numbers(10));
      let ended = false;
      const consumer: Consumer = kit.consumer({
        groupId: kit.target.topicName("g"),
        groupProtocol,
        autoOffsetReset: "none",
        async onAssigned(partitions) {
          consumer.seek(partitions, 6);
          await new Promise((resolve) => setTimeout(resolve, 30));
          ended = true;
        },
      });
      await consumer.subscribe(topic);
      for await (const { offset } of consumer) {
        assert.deepEqual([offset, ended], [6, true]);
        break;
      }
    });

    test("what a hook throws reaches the next call, and the consumer goes on", async () => {
      await using kit = await startConsuming();
      const topic = await kit.topic("hook");
      await write(kit.cluster, { topic, partition: 0 }, ["a"]);
      const consumer = kit.consumer({
        groupId: kit.target.topicName("g"),
        groupProtocol,
        autoOffsetReset: "earliest",
        onAssigned: () => {
          throw new Error("no database");
        },
      });
      await consumer.subscribe(topic);
      await assert.rejects(consumer.poll(), /no database/);
      assert.deepEqual(await readValues(consumer, 1), ["a"]);
    });

    test("close commits, tells onRevoked, and leaves: the next member has the partition at once", async () => {
      await using kit = await startConsuming();
      const topic = await kit.topic("leave");
      const groupId = kit.target.topicName("g");
      await write(kit.cluster, { topic, partition: 0 }, numbers(4));
      const told: string[] = [];
      const first = kit.consumer({
        groupId,
        groupProtocol,
        autoOffsetReset: "earliest",
        onRevoked: (partitions) => void told.push(`revoked ${partitions.length}`),
      });
      await first.subscribe(topic);
      await readValues(first, 2);
      await first.poll({ maxRecords: 1 });
      await first.close();
      assert.deepEqual(told, ["revoked 1"]);
      const second = kit.consumer({ groupId, groupProtocol, autoOffsetReset: "earliest" });
      await second.subscribe(topic);
      assert.deepEqual(await readValues(second, 2), ["2", "3"]);
    });

    test("unsubscribe gives back and commits; subscribing again goes on", async () => {
      await using kit = await startConsuming();
      const topic = await kit.topic("again");
      const other = await kit.topic("other");
      await write(kit.cluster, { topic, partition: 0 }, numbers(4));
      await write(kit.cluster, { topic: other, partition: 0 }, ["x"]);
      const consumer = kit.consumer({ groupId: kit.target.topicName("g"), groupProtocol, autoOffsetReset: "earliest" });
      await consumer.subscribe(topic);
      await readValues(consumer, 2);
      await consumer.commit();
      await consumer.unsubscribe();
      assert.deepEqual([consumer.assignment(), consumer.subscription()], [[], []]);
      await consumer.subscribe([topic, other]);
      assert.deepEqual((await readValues(consumer, 3)).toSorted(), ["2", "3", "x"]);
      await assert.rejects(consumer.assign([{ topic, partition: 0 }]), StateError);
    });

    test("a pattern follows new topics (peers' issue kafkajs#1685)", async () => {
      await using kit = await startConsuming();
      const first = await kit.topic("pattern-a");
      await write(kit.cluster, { topic: first, partition: 0 }, ["a"]);
      const suffix = first.slice("pattern-a".length);
      const consumer = kit.consumer(
        { groupId: kit.target.topicName("g"), groupProtocol, autoOffsetReset: "earliest" },
        { metadataMaxAgeMs: 50 },
      );
      await consumer.subscribe(new RegExp(`^pattern-.${suffix}$`));
      assert.deepEqual(await readValues(consumer, 1), ["a"]);
      const second = await kit.topic("pattern-b");
      await write(kit.cluster, { topic: second, partition: 0 }, ["b"]);
      assert.deepEqual(await readValues(consumer, 1), ["b"]);
    });
  });
}

describe("groups", () => {
  test("a pattern of the broker (KIP-848) finds topics; the classic protocol refuses it", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("re2");
    await write(kit.cluster, { topic, partition: 0 }, ["a"]);
    const consumer = kit.consumer({
      groupId: kit.target.topicName("g"),
      groupProtocol: "consumer",
      autoOffsetReset: "earliest",
    });
    await consumer.subscribe({ pattern: `re2-.*${topic.slice(-6)}` });
    assert.deepEqual(await readValues(consumer, 1), ["a"]);
    const classic = kit.consumer({ groupId: kit.target.topicName("g") });
    await assert.rejects(classic.subscribe({ pattern: "a" }), ConfigError);
    await assert.rejects(classic.subscribe([]), ConfigError);
  });

  test("a member that was late loses its partitions: onLost is told, its commit fails, it joins again", async () => {
    await using kit = await startConsuming({ "group.min.session.timeout.ms": "100" });
    const topic = await kit.topic("late");
    const at = { topic, partition: 0 };
    await write(kit.cluster, at, numbers(3));
    const told: string[] = [];
    const late = Promise.withResolvers<void>();
    const consumer = kit.consumer({
      groupId: kit.target.topicName("g"),
      autoOffsetReset: "earliest",
      commit: "manual",
      maxPollIntervalMs: 150,
      onRevoked: () => void told.push("revoked"),
      onLost() {
        told.push("lost");
        late.resolve();
      },
    });
    await consumer.subscribe(topic);
    const found: number[] = [];
    for await (const { offset } of consumer) {
      found.push(offset);
      if (found.length === 1) {
        await late.promise;
        await assert.rejects(consumer.commit([{ ...at, offset: 1 }]), CommitFailedError);
      }
      if (found.length === 2) break;
    }
    assert.deepEqual([told, found], [["lost"], [0, 0]]);
  });

  test("group metadata name the member, for transactions", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("meta");
    await write(kit.cluster, { topic, partition: 0 }, ["a"]);
    const groupId = kit.target.topicName("g");
    const consumer = kit.consumer({ groupId, autoOffsetReset: "earliest", groupInstanceId: "here" });
    await consumer.subscribe(topic);
    await readValues(consumer, 1);
    const { generationId, memberId, ...rest } = consumer.groupMetadata();
    assert.deepEqual(rest, { groupId, groupInstanceId: "here" });
    assert.ok(generationId >= 1 && memberId !== "");
  });
});

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
    let most = 0;
    let count = 0;
    await consumer.run({
      concurrency: 3,
      signal: stop.signal,
      async eachRecord({ partition, offset }) {
        assert.ok(!running.has(partition), "one handler of a partition at a time");
        running.add(partition);
        most = Math.max(most, running.size);
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
    assert.ok(performance.now() - startedMs < 1_000);
  });

  test("options that contradict are refused", async () => {
    const { kit, consumer } = await started(1, 1);
    await using _ = kit;
    await assert.rejects(consumer.run({} as never), ConfigError);
    await assert.rejects(consumer.run({ eachBatch: () => {}, order: "key" } as never), ConfigError);
    await assert.rejects(consumer.run({ eachRecord: () => {}, concurrency: 0 }), ConfigError);
  });
});
