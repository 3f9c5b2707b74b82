// Faults, each seen from the wire: what the client gets, and what the broker did of what was asked.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { heartbeatApi } from "@ottla/protocol/messages/12-heartbeat.ts";
import { ManualClock } from "@ottla/testkit";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { isServed, produce, produced, valuesIn, withTopic } from "./support/fault-wire.ts";
import { Wire } from "./support/wire.ts";

test("an error is the answer, and nothing is done", async () => {
  await using wire = await withTopic();
  const fault = wire.broker!.faults.add({ api: "Produce", action: { error: "NOT_LEADER_OR_FOLLOWER" } });
  assert.deepEqual(await produced(wire, { 0: "a", 1: "b" }), {
    0: "NOT_LEADER_OR_FOLLOWER",
    1: "NOT_LEADER_OR_FOLLOWER",
  });
  assert.equal(fault.hits, 1);
  fault.remove();
  assert.deepEqual(await valuesIn(wire), []);
  assert.deepEqual(await produced(wire, { 0: "a" }), { 0: "NONE" });
});

test("an error answered to acks 0 closes the connection, as Kafka does", async () => {
  await using wire = await withTopic();
  wire.broker!.faults.add({ api: "Produce", action: { error: "NOT_LEADER_OR_FOLLOWER" } });
  await assert.rejects(produce(wire, { 0: "a" }, 0), { name: "ConnectionLost" });
});

test("a dropped connection: nothing was done, and another connection works", async () => {
  await using wire = await withTopic();
  const fault = wire.broker!.faults.add({ api: "Produce", times: 1, action: { drop: "connection" } });
  await assert.rejects(produced(wire, { 0: "a" }), { name: "ConnectionLost" });
  await fault.hit();
  assert.equal(wire.broker!.node.broker.replicas.get("t", 0)!.log.logEndOffset, 0);
  const client = await WireClient.connect(wire.port);
  assert.ok(await isServed(client));
  client.close();
});

test("a lost answer: what was asked is done, the answer does not come", async () => {
  await using wire = await withTopic();
  wire.broker!.faults.add({ api: "Produce", times: 1, action: { loseAnswer: true } });
  await assert.rejects(produced(wire, { 0: "a" }), { name: "ConnectionLost" });
  assert.equal(wire.broker!.node.broker.replicas.get("t", 0)!.log.logEndOffset, 1);
});

for (const bytes of [0, 5, 1_000_000]) {
  test(`a frame cut after ${bytes} bytes ends with the connection`, async () => {
    await using wire = await withTopic();
    wire.broker!.faults.add({ api: "ApiVersions", times: 1, action: { cutFrame: bytes } });
    const received = await rawAnswer(wire.port, Buffer.from("0012000000000007ffff", "hex"));
    const size = received.readInt32BE(0);
    const expected = Math.min(bytes, size - 1);
    assert.equal(received.length - 4, expected);
    if (expected >= 4) assert.equal(received.readInt32BE(4), 7);
  });
}

/** What comes back for one request until the connection ends. */
function rawAnswer(port: number, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, "127.0.0.1");
    const size = Buffer.alloc(4);
    size.writeInt32BE(request.length);
    socket.write(Buffer.concat([size, request]));
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => resolve(Buffer.concat(chunks)));
  });
}

test("a throttled answer says so, and is right otherwise", async () => {
  await using wire = await withTopic();
  wire.broker!.faults.add({ api: "Produce", times: 1, action: { throttleMs: 250 } });
  assert.equal((await produce(wire, { 0: "a" })).throttleTimeMs, 250);
  assert.equal((await produce(wire, { 0: "b" })).throttleTimeMs, 0);
  assert.deepEqual(await valuesIn(wire), ["a", "b"]);
});

test("a delay is told by the broker's clock; what was asked is done at once, and an error may be late too", async () => {
  const clock = new ManualClock();
  await using wire = await Wire.open({}, { clock });
  await wire.createTopics({ t: 1 });
  const slowError = { delayMs: 5000, error: "REQUEST_TIMED_OUT" } as const;
  const second = wire.broker!.faults.add({ api: "Produce", nth: 2, action: slowError });
  wire.broker!.faults.add({ api: "Produce", nth: 1, action: { delayMs: 5000 } });
  const late = produced(wire, { 0: "a" });
  const { log } = wire.broker!.node.broker.replicas.get("t", 0)!;
  while (log.logEndOffset === 0) await new Promise((resolve) => setImmediate(resolve));
  let answered = false;
  void late.then(() => (answered = true));
  clock.advance(4999);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(answered, false);
  clock.advance(1);
  assert.deepEqual(await late, { 0: "NONE" });
  const refused = produced(wire, { 0: "b" });
  await second.hit();
  clock.advance(5000);
  assert.deepEqual(await refused, { 0: "REQUEST_TIMED_OUT" });
});

test("a connection hangs until the fault is removed, and then it closes", async () => {
  await using wire = await withTopic();
  const fault = wire.broker!.faults.add({ api: "Heartbeat", times: 1, action: { hang: true } });
  const heartbeat = wire.call(heartbeatApi, 4, { groupId: "g", generationId: 1, memberId: "m" });
  await fault.hit();
  const other = await WireClient.connect(wire.port);
  assert.ok(await isServed(other));
  other.close();
  const lost = assert.rejects(heartbeat, { name: "ConnectionLost" });
  fault.remove();
  await lost;
});

test("a broker closes at once though a connection hangs and an answer is delayed", async () => {
  const wire = await withTopic();
  const broker = wire.broker!;
  const hang = broker.faults.add({ api: "Heartbeat", action: { hang: true } });
  const delay = broker.faults.add({ api: "Produce", action: { delayMs: 60_000 } });
  const other = await WireClient.connect(wire.port);
  const lost = assert.rejects(other.call(heartbeatApi, 4, { groupId: "g", generationId: 1, memberId: "m" }), {
    name: "ConnectionLost",
  });
  const delayed = produced(wire, { 0: "a" });
  await Promise.all([hang.hit(), delay.hit()]);
  const begunMs = performance.now();
  await broker.close();
  assert.ok(performance.now() - begunMs < 30_000, "not the minute of the delay");
  assert.deepEqual(await delayed, { 0: "NONE" });
  await lost;
  await wire[Symbol.asyncDispose]();
});
