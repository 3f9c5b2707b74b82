// Reading through failures that the test kit makes, and transactions in every interleaving as a broker answers them.

import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, test } from "node:test";
import type { FaultAction } from "@ottla/testkit";
import type { RequestMessage } from "../src/diagnostics.ts";
import { CorruptRecordError, KafkaError } from "../src/errors.ts";
import { numbers, readValues, startConsuming, TransactionWriter, write } from "./support/consuming.ts";
import { isReference } from "./target.ts";

const ofOurBroker = { skip: isReference };

describe("failures on the way", ofOurBroker, () => {
  const actions: { name: string; action: FaultAction; times?: number }[] = [
    { name: "the connection drops", action: { drop: "connection" } },
    { name: "the answer is lost", action: { loseAnswer: true } },
    { name: "the answer is cut off", action: { cutFrame: 40 } },
    { name: "NOT_LEADER_OR_FOLLOWER", action: { error: "NOT_LEADER_OR_FOLLOWER" } },
    { name: "FENCED_LEADER_EPOCH", action: { error: "FENCED_LEADER_EPOCH" } },
    { name: "UNKNOWN_TOPIC_ID", action: { error: "UNKNOWN_TOPIC_ID" } },
    { name: "UNKNOWN_TOPIC_OR_PARTITION", action: { error: "UNKNOWN_TOPIC_OR_PARTITION" } },
    { name: "UNKNOWN_LEADER_EPOCH", action: { error: "UNKNOWN_LEADER_EPOCH" } },
    { name: "KAFKA_STORAGE_ERROR", action: { error: "KAFKA_STORAGE_ERROR" } },
    { name: "UNKNOWN_SERVER_ERROR", action: { error: "UNKNOWN_SERVER_ERROR" } },
    { name: "FETCH_SESSION_ID_NOT_FOUND (peers' session faults)", action: { error: "FETCH_SESSION_ID_NOT_FOUND" } },
    { name: "INVALID_FETCH_SESSION_EPOCH (peers' session faults)", action: { error: "INVALID_FETCH_SESSION_EPOCH" } },
    { name: "FETCH_SESSION_TOPIC_ID_ERROR", action: { error: "FETCH_SESSION_TOPIC_ID_ERROR" } },
    { name: "throttled", action: { throttleMs: 30 } },
    { name: "late", action: { delayMs: 30 } },
  ];
  for (const { name, action } of actions) {
    test(`fetches fail, ${name}: every record comes once, in order`, async () => {
      await using kit = await startConsuming();
      const topic = await kit.topic("faults", { partitions: 2 });
      const consumer = kit.consumer({ autoOffsetReset: "earliest", maxPartitionFetchBytes: 300, fetchMaxWaitMs: 10 });
      await consumer.assign([0, 1].map((partition) => ({ topic, partition })));
      for (const partition of [0, 1]) {
        for (let round = 0; round < 5; round++) await write(kit.cluster, { topic, partition }, numbers(4, round * 4));
      }
      const fault = kit.target.broker!.faults.add({ api: "Fetch", nth: 2, times: 3, action });
      const seen: string[][] = [[], []];
      let count = 0;
      for await (const { partition, value } of consumer) {
        seen[partition]!.push(String(value));
        if (++count === 40) break;
      }
      for (const partition of [0, 1]) await write(kit.cluster, { topic, partition }, numbers(4, 20));
      for await (const { partition, value } of consumer) {
        seen[partition]!.push(String(value));
        if (++count === 48) break;
      }
      await fault.hit();
      assert.deepEqual(seen, [numbers(24), numbers(24)]);
    });
  }

  for (const error of ["NOT_LEADER_OR_FOLLOWER", "LEADER_NOT_AVAILABLE", "UNKNOWN_TOPIC_OR_PARTITION"] as const) {
    test(`looking for positions fails, ${error}: it is found in the end`, async () => {
      await using kit = await startConsuming();
      const topic = await kit.topic("faults");
      const at = { topic, partition: 0 };
      await write(kit.cluster, at, ["a"]);
      kit.target.broker!.faults.add({ api: "ListOffsets", times: 2, action: { error } });
      const consumer = kit.consumer({ autoOffsetReset: "earliest" });
      await consumer.assign([at]);
      assert.deepEqual(await readValues(consumer, 1), ["a"]);
      kit.target.broker!.faults.add({ api: "ListOffsets", times: 2, action: { error } });
      assert.equal((await consumer.endOffsets([at]))[0]!.offset, 1);
    });
  }

  test("not allowed to read: the application is told, and goes on once it is", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("secret");
    await write(kit.cluster, { topic, partition: 0 }, ["a"]);
    const consumer = kit.consumer({ autoOffsetReset: "earliest" });
    await consumer.assign([{ topic, partition: 0 }]);
    const fault = kit.target.broker!.faults.add({
      api: "Fetch",
      topic,
      action: { error: "TOPIC_AUTHORIZATION_FAILED" },
    });
    for (let attempt = 0; attempt < 2; attempt++) {
      await assert.rejects(
        consumer.poll(),
        (error) => error instanceof KafkaError && error.code === "TOPIC_AUTHORIZATION_FAILED",
      );
    }
    fault.remove();
    await consumer.poll({ timeoutMs: 200 }).then(
      (records) => assert.ok(records.length <= 1),
      (error: unknown) => assert.equal((error as KafkaError).code, "TOPIC_AUTHORIZATION_FAILED"),
    );
    consumer.seek({ topic, partition: 0 }, 0);
    assert.deepEqual(await readValues(consumer, 1), ["a"]);
  });

  test("a damaged batch: CorruptRecordError, the position stays, and the second fetch brings it whole", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("damaged");
    const at = { topic, partition: 0 };
    await write(kit.cluster, at, numbers(3));
    const consumer = kit.consumer({ autoOffsetReset: "earliest" });
    const fault = kit.target.broker!.faults.add({ api: "Fetch", topic, action: { corruptBatch: true } });
    await consumer.assign([at]);
    await assert.rejects(consumer.poll(), (error) => error instanceof CorruptRecordError && error.context.offset === 0);
    assert.equal(await consumer.position(at), 0);
    fault.remove();
    const found: string[] = [];
    while (found.length < 3) {
      const records = await consumer.poll({ timeoutMs: 1_000 }).catch(() => []);
      found.push(...records.map(({ value }) => String(value)));
    }
    assert.deepEqual(found, numbers(3));
  });

  test("a broker that hangs does not hold up close (peers' faults: kafkajs#767, #1606)", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("hang");
    const groupId = kit.target.topicName("g");
    await write(kit.cluster, { topic, partition: 0 }, ["a"]);
    const consumer = kit.consumer({ groupId, autoOffsetReset: "earliest" });
    await consumer.subscribe(topic);
    await readValues(consumer, 1);
    const { faults } = kit.target.broker!;
    const fetches = faults.add({ api: "Fetch", action: { hang: true } });
    const commits = faults.add({ api: "OffsetCommit", action: { hang: true } });
    const leaves = faults.add({ api: "LeaveGroup", action: { hang: true } });
    const startedMs = performance.now();
    await consumer.close({ timeoutMs: 200 });
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs < 10_000, `${tookMs} ms: not the 30 s of a close without a bound`);
    for (const fault of [fetches, commits, leaves]) fault.remove();
  });

  test("a partition is lost and comes back while a handler is at its record: no other handler starts before", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("back");
    await write(kit.cluster, { topic, partition: 0 }, numbers(3));
    const group = { groupId: kit.target.topicName("g"), heartbeatIntervalMs: 20, autoOffsetReset: "earliest" } as const;
    const told: string[] = [];
    const [begun, back, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), new AbortController()];
    const consumer = kit.consumer({
      ...group,
      onAssigned: () => void (told.push("assigned") === 4 && back.resolve()),
      onLost: () => void told.push("lost"),
    });
    await consumer.subscribe(topic);
    const running = consumer.run({
      concurrency: 4,
      signal: done.signal,
      eachRecord: async ({ value }) => {
        told.push(`begins ${String(value)}`);
        if (told.length === 2) {
          begun.resolve();
          await back.promise;
          // A handler of the partition as it came back would begin in these turns.
          for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
        }
        told.push(`ends ${String(value)}`);
        if (String(value) === "2") done.abort();
      },
    });
    await begun.promise;
    kit.target.broker!.faults.add({ api: "Heartbeat", times: 1, action: { error: "ILLEGAL_GENERATION" } });
    await running;
    const again = ["0", "1", "2"].flatMap((value) => [`begins ${value}`, `ends ${value}`]);
    assert.deepEqual(told, ["assigned", "begins 0", "lost", "assigned", "ends 0", ...again]);
  });

  test("commits are lost and refused for a while: what is done is committed in the end", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("commits");
    const at = { topic, partition: 0 };
    const groupId = kit.target.topicName("g");
    await write(kit.cluster, at, numbers(5));
    const consumer = kit.consumer({ groupId, autoOffsetReset: "earliest", autoCommitIntervalMs: 20 });
    await consumer.subscribe(topic);
    await readValues(consumer, 4);
    const { faults } = kit.target.broker!;
    const lost = faults.add({ api: "OffsetCommit", times: 1, action: { loseAnswer: true } });
    const refused = faults.add({ api: "OffsetCommit", times: 2, action: { error: "COORDINATOR_LOAD_IN_PROGRESS" } });
    await consumer.commit();
    await Promise.all([lost.hit(), refused.hit()]);
    assert.equal((await consumer.committed([at]))[0]!.offset, 4);
  });

  test("incremental sessions: what did not change is not named again (KIP-227)", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("session", { partitions: 20 });
    const consumer = kit.consumer({ autoOffsetReset: "earliest", fetchMaxWaitMs: 5 }, { clientId: "sessions" });
    const bytes: number[] = [];
    const note = (message: unknown): void => {
      const { api, clientId, requestBytes } = message as RequestMessage;
      if (api === "Fetch" && clientId === "sessions") bytes.push(requestBytes);
    };
    subscribe("ottla:client:request:sent", note);
    await consumer.assign(numbers(20).map((partition) => ({ topic, partition: Number(partition) })));
    const isQuiet = (): boolean => bytes.length > 5 && bytes.slice(-2).every((each) => each < 60);
    while (!isQuiet()) await consumer.poll({ timeoutMs: 5 });
    unsubscribe("ottla:client:request:sent", note);
    assert.ok(Math.max(...bytes) >= 100, "partitions were named when they were new");
    await write(kit.cluster, { topic, partition: 7 }, ["a"]);
    assert.deepEqual(await readValues(consumer, 1), ["a"]);
  });
});

describe("transactions, as a broker answers them", () => {
  const script = async (kit: Awaited<ReturnType<typeof startConsuming>>, topic: string): Promise<void> => {
    const at = { topic, partition: 0 };
    const one = new TransactionWriter(kit.cluster, kit.target.topicName("one"));
    const two = new TransactionWriter(kit.cluster, kit.target.topicName("two"));
    await one.write(at, ["aborted 1"]);
    await one.end(false);
    await one.write(at, ["aborted 2"]);
    await two.write(at, ["committed 1"]);
    await write(kit.cluster, at, ["plain"]);
    await one.write(at, ["aborted 3"]);
    await one.end(false);
    await two.write(at, ["committed 2"]);
    await two.end(true);
    await one.write(at, ["committed 3"]);
    await one.end(true);
    await two.write(at, ["aborted 4"]);
    await two.end(false);
  };

  test("every start and every size of fetch gives what was committed behind it, and no more", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("transactions");
    const at = { topic, partition: 0 };
    await script(kit, topic);
    const all = kit.consumer({ autoOffsetReset: "earliest", isolationLevel: "read_committed" });
    const [end] = await all.endOffsets([at]);
    const expected: [number, string][] = [];
    await all.assign([at]);
    while (expected.length < 4) {
      for (const { offset, value } of await all.poll()) expected.push([offset, String(value)]);
    }
    assert.deepEqual(
      expected.map(([, value]) => value),
      ["committed 1", "plain", "committed 2", "committed 3"],
    );
    for (const maxPartitionFetchBytes of [1, 200, 1_000_000]) {
      for (let start = 0; start < end!.offset; start++) {
        const consumer = kit.consumer({ autoOffsetReset: "none", maxPartitionFetchBytes, fetchMaxWaitMs: 5 });
        await consumer.assign([at]);
        consumer.seek(at, start);
        const found: [number, string][] = [];
        while ((await consumer.position(at)) < end!.offset) {
          for (const { offset, value } of await consumer.poll({ timeoutMs: 10 })) found.push([offset, String(value)]);
        }
        assert.deepEqual(
          found,
          expected.filter(([offset]) => offset >= start),
          `from ${start} with ${maxPartitionFetchBytes} bytes`,
        );
        await consumer.close();
      }
    }
  });

  test("read_committed waits for an open transaction, read_uncommitted does not", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("open");
    const at = { topic, partition: 0 };
    const writer = new TransactionWriter(kit.cluster, kit.target.topicName("writer"));
    await writer.write(at, ["in doubt"]);
    await write(kit.cluster, at, ["behind"]);
    const committed = kit.consumer({ autoOffsetReset: "earliest" });
    const uncommitted = kit.consumer({ autoOffsetReset: "earliest", isolationLevel: "read_uncommitted" });
    await committed.assign([at]);
    await uncommitted.assign([at]);
    assert.deepEqual(await readValues(uncommitted, 2), ["in doubt", "behind"]);
    assert.deepEqual(await committed.poll({ timeoutMs: 50 }), []);
    assert.equal((await committed.endOffsets([at]))[0]!.offset, 0);
    assert.equal((await uncommitted.endOffsets([at]))[0]!.offset, 2);
    await writer.end(true);
    assert.deepEqual(await readValues(committed, 2), ["in doubt", "behind"]);
  });

  test("control records at the end: the position and what is committed are behind them", async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("end");
    const at = { topic, partition: 0 };
    const groupId = kit.target.topicName("g");
    const writer = new TransactionWriter(kit.cluster, kit.target.topicName("writer"));
    await writer.write(at, ["a"]);
    await writer.end(true);
    await writer.write(at, ["x"]);
    await writer.end(false);
    const consumer = kit.consumer({ groupId, autoOffsetReset: "earliest" });
    await consumer.subscribe(topic);
    assert.deepEqual(await readValues(consumer, 1), ["a"]);
    assert.deepEqual(await consumer.poll({ timeoutMs: 30 }), []);
    assert.deepEqual([await consumer.position(at), consumer.lag(at)], [4, 0]);
    await consumer.commit();
    assert.equal((await consumer.committed([at]))[0]!.offset, 4);
  });
});
