// Reading as a member of a group: what is committed and when, rebalances with records in work, hooks, patterns, handlers.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Consumer } from "../src/consumer/consumer.ts";
import { CommitFailedError, ConfigError, StateError } from "../src/errors.ts";
import type { KafkaError } from "../src/errors.ts";
import { committedOf, numbers, readValues, startConsuming, write } from "./support/consuming.ts";
import { eventually } from "./support/eventually.ts";

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
        await eventually(async () => assert.equal(await committedOf(kit, groupId, at), 3));
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

  test("a loop that was left: a rebalance before the application comes back brings its last record again", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("left");
    await write(kit.cluster, { topic, partition: 0 }, numbers(3));
    let assignments = 0;
    const groupId = kit.target.topicName("g");
    const onAssigned = (): void => void assignments++;
    const consumer = kit.consumer({ groupId, autoOffsetReset: "earliest", partitionAssignors: ["range"], onAssigned });
    await consumer.subscribe(topic);
    assert.deepEqual(await readValues(consumer, 2), ["0", "1"]);
    consumer.enforceRebalance();
    await eventually(() => assert.equal(assignments, 2));
    assert.deepEqual(await readValues(consumer, 2), ["1", "2"]);
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
      // So many that the first one still has work when the second one has joined, however long that takes.
      const count = 200;
      for (const partition of [0, 1]) await write(kit.cluster, { topic, partition }, numbers(count, partition * 1_000));
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
          const waitMs = delivered.length > 10 && !events.includes("second has 1") ? 100 : 1;
          await new Promise((resolve) => setTimeout(resolve, waitMs));
          inWork = null;
        }
      })().catch(() => {});
      const other = (async (): Promise<void> => {
        for await (const { value } of second.records({ signal: stop.signal })) delivered.push(String(value));
      })().catch(() => {});
      await eventually(() => assert.equal(new Set(delivered).size, 2 * count));
      stop.abort();
      await Promise.all([loop, other]);
      assert.deepEqual(
        delivered.toSorted((a, b) => Number(a) - Number(b)),
        [...numbers(count), ...numbers(count, 1_000)],
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

    test("close while a rebalance takes partitions: onRevoked is told once of each", async () => {
      await using kit = await startConsuming();
      const topic = await kit.topic("once", { partitions: 4 });
      const groupId = kit.target.topicName("g");
      await write(kit.cluster, { topic, partition: 0 }, numbers(1));
      const told: number[] = [];
      const begun = Promise.withResolvers<void>();
      const go = Promise.withResolvers<void>();
      const first = kit.consumer({
        groupId,
        groupProtocol,
        autoOffsetReset: "earliest",
        async onRevoked(partitions) {
          for (const { partition } of partitions) told.push(partition);
          begun.resolve();
          await go.promise;
        },
      });
      await first.subscribe(topic);
      await readValues(first, 1);
      const second = kit.consumer({ groupId, groupProtocol });
      await second.subscribe(topic);
      const polled = first.poll({ timeoutMs: 20_000 }).catch(() => {});
      await begun.promise;
      const closed = first.close();
      // What close does by itself has had its turns.
      await second.poll({ timeoutMs: 50 });
      go.resolve();
      await closed;
      await polled;
      assert.deepEqual(
        told.toSorted((one, other) => one - other),
        [0, 1, 2, 3],
      );
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

    test("a topic that there cannot be is told, and the consumer goes on with another", async () => {
      await using kit = await startConsuming();
      const topic = await kit.topic("real");
      await write(kit.cluster, { topic, partition: 0 }, ["a"]);
      const consumer = kit.consumer({ groupId: kit.target.topicName("g"), groupProtocol, autoOffsetReset: "earliest" });
      await consumer.subscribe("not a topic");
      await assert.rejects(consumer.poll(), (error: KafkaError) => {
        assert.deepEqual([error.code, error.context.topic], ["INVALID_TOPIC_EXCEPTION", "not a topic"]);
        return true;
      });
      await consumer.subscribe(topic);
      assert.deepEqual(await readValues(consumer, 1), ["a"]);
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
      // Else the rebalance may come before the next loop says that the record is done, and it comes again.
      await consumer.commit();
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
