// The end of a listener: what is in flight is answered, the rest is not waited for longer than the grace.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock, silentLogger } from "@ottla/base";
import { ConnectionCounter, startListener } from "@ottla/net";
import { CountingPart, FETCH, FrameClient, PRODUCE, request, startHarness, until } from "./harness.ts";

describe("closing a listener or a connection", () => {
  it("with nothing in flight ends at once and frees the port", async () => {
    await using net = await startHarness();
    const client = await net.client();
    await until(() => net.listener.connectionCount() === 1, "the connection");
    await net.listener.close(60_000);
    await client.closed();
    await assert.rejects(FrameClient.connect(net.listener.port), /ECONNREFUSED/);
    assert.equal(net.closed.length, 1);
  });

  it("waits for the answers of requests in flight, hands out no more, then closes", async () => {
    await using net = await startHarness();
    const client = await net.client();
    client.send(request(PRODUCE, 1), request(PRODUCE, 2), request(FETCH, 3));
    await until(() => net.requests.length === 2, "two requests");
    let closed = false;
    const closing = net.listener.close(60_000).then(() => {
      closed = true;
    });
    net.requests[1]!.respond([Buffer.from("two")]);
    net.requests[0]!.respond([Buffer.from("one"), new CountingPart(5_000_000)]);
    assert.equal(closed, false);
    await closing;
    const answers = await client.take(2);
    assert.deepEqual([answers[0]!.length, String(answers[1]!)], [5_000_003, "two"]);
    await client.closed();
    assert.equal(net.requests.length, 2, "the third was not handed out");
  });

  it("destroys what is not finished after the grace, with a log line", async () => {
    await using net = await startHarness();
    const client = await net.client();
    client.send(request(FETCH, 1));
    await until(() => net.requests.length === 1, "a request");
    const closing = net.listener.close(5000);
    net.clock.advance(4999);
    assert.equal(net.listener.connectionCount(), 1);
    net.clock.advance(1);
    await closing;
    await client.closed();
    assert.match(net.logger.lines.at(-1)!.sentence, /unfinished/);
    net.requests[0]!.respond([Buffer.from("too late")]);
  });

  it("twice is closing once", async () => {
    await using net = await startHarness();
    assert.equal(net.listener.close(10), net.listener.close(20));
  });

  for (const where of ["the owner", "a part of its answer"]) {
    it(`of a connection goes on when ${where} throws, with a log line`, async () => {
      const fail = (): never => {
        throw new Error("no note taken");
      };
      await using net = await startHarness(where === "the owner" ? { more: { onClose: fail } } : {});
      const [client, other] = [await net.client(), await net.client()];
      client.send(request(PRODUCE, 1), request(PRODUCE, 2));
      await until(() => net.requests.length === 2, "two requests");
      const part = new CountingPart(5_000_000);
      if (where !== "the owner") part.release = fail;
      // It waits for the first answer.
      net.requests[1]!.respond([part]);
      client.socket.destroy();
      await until(() => net.listener.connectionCount() === 1, "the connection to go");
      assert.equal(net.logger.lines.filter(({ level }) => level === "error").length, 1);
      other.send(request(FETCH, 3));
      await until(() => net.requests.length === 3, "a request of another connection");
    });
  }

  it("leaves no timer behind", async () => {
    const clock = new ManualClock();
    await using net = await startHarness({ more: { clock }, limits: { maxIdleMs: 80 } });
    await net.client();
    await net.listener.close(1000);
    let sweeps = 0;
    net.listener.framePool.trim = () => void sweeps++;
    clock.advance(100_000);
    assert.equal(sweeps, 0);
  });
});

describe("starting a listener", () => {
  it("on a port in use fails with the system's error", async () => {
    await using net = await startHarness();
    const options = {
      name: "SECOND",
      host: "127.0.0.1",
      port: net.listener.port,
      clock: new ManualClock(),
      logger: silentLogger,
      limits: net.listener.limits,
      bulkApiKeys: new Set<number>(),
      onRequest: () => {},
    };
    await assert.rejects(startListener(options), { code: "EADDRINUSE" });
  });

  it("on all addresses tells an IPv4 client's connection plain IPv4 addresses", async () => {
    await using net = await startHarness({
      more: { host: "::" },
      limits: { maxConnections: new ConnectionCounter(5) },
    });
    const client = await net.client();
    client.send(request(FETCH, 1));
    await until(() => net.requests.length === 1, "a request");
    const { connection } = net.requests[0]!;
    assert.deepEqual([connection.localAddress, connection.remoteAddress], ["127.0.0.1", "127.0.0.1"]);
  });
});
