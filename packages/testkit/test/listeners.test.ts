// What clients are told of where the broker is, and the limits of its listeners. Each test starts a broker with the configs it is about.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { describe, it } from "node:test";
import { ManualClock, RecordingLogger } from "@ottla/base";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import { apiVersionsApi } from "@ottla/protocol/messages/18-api-versions.ts";
import { describeClusterApi } from "@ottla/protocol/messages/60-describe-cluster.ts";
import { startBroker } from "@ottla/testkit";
import { WireClient } from "../../../tools/sim/wire-client.ts";

const noOperations = { includeClusterAuthorizedOperations: false, includeTopicAuthorizedOperations: false };

/** The address that Metadata and DescribeCluster tell a client that came by this one. */
async function toldTo(port: number, host = "127.0.0.1"): Promise<string> {
  const client = await WireClient.connect(port, host);
  const metadata = await client.call(metadataApi, 12, { topics: [], allowAutoTopicCreation: false, ...noOperations });
  const cluster = await client.call(describeClusterApi, 1, {
    includeClusterAuthorizedOperations: false,
    includeFencedBrokers: false,
  });
  client.close();
  const [told] = metadata.brokers;
  const [described] = cluster.brokers;
  assert.deepEqual([described!.host, described!.port], [told!.host, told!.port]);
  return `${told!.host}:${told!.port}`;
}

async function isServed(client: WireClient): Promise<boolean> {
  try {
    return (
      (await client.call(apiVersionsApi, 3, { clientSoftwareName: "test", clientSoftwareVersion: "1" })).errorCode === 0
    );
  } catch {
    return false;
  }
}

describe("a broker with several listeners", () => {
  it("tells each client the address that is advertised for the listener it came by", async () => {
    await using broker = await startBroker({
      overrides: {
        listeners: "INSIDE://127.0.0.1:0,OUTSIDE://127.0.0.1:0",
        "listener.security.protocol.map": "INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT",
        "inter.broker.listener.name": "INSIDE",
        "advertised.listeners": "INSIDE://inside.example:1111,OUTSIDE://outside.example:2222",
      },
    });
    const [inside, outside] = broker.node.listeners;
    assert.notEqual(inside!.port, outside!.port);
    assert.equal(await toldTo(inside!.port), "inside.example:1111");
    assert.equal(await toldTo(outside!.port), "outside.example:2222");
  });

  it("counts the connections of all of them against max.connections", async () => {
    const logger = new RecordingLogger();
    await using broker = await startBroker({
      logger,
      overrides: {
        listeners: "INSIDE://127.0.0.1:0,OUTSIDE://127.0.0.1:0",
        "listener.security.protocol.map": "INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT",
        "inter.broker.listener.name": "INSIDE",
        "max.connections": "2",
      },
    });
    const [inside, outside] = broker.node.listeners.map(({ port }) => port);
    const first = await WireClient.connect(inside!);
    const second = await WireClient.connect(outside!);
    assert.deepEqual([await isServed(first), await isServed(second)], [true, true]);
    const third = await WireClient.connect(inside!);
    assert.equal(await isServed(third), false);
    assert.equal(await isServed(second), true, "the others notice nothing");
    assert.ok(logger.lines.some(({ level, sentence }) => level === "warn" && sentence.includes("max.connections")));
    first.close();
    while (broker.node.broker.openConnections() > 1) await new Promise((resolve) => setImmediate(resolve));
    const fourth = await WireClient.connect(outside!);
    assert.equal(await isServed(fourth), true, "a place that was given back is there for another");
    for (const client of [second, third, fourth]) client.close();
  });
});

describe("a broker without advertised.listeners", () => {
  it("tells each client the address that it connected to", async () => {
    await using broker = await startBroker({ overrides: { listeners: "PLAINTEXT://0.0.0.0:0" } });
    // Linux has the whole of 127.0.0.0/8 on its loopback.
    for (const host of process.platform === "linux" ? ["127.0.0.1", "127.0.0.2"] : ["127.0.0.1"])
      assert.equal(await toldTo(broker.port, host), `${host}:${broker.port}`);
  });

  it("tells IPv4 addresses as such to those who came over a socket of both kinds", { skip: hasNoIpv6() }, async () => {
    await using broker = await startBroker({ overrides: { listeners: "PLAINTEXT://:0" } });
    assert.equal(await toldTo(broker.port), `127.0.0.1:${broker.port}`);
  });
});

describe("a listener", () => {
  it("closes a connection on which nothing moved for connections.max.idle.ms, and no other", async () => {
    const clock = new ManualClock();
    await using broker = await startBroker({ clock, overrides: { "connections.max.idle.ms": "10000" } });
    const [idle, busy] = [await WireClient.connect(broker.port), await WireClient.connect(broker.port)];
    assert.deepEqual([await isServed(idle), await isServed(busy)], [true, true]);
    clock.advance(6_000);
    assert.equal(await isServed(busy), true);
    clock.advance(6_000);
    assert.deepEqual([await isServed(busy), await isServed(idle)], [true, false]);
    busy.close();
  });

  it("takes a request of socket.request.max.bytes and closes on a larger one", async () => {
    await using broker = await startBroker({ overrides: { "socket.request.max.bytes": "1000" } });
    for (const [bytes, served] of [
      [1000, true],
      [1001, false],
    ] as const) {
      const socket = connect(broker.port, "127.0.0.1");
      await once(socket, "connect");
      socket.write(produceOfSize(bytes));
      assert.equal(await isAnswered(socket), served, `${bytes} bytes`);
      socket.destroy();
    }
  });
});

function hasNoIpv6(): boolean {
  const addresses = Object.values(networkInterfaces()).flat();
  return !addresses.some((address) => address?.family === "IPv6");
}

/** A whole frame: a Produce with acks=1 for no topic, padded by its client id. */
function produceOfSize(bytes: number): Buffer {
  const clientId = Buffer.alloc(bytes - 24, "c");
  const frame = Buffer.alloc(4 + bytes);
  frame.writeInt32BE(bytes, 0);
  frame.writeInt16BE(produceApi.key, 4);
  frame.writeInt16BE(8, 6);
  frame.writeInt32BE(7, 8);
  frame.writeInt16BE(clientId.length, 12);
  clientId.copy(frame, 14);
  const body = 14 + clientId.length;
  frame.writeInt16BE(-1, body); // No transactional id.
  frame.writeInt16BE(1, body + 2); // acks
  frame.writeInt32BE(1000, body + 4); // The timeout; what follows is the number of topics.
  return frame;
}

/** Whether bytes come before the connection is closed. */
async function isAnswered(socket: Socket): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once("data", () => resolve(true));
  socket.once("close", () => resolve(false));
  socket.on("error", () => resolve(false));
  return promise;
}
