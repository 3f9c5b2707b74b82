// What a client can make us hold, with numbers; idle connections; too many connections; thousands of them.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConnectionCounter } from "@ottla/net";
import type { Connection } from "@ottla/net";
import { answerTo, FETCH, PRODUCE, request, sized, startHarness, until } from "./harness.ts";
import type { Harness } from "./harness.ts";

const READ_BUFFER_BYTES = 64 * 1024;

/** Lets everything that is under way on other connections happen: round trips of a connection of its own. */
async function settle(net: Harness): Promise<void> {
  const barrier = await net.client();
  for (let round = 0; round < 20; round++) {
    barrier.send(request(99, round));
    await barrier.take(1);
  }
  barrier.socket.destroy();
}

describe("back-pressure", () => {
  it("a client that does not read gets no further request handed out beyond the limit", async () => {
    let connection: Connection | null = null;
    let handedOut = 0;
    let mostPending = 0;
    const answer = Buffer.alloc(256 * 1024);
    await using net = await startHarness({
      onRequest: (each) => {
        if (each.frame.readInt16BE(0) === 99) return each.respond([answerTo(each)]);
        connection = each.connection;
        handedOut++;
        mostPending = Math.max(mostPending, connection.pendingResponseBytes);
        each.respond([answer]);
      },
    });
    const client = await net.client();
    client.socket.pause();
    client.send(...Array.from({ length: 400 }, (_, number) => request(FETCH, number)));
    await until(() => connection !== null && connection.pendingResponseBytes > 1_000_000, "the limit to be passed");
    await settle(net);
    const held = connection!.pendingResponseBytes;
    const before = handedOut;
    await settle(net);
    assert.equal(handedOut, before, "nothing more is handed out");
    assert.ok(before < 200, `${before} of 400 requests were handed out`);
    assert.ok(mostPending <= 1_000_000, `${mostPending} bytes waited when a request was handed out`);
    assert.ok(held <= 1_000_000 + answer.length + 4, `${held} bytes wait`);
    client.socket.resume();
    assert.equal((await client.take(400)).length, 400);
  });

  const senders: [string, number, number, number][] = [
    ["small requests", FETCH, 1000, 2 * READ_BUFFER_BYTES],
    ["long requests", FETCH, 1_000_000, 1_000_004 + READ_BUFFER_BYTES],
    ["long bulk requests", PRODUCE, 1_000_000, 4 * 1_000_004 + READ_BUFFER_BYTES],
  ];
  for (const [name, apiKey, bytes, boundBytes] of senders) {
    it(`a client that sends ${name} without end while the handler is slow is not read: at most ${boundBytes} bytes`, async () => {
      let connection: Connection | null = null;
      await using net = await startHarness({
        onRequest: (each) => {
          if (each.frame.readInt16BE(0) === 99) each.respond([answerTo(each)]);
          else connection = each.connection;
        },
      });
      const client = await net.client();
      const frame = sized(request(apiKey, 1, bytes));
      for (let sent = 0; sent < 64_000_000; sent += frame.length) client.socket.write(frame);
      await until(() => connection !== null, "a request");
      await settle(net);
      const { bytesIn } = connection!;
      await settle(net);
      assert.equal(connection!.bytesIn, bytesIn, "nothing more is read");
      assert.ok(bytesIn <= boundBytes, `${bytesIn} bytes were read`);
      assert.ok(client.socket.writableLength > 10_000_000, "the rest waits at the client");
    });
  }

  it("announcing long frames and not sending them costs no memory to speak of", async () => {
    await using net = await startHarness({ onRequest: (each) => each.respond([answerTo(each)]) });
    const clients = await Promise.all(Array.from({ length: 200 }, () => net.client()));
    const beginning = sized(request(PRODUCE, 1, 9_000_000)).subarray(0, 100);
    const before = process.memoryUsage.rss();
    for (const client of clients) client.socket.write(beginning);
    await settle(net);
    const grownMb = (process.memoryUsage.rss() - before) / 1_000_000;
    assert.ok(grownMb < 100, `RSS grew by ${grownMb} MB for 1,800 MB announced`);
  });
});

describe("idle connections", () => {
  it("are closed after the limit, at most an eighth later, and busy ones stay", async () => {
    await using net = await startHarness({
      limits: { maxIdleMs: 8000 },
      onRequest: (each) => each.respond([answerTo(each)]),
    });
    const [idle, busy] = [await net.client(), await net.client()];
    for (const client of [idle, busy]) {
      client.send(request(FETCH, 1));
      await client.take(1);
    }
    for (let second = 0; second < 8; second++) {
      net.clock.advance(1000);
      busy.send(request(FETCH, second));
      await busy.take(1);
      assert.equal(net.listener.connectionCount(), 2, `after ${second + 1} s`);
    }
    net.clock.advance(1000);
    await idle.closed();
    await until(() => net.listener.connectionCount() === 1, "the count");
    busy.send(request(FETCH, 9));
    await busy.take(1);
  });

  it("stay when the limit is negative", async () => {
    await using net = await startHarness({
      limits: { maxIdleMs: -1 },
      onRequest: (each) => each.respond([answerTo(each)]),
    });
    const client = await net.client();
    net.clock.advance(1_000_000_000);
    client.send(request(FETCH, 1));
    await client.take(1);
  });
});

it("buffers that nobody needs are let go also where connections may be idle for ever", async () => {
  await using net = await startHarness({ limits: { maxIdleMs: -1 } });
  const { framePool } = net.listener;
  framePool.give(framePool.take(100_000));
  assert.ok(framePool.idleBytes() >= 100_000);
  for (let minute = 0; minute < 2; minute++) net.clock.advance(60_000);
  assert.equal(framePool.idleBytes(), 0);
});

describe("the number of connections", () => {
  it("above the limit are closed at once with a log line, and a place that becomes free is given again", async () => {
    const maxConnections = new ConnectionCounter(2);
    await using net = await startHarness({
      limits: { maxConnections },
      onRequest: (each) => each.respond([answerTo(each)]),
    });
    await using other = await startHarness({ limits: { maxConnections } });
    const [first, second] = [await net.client(), await other.client()];
    await until(() => maxConnections.count() === 2, "both to be counted, over two listeners");
    const refused = await net.client();
    await refused.closed();
    assert.match(net.logger.lines[0]!.sentence, /max\.connections/);
    assert.equal(maxConnections.count(), 2);
    second.socket.destroy();
    await until(() => maxConnections.count() === 1, "a free place");
    const third = await net.client();
    for (const client of [first, third]) {
      client.send(request(FETCH, 1));
      await client.take(1);
    }
  });

  it("2,000 are served at once, and cost little when idle", async () => {
    await using net = await startHarness({ onRequest: (each) => each.respond([answerTo(each)]) });
    const before = process.memoryUsage.rss();
    const clients = await Promise.all(Array.from({ length: 2000 }, () => net.client()));
    for (const client of clients) client.send(request(FETCH, 7));
    for (const client of clients) await client.take(1);
    assert.equal(net.listener.connectionCount(), 2000);
    const eachKb = (process.memoryUsage.rss() - before) / 2000 / 1024;
    assert.ok(eachKb < 60, `${eachKb.toFixed(1)} KB for each connection and its client together`);
  });
});
