// How responses leave: gathered, streamed in chunks, released on every path.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FramePart } from "@ottla/base";
import { BufferPool, StreamBudget } from "@ottla/net";
import { CountingPart, countingBytes, FETCH, PRODUCE, request, startHarness, until } from "./harness.ts";
import type { FrameClient, Harness, ReadMode } from "./harness.ts";

const CHUNK = 64 * 1024;

async function oneRequest(net: Harness): Promise<FrameClient> {
  const client = await net.client();
  client.send(request(FETCH, 1));
  await until(() => net.requests.length > 0, "a request");
  return client;
}

describe("responses", () => {
  it("that are given in one turn leave in one write", async () => {
    await using net = await startHarness({ limits: { maxInFlightRequests: 50 } });
    const client = await net.client();
    client.send(...Array.from({ length: 50 }, (_, number) => request(PRODUCE, number)));
    await until(() => net.requests.length === 50, "all requests");
    for (const each of net.requests) each.respond([Buffer.alloc(30), Buffer.alloc(30)]);
    await client.take(50);
    assert.equal(client.chunks, 1);
  });

  const shapes: [string, () => FramePart[]][] = [
    ["no bytes at all", () => []],
    ["an empty part", () => [Buffer.alloc(0), new CountingPart(0)]],
    ["one small part", () => [countingBytes(10)]],
    [
      "small and large parts by turns",
      () => [countingBytes(10), countingBytes(100_000), countingBytes(7), countingBytes(5000)],
    ],
    ["one streamed part", () => [new CountingPart(10)]],
    ["a streamed part longer than a chunk", () => [countingBytes(99), new CountingPart(3 * CHUNK + 5)]],
    ["many small streamed parts", () => Array.from({ length: 300 }, (_, index) => new CountingPart(index * 7 + 1))],
    [
      "all of these",
      () => [
        countingBytes(9),
        new CountingPart(CHUNK),
        countingBytes(70_000),
        countingBytes(1),
        new CountingPart(CHUNK - 1),
      ],
    ],
    [
      "streamed parts read by turns at once and later",
      () => [new CountingPart(5 * CHUNK, "by turns"), new CountingPart(CHUNK, "by turns")],
    ],
    [
      "streamed parts read later",
      () => [countingBytes(5), new CountingPart(CHUNK, "later"), new CountingPart(5 * CHUNK, "later")],
    ],
  ];
  for (const [name, parts] of shapes) {
    it(`made of ${name} come whole and in order`, async () => {
      await using net = await startHarness({ limits: { maxPendingResponseBytes: 100_000_000 } });
      const client = await net.client();
      const given: FramePart[][] = [];
      for (let number = 0; number < 3; number++) {
        client.send(request(FETCH, number));
        await until(() => net.requests.length === 1, "a request");
        given.push(parts());
        net.requests.shift()!.respond(given.at(-1)!);
      }
      const expected = Buffer.concat(given[0]!.map((part) => countingBytes(part.length)));
      for (const frame of await client.take(3))
        assert.ok(frame.equals(expected), `${frame.length} of ${expected.length} bytes`);
      for (const part of given.flat()) {
        if (Buffer.isBuffer(part)) continue;
        assert.deepEqual([(part as CountingPart).releases, (part as CountingPart).readsAfterRelease], [1, 0]);
      }
      assert.equal(net.listener.streamBudget.lentBytes(), 0);
    });
  }
});

describe("a streamed part", () => {
  it("is read in chunks of at most streamChunkBytes, no faster than the client reads", async () => {
    await using net = await startHarness();
    const client = await oneRequest(net);
    client.socket.pause();
    const part = new CountingPart(100_000_000);
    net.requests[0]!.respond([part]);
    const { connection } = net.requests[0]!;
    await until(() => connection.isWriting(), "the socket to be full");
    const unread = connection.pendingResponseBytes;
    assert.ok(unread > 50_000_000, `${unread} bytes wait in the file`);
    assert.ok(Math.max(...part.reads) <= CHUNK);
    assert.equal(net.listener.streamBudget.lentBytes(), CHUNK, "one chunk in memory");
    client.socket.destroy();
  });

  const ends: [string, length: number, reads: number[]][] = [
    ["goes with the chunk before it when it is small", 2 * CHUNK + 4092, [CHUNK - 4, CHUNK + 4096]],
    ["is read by itself when it is larger", 2 * CHUNK + 4093, [CHUNK - 4, CHUNK, 4097]],
  ];
  for (const [sentence, length, reads] of ends) {
    it(`has an end that ${sentence}`, async () => {
      await using net = await startHarness();
      const client = await oneRequest(net);
      const part = new CountingPart(length);
      net.requests[0]!.respond([part]);
      assert.ok((await client.take(1))[0]!.equals(countingBytes(length)));
      assert.deepEqual(part.reads, reads);
    });
  }

  it("gets smaller chunks when the budget of the process is used up", async () => {
    const pool = new BufferPool(0);
    const budget = new StreamBudget(128 * 1024, pool);
    await using net = await startHarness({ more: { streamBudget: budget } });
    const client = await oneRequest(net);
    const taken = budget.take(CHUNK);
    const part = new CountingPart(200_000);
    net.requests[0]!.respond([part]);
    await client.take(1);
    assert.equal(Math.max(...part.reads), 16 * 1024);
    budget.give(taken);
    assert.equal(budget.lentBytes(), 0);
  });

  const modes: ReadMode[] = ["at once", "later"];
  for (const mode of modes) {
    it(`that cannot be read (${mode}) closes the connection with a log line`, async () => {
      await using net = await startHarness();
      const client = await oneRequest(net);
      const parts = [new CountingPart(500_000, mode, 300_000), new CountingPart(10, mode)];
      net.requests[0]!.respond(parts);
      await client.closed();
      await until(() => net.closed.length === 1, "onClose");
      assert.deepEqual(
        parts.map((part) => part.releases),
        [1, 1],
      );
      assert.equal(client.frames.length, 0);
      assert.equal(net.listener.streamBudget.lentBytes(), 0);
      assert.equal(net.logger.lines.length, 1);
      assert.match(JSON.stringify(net.logger.lines), /could not be read.*|EIO/);
    });

    it(`is released once when the client goes mid-way (${mode})`, async () => {
      await using net = await startHarness();
      const client = await oneRequest(net);
      const parts = [new CountingPart(80_000_000, mode), new CountingPart(10, mode)];
      net.requests[0]!.respond(parts);
      await until(() => client.receivedBytes > 200_000, "some of it");
      client.socket.destroy();
      await until(() => net.closed.length === 1 && parts.every((part) => part.releases > 0), "the release");
      assert.deepEqual(
        parts.map((part) => [part.releases, part.readsAfterRelease]),
        [
          [1, 0],
          [1, 0],
        ],
      );
      await until(() => net.listener.streamBudget.lentBytes() === 0, "the chunk to come back");
    });

    it(`is released once when the listener is closed by force (${mode})`, async () => {
      await using net = await startHarness();
      const client = await oneRequest(net);
      client.socket.pause();
      const part = new CountingPart(80_000_000, mode);
      net.requests[0]!.respond([part]);
      await until(() => net.requests[0]!.connection.isWriting(), "the socket to be full");
      const closed = net.listener.close(100);
      net.clock.advance(100);
      await closed;
      await until(() => part.releases > 0, "the release");
      assert.deepEqual([part.releases, part.readsAfterRelease, net.listener.streamBudget.lentBytes()], [1, 0, 0]);
    });
  }

  it("is released when its answer comes after the client has gone", async () => {
    await using net = await startHarness();
    const client = await oneRequest(net);
    client.socket.destroy();
    await until(() => net.closed.length === 1, "onClose");
    const part = new CountingPart(1000);
    net.requests[0]!.respond([part]);
    assert.deepEqual([part.releases, part.reads.length], [1, 0]);
  });

  it("is released when its answer waits for an earlier one and the client goes", async () => {
    await using net = await startHarness();
    const client = await net.client();
    client.send(request(PRODUCE, 1), request(PRODUCE, 2));
    await until(() => net.requests.length === 2, "both requests");
    const part = new CountingPart(1000);
    net.requests[1]!.respond([part]);
    client.socket.destroy();
    await until(() => net.closed.length === 1, "onClose");
    assert.deepEqual([part.releases, part.reads.length], [1, 0]);
  });

  it("that breaks its promise on the count closes the connection", async () => {
    await using net = await startHarness();
    const client = await oneRequest(net);
    let releases = 0;
    net.requests[0]!.respond([{ length: 10, read: () => 0, release: () => void releases++ }]);
    await client.closed();
    await until(() => releases === 1, "the release");
    assert.match(JSON.stringify(net.logger.lines), /read 0 of 10 bytes/);
  });
});
