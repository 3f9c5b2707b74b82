// From frames to requests and back, over real sockets: order, overlap, and what becomes of bad clients and bad handlers.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AssertionError, DecodeError } from "@ottla/base";
import { answerTo, FETCH, numberOf, PRODUCE, request, sized, startHarness, until } from "./harness.ts";

describe("requests of one connection", () => {
  it("are handed out one after another when they are not bulk", async () => {
    await using net = await startHarness();
    const client = await net.client();
    client.send(request(FETCH, 1), request(FETCH, 2), request(FETCH, 3));
    for (const number of [1, 2, 3]) {
      await until(() => net.requests.length > 0, "a request");
      assert.deepEqual(
        net.requests.map((each) => numberOf(each.frame)),
        [number],
      );
      net.requests.shift()!.respond([Buffer.from([number])]);
    }
    assert.deepEqual(await client.take(3), [Buffer.from([1]), Buffer.from([2]), Buffer.from([3])]);
  });

  it("overlap when they are bulk, and their answers leave in order whatever the order of answering", async () => {
    await using net = await startHarness();
    const client = await net.client();
    client.send(...[1, 2, 3, 4, 5, 6].map((number) => request(PRODUCE, number)));
    await until(() => net.requests.length === 4, "as many requests as may be in flight");
    const [first, second, third, fourth] = net.requests.splice(0);
    third!.respond([Buffer.from("3")]);
    second!.respond([Buffer.from("2")]);
    fourth!.respond([Buffer.from("4")]);
    assert.equal(net.requests.length, 0, "the fifth waits: the first is not answered");
    first!.respond([Buffer.from("1")]);
    await until(() => net.requests.length === 2, "the other two");
    for (const each of net.requests) each.respond([answerTo(each)]);
    const answers = await client.take(6);
    assert.deepEqual(answers.slice(0, 4).map(String), ["1", "2", "3", "4"]);
    assert.deepEqual(
      answers.slice(4).map((answer) => answer.readInt32BE()),
      [5, 6],
    );
  });

  it("that are bulk hold no more bytes than the limit, but one may always be in flight", async () => {
    await using net = await startHarness({ limits: { maxInFlightRequests: 100, maxInFlightBytes: 150_000 } });
    const client = await net.client();
    client.send(...[1, 2, 3].map((number) => request(PRODUCE, number, 100_000)), request(PRODUCE, 4, 300_000));
    await until(() => net.requests.length === 2, "the two that pass the limit together");
    net.requests.shift()!.respond([Buffer.from("1")]);
    await until(() => net.requests.length === 2, "the third in place of the first");
    for (const each of net.requests.splice(0)) each.respond([answerTo(each)]);
    await until(() => net.requests.length === 1, "the large one");
    net.requests[0]!.respond([answerTo(net.requests[0]!)]);
    await client.take(4);
  });

  it("that are bulk do not overlap with others, before or after", async () => {
    await using net = await startHarness();
    const client = await net.client();
    client.send(request(PRODUCE, 1), request(FETCH, 2), request(PRODUCE, 3));
    const seen: number[][] = [];
    for (let round = 0; round < 3; round++) {
      await until(() => net.requests.length > 0, "a request");
      seen.push(net.requests.map((each) => numberOf(each.frame)));
      for (const each of net.requests.splice(0)) each.respond([answerTo(each)]);
    }
    assert.deepEqual(seen, [[1], [2], [3]]);
    await client.take(3);
  });

  it("without an answer (acks=0) leave no gap", async () => {
    await using net = await startHarness({
      onRequest: (each) => each.respond(numberOf(each.frame) % 2 === 0 ? null : [answerTo(each)]),
    });
    const client = await net.client();
    client.send(...[1, 2, 3, 4, 5].map((number) => request(PRODUCE, number)));
    assert.deepEqual(
      (await client.take(3)).map((answer) => answer.readInt32BE()),
      [1, 3, 5],
    );
  });

  it("of thousands in one chunk are all answered, in order", async () => {
    await using net = await startHarness({ onRequest: (each) => each.respond([answerTo(each)]) });
    const client = await net.client();
    const numbers = Array.from({ length: 20_000 }, (_, number) => number);
    client.send(...numbers.map((number) => request(FETCH, number)));
    assert.deepEqual(
      (await client.take(20_000)).map((answer) => answer.readInt32BE()),
      numbers,
    );
  });

  it("of all sizes come whole, with frames reused behind them", async () => {
    const sizes = [8, 4000, 4096, 16_384, 65_531, 65_532, 65_536, 200_000, 1_048_576, 3_000_000];
    await using net = await startHarness({
      onRequest: (each) => {
        const { frame } = each;
        const good = frame.subarray(8).every((byte) => byte === (numberOf(frame) & 0xff));
        const answer = Buffer.from(`${numberOf(frame)} ${frame.length} ${good}`);
        setImmediate(() => each.respond([answer]));
      },
    });
    const client = await net.client();
    const frames: Buffer[] = [];
    for (let round = 0; round < 3; round++) {
      for (const [index, bytes] of sizes.entries())
        frames.push(request(index % 2 === 0 ? PRODUCE : FETCH, frames.length, bytes));
    }
    for (const frame of frames) client.send(frame);
    assert.deepEqual(
      (await client.take(frames.length)).map(String),
      frames.map((frame, number) => `${number} ${frame.length} true`),
    );
    assert.ok(net.listener.framePool.idleBytes() > 1_000_000, "the frames of bulk requests went back to the pool");
  });

  it("know the addresses of their connection, and its counters count", async () => {
    await using net = await startHarness();
    const client = await net.client();
    client.send(request(FETCH, 1, 100));
    await until(() => net.requests.length === 1, "a request");
    const { connection } = net.requests[0]!;
    assert.equal(connection.listenerName, "PLAINTEXT");
    assert.equal(connection.localAddress, "127.0.0.1");
    assert.equal(connection.localPort, net.listener.port);
    assert.equal(connection.remoteAddress, "127.0.0.1");
    assert.equal(connection.remotePort, client.socket.localPort);
    net.requests[0]!.respond([Buffer.alloc(10)]);
    await client.take(1);
    assert.deepEqual([connection.requests, connection.bytesIn, connection.bytesOut], [1, 104, 14]);
  });
});

describe("a request is settled exactly once", () => {
  for (const [name, again] of [
    ["respond after respond", "respond"],
    ["fail after respond", "fail"],
  ] as const) {
    it(`so ${name} is a bug`, async () => {
      await using net = await startHarness();
      const client = await net.client();
      client.send(request(PRODUCE, 1, 5000));
      await until(() => net.requests.length === 1, "a request");
      const [only] = net.requests;
      only!.respond([Buffer.from("ok")]);
      assert.equal(only!.frame.length, 0, "the frame is gone");
      assert.throws(() => (again === "fail" ? only!.fail("again") : only!.respond(null)), AssertionError);
      assert.equal(net.listener.framePool.idleBytes(), 5120, "the frame went back once");
    });
  }
});

describe("a connection is closed with a log line, and others notice nothing", () => {
  const negative = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0]);
  const oversized = Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 0]);
  const cases: { name: string; sends: Buffer; level: "warn" | "error"; says: RegExp }[] = [
    { name: "a negative length", sends: negative, level: "warn", says: /announces -1 bytes/ },
    { name: "an oversized length", sends: oversized, level: "warn", says: /more than the limit of 10000000/ },
    { name: "a handler that throws", sends: sized(request(FETCH, 666)), level: "error", says: /Error: planted/ },
    {
      name: "a request that cannot be decoded",
      sends: sized(request(FETCH, 667)),
      level: "warn",
      says: /planted short/,
    },
    { name: "a handler that gives up", sends: sized(request(FETCH, 668)), level: "warn", says: /planted reason/ },
    { name: "a handler that gives up later", sends: sized(request(FETCH, 669)), level: "warn", says: /planted later/ },
  ];
  for (const { name, sends, level, says } of cases) {
    it(`on ${name}`, async () => {
      await using net = await startHarness({
        onRequest: (each) => {
          const number = numberOf(each.frame);
          if (number === 666) throw new Error("planted");
          if (number === 667) throw new DecodeError("planted short");
          if (number === 668) each.fail("planted reason");
          else if (number === 669) setImmediate(() => each.fail("planted later"));
          else each.respond([answerTo(each)]);
        },
      });
      const [bad, good] = [await net.client(), await net.client()];
      good.send(request(FETCH, 1));
      bad.send(request(FETCH, 1));
      await bad.take(1);
      bad.socket.write(Buffer.concat([sends, sized(request(FETCH, 2))]));
      await bad.closed();
      assert.equal(bad.frames.length, 0, "nothing after it is answered");
      good.send(request(FETCH, 2));
      assert.equal((await good.take(2)).length, 2);
      assert.equal(net.logger.lines.length, 1);
      assert.equal(net.logger.lines[0]!.level, level);
      assert.match(JSON.stringify(net.logger.lines[0]!.fields), says);
      await until(() => net.closed.length === 1, "onClose");
      assert.equal(net.listener.connectionCount(), 1);
    });
  }

  const halves: [string, Buffer][] = [
    ["half a size", Buffer.from([0, 0])],
    ["a size and half a frame", sized(request(PRODUCE, 1, 9000)).subarray(0, 5000)],
    ["a size and half a long frame", sized(request(PRODUCE, 1, 900_000)).subarray(0, 500_000)],
  ];
  for (const [name, half] of halves) {
    it(`quietly when a client leaves after ${name}`, async () => {
      await using net = await startHarness();
      const client = await net.client();
      client.socket.end(half);
      await until(() => net.closed.length === 1, "onClose");
      assert.deepEqual([net.requests.length, net.logger.lines.length, net.listener.connectionCount()], [0, 0, 0]);
    });
  }

  it("but what a client sent whole before it left is handed out", async () => {
    await using net = await startHarness({ limits: { maxInFlightRequests: 100 } });
    const client = await net.client();
    client.socket.end(Buffer.concat([1, 2, 3].map((number) => sized(request(PRODUCE, number, 100_000)))));
    await until(() => net.closed.length === 1, "onClose");
    assert.deepEqual(
      net.requests.map((each) => numberOf(each.frame)),
      [1, 2, 3],
    );
    for (const each of net.requests) each.respond(null);
    assert.equal(net.listener.framePool.idleBytes(), 3 * 114_688, "their frames come back even so");
  });
});
