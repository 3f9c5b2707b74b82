// Faults of some partitions of a request only, and what they do to Fetch, whose sessions must stay right.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { batchFormat, errorName } from "@ottla/protocol";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import { fetch, produced, valuesIn, withTopic } from "./support/fault-wire.ts";
import { valuesOf } from "./support/wire.ts";

test("an error for one partition leaves the others to the broker", async () => {
  await using wire = await withTopic();
  wire.broker!.faults.add({ topic: "t", partition: 1, api: "Produce", action: { error: "KAFKA_STORAGE_ERROR" } });
  assert.deepEqual(await produced(wire, { 0: "a", 1: "b" }), { 0: "NONE", 1: "KAFKA_STORAGE_ERROR" });
  assert.deepEqual(await produced(wire, { 0: "c" }), { 0: "NONE" });
  assert.deepEqual([await valuesIn(wire, 0), await valuesIn(wire, 1)], [["a", "c"], []]);
});

for (const version of [11, 12, 16]) {
  test(`Fetch version ${version} is refused partition by partition, and its session stays as the client knows it`, async () => {
    await using wire = await withTopic();
    await produced(wire, { 0: "a", 1: "b" });
    const first = await fetch(wire, { version, partitions: [0, 1], sessionEpoch: 0 });
    const { sessionId } = first;
    assert.notEqual(sessionId, 0);
    const fault = wire.broker!.faults.add({ api: "Fetch", partition: 1, action: { error: "NOT_LEADER_OR_FOLLOWER" } });
    // The request names no partition: those of the session are meant. It would wait for a minute, but an error is told at once.
    const begunMs = performance.now();
    const next = { version, partitions: [], sessionId, maxWaitMs: 60_000, minBytes: 1_000_000 };
    const second = await fetch(wire, { ...next, sessionEpoch: 1 });
    assert.ok(performance.now() - begunMs < 30_000);
    const told = second.responses.flatMap(({ partitions }) => partitions);
    assert.deepEqual(
      told.map(({ partitionIndex, errorCode, records }) => [partitionIndex, errorName(errorCode), valuesOf(records!)]),
      [
        [0, "NONE", ["a"]],
        [1, "NOT_LEADER_OR_FOLLOWER", []],
      ],
    );
    if (version >= 13)
      assert.deepEqual(
        second.responses.map(({ topicId }) => topicId),
        [wire.id("t"), wire.id("t")],
      );
    fault.remove();
    const third = await fetch(wire, { version, partitions: [], sessionId, sessionEpoch: 2 });
    assert.equal(third.errorCode, 0);
    assert.deepEqual(
      third.responses
        .flatMap(({ partitions }) => partitions.map(({ records }) => valuesOf(records!)))
        .flat()
        .sort(),
      ["a", "b"],
    );
  });
}

test("an error of fetch sessions stands at the top of the answer", async () => {
  await using wire = await withTopic();
  wire.broker!.faults.add({ api: "Fetch", times: 1, action: { error: "FETCH_SESSION_ID_NOT_FOUND" } });
  const answer = await fetch(wire, { version: 16 });
  assert.deepEqual([errorName(answer.errorCode), answer.responses], ["FETCH_SESSION_ID_NOT_FOUND", []]);
  assert.equal((await fetch(wire)).errorCode, 0);
});

test("Metadata refuses one topic and still tells of the brokers and the other topics", async () => {
  await using wire = await withTopic();
  await wire.createTopics({ other: 1 });
  wire.broker!.faults.add({ topic: "t", action: { error: "LEADER_NOT_AVAILABLE" } });
  for (const version of [1, 8, 13]) {
    const named = ["t", "other"].map((name) => ({ name, topicId: ZERO_UUID }));
    const { brokers, topics } = await wire.call(metadataApi, version, {
      topics: named,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    });
    assert.equal(brokers.length, 1);
    assert.deepEqual(Object.fromEntries(topics.map(({ name, errorCode }) => [name, errorName(errorCode)])), {
      t: "LEADER_NOT_AVAILABLE",
      other: "NONE",
    });
  }
});

test("a cut Fetch answer brings a part of its records", async () => {
  await using wire = await withTopic();
  await produced(wire, { 0: "x".repeat(1_000_000) });
  wire.broker!.faults.add({ api: "Fetch", times: 1, action: { cutFrame: 700_000 } });
  await assert.rejects(fetch(wire), { name: "ConnectionLost" });
});

test("a corrupt batch fails its checksum on the way and is whole in the log", async () => {
  await using wire = await withTopic();
  await produced(wire, { 0: "a", 1: "b" });
  const fault = wire.broker!.faults.add({ topic: "t", partition: 1, times: 1, action: { corruptBatch: true } });
  const { responses } = await fetch(wire, { partitions: [0, 1] });
  const [first, second] = responses.flatMap(({ partitions }) => partitions).map(({ records }) => records!);
  assert.deepEqual([batchFormat.verifyCrc(first!, 0), batchFormat.verifyCrc(second!, 0)], [true, false]);
  assert.equal(fault.hits, 1);
  assert.deepEqual(await valuesIn(wire, 1), ["b"]);
});
