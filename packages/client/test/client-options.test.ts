// The options that all clients share, each by what it changes: on the wire, in time, or by being refused.

import assert from "node:assert/strict";
import dns from "node:dns";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { describe, mock, test } from "node:test";
import { ManualClock, RecordingLogger } from "@ottla/base";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import { heartbeatApi } from "@ottla/protocol/messages/12-heartbeat.ts";
import { ConfigError, ConnectionError, TimeoutError } from "../src/errors.ts";
import { Kafka } from "../src/kafka.ts";
import { startCluster } from "../src/network/cluster-connection.ts";
import type { Cluster } from "../src/network/cluster.ts";
import { exponentialBackoffMs } from "../src/network/reconnect-backoff.ts";
import { resolveOptions } from "../src/options.ts";
import { openCluster } from "./support/clusters.ts";
import { startScriptedBroker } from "./support/scripted-broker.ts";
import { startTarget } from "./target.ts";

const heartbeat = (cluster: Cluster, nodeId: number | null): Promise<unknown> =>
  cluster.send(nodeId, heartbeatApi, { groupId: "g", generationId: 1, memberId: "m", groupInstanceId: null });

/** Lets what the event loop has at hand happen. */
async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Takes connections and never says anything. */
class SilentServer implements AsyncDisposable {
  readonly sockets: Socket[] = [];
  private readonly server: Server = createServer(
    (socket) => void this.sockets.push(socket.on("error", () => {}).resume()),
  );

  async listen(): Promise<this> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    return this;
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, "close");
  }
}

describe("an option that is none is refused", () => {
  for (const [what, make, reason] of [
    [
      "of the client",
      (kafka: Kafka) => [kafka, new Kafka({ bootstrapServers: "a:1", brokers: [] } as never)],
      /no option brokers$/,
    ],
    [
      "by Kafka's key",
      () => new Kafka({ bootstrapServers: "a:1", "client.id": "a" } as never),
      /client\.id; it is clientId$/,
    ],
    ["of the producer", (kafka: Kafka) => kafka.producer({ "linger.ms": 5 } as never), /linger\.ms; it is lingerMs$/],
    [
      "of the consumer",
      (kafka: Kafka) => kafka.consumer({ "client.id": "a" } as never),
      /it is clientId of the client$/,
    ],
    [
      "in the wrong place",
      (kafka: Kafka) => kafka.consumer({ lingerMs: 5 } as never),
      /it is lingerMs of the producer$/,
    ],
  ] as const) {
    test(what, async () => {
      await using kafka = new Kafka({ bootstrapServers: "a:1" });
      assert.throws(
        () => make(kafka),
        (error) => error instanceof ConfigError && reason.test(error.message),
      );
    });
  }
});

describe("bootstrap servers", () => {
  test("one that says nothing is passed over after half a second, and its connection goes", async () => {
    await using silent = await new SilentServer().listen();
    await using broker = await startScriptedBroker(() => false);
    const clock = new ManualClock();
    const options = resolveOptions({ bootstrapServers: [silent.address, broker.bootstrap] });
    const cluster = startCluster(options, clock, { uint32: () => 0 });
    const view = cluster.refreshMetadata();
    while (silent.sockets.length === 0) await turns(1);
    clock.advance(499);
    await turns();
    assert.equal(broker.connections, 0);
    clock.advance(1);
    assert.equal((await view).clusterId, "scripted");
    if (!silent.sockets[0]!.destroyed) await once(silent.sockets[0]!, "close");
    await cluster.close();
  });

  test("a name with several addresses: one that refuses is passed over (use_all_dns_ips)", async () => {
    await using broker = await startScriptedBroker(() => false);
    const lookup = mock.method(dns, "lookup", (_name: string, _options: unknown, done: (...found: unknown[]) => void) =>
      done(null, [
        { address: "127.0.0.2", family: 4 },
        { address: "127.0.0.1", family: 4 },
      ]),
    );
    await using opened = openCluster({ bootstrapServers: `brokers.example:${broker.port}` });
    assert.equal((await opened.cluster.refreshMetadata()).clusterId, "scripted");
    assert.equal(lookup.mock.callCount() > 0, true);
    lookup.mock.restore();
  });
});

describe("metadataRecoveryStrategy", () => {
  for (const [strategy, outcome] of [
    ["rebootstrap", "scripted"],
    ["none", "ConnectionError"],
  ] as const) {
    test(`"${strategy}" when no known broker can be reached any more (KIP-899)`, async () => {
      const gone = await startScriptedBroker(() => false);
      const brokers = [{ nodeId: 1, host: "127.0.0.1", port: gone.port, rack: null }];
      await using entrance = await startScriptedBroker((request, self) => {
        if (!request.is(metadataApi)) return false;
        request.answer(metadataApi, self.metadata({ brokers }));
        return true;
      });
      await using opened = openCluster({
        bootstrapServers: entrance.bootstrap,
        metadataRecoveryStrategy: strategy,
        reconnectBackoffMs: 0,
        reconnectBackoffMaxMs: 0,
      });
      await opened.cluster.refreshMetadata();
      await gone[Symbol.asyncDispose]();
      for (const socket of entrance.sockets) socket.destroy();
      await entrance.until(() => entrance.sockets.size === 0);
      await turns();
      const fields = { topics: [], includeClusterAuthorizedOperations: false, includeTopicAuthorizedOperations: false };
      const answer = await opened.cluster.send(null, metadataApi, fields).then(
        ({ clusterId }) => clusterId,
        (error: unknown) => (error instanceof ConnectionError ? "ConnectionError" : error),
      );
      assert.equal(answer, outcome);
    });
  }

  test("another word is refused", () => {
    const options = { bootstrapServers: "a:1", metadataRecoveryStrategy: "always" as never };
    assert.throws(() => resolveOptions(options), ConfigError);
  });
});

describe("waiting", () => {
  test("connecting takes longer each time, up to connectTimeoutMaxMs (KIP-601)", async () => {
    const clock = new ManualClock();
    // TLS that never comes to anything: the socket is connected, the connection is not.
    await using silent = await new SilentServer().listen();
    const times: number[] = [];
    await using opened = openCluster(
      {
        bootstrapServers: silent.address,
        tls: true,
        connectTimeoutMs: 1_000,
        connectTimeoutMaxMs: 3_000,
        requestTimeoutMs: 100_000,
        reconnectBackoffMs: 0,
        reconnectBackoffMaxMs: 0,
      },
      clock,
    );
    for (let attempt = 0; attempt < 4; attempt++) {
      const startedMs = clock.monotonicMs();
      const count = silent.sockets.length;
      const failures: string[] = [];
      heartbeat(opened.cluster, null).catch((error: unknown) => void failures.push(String(error)));
      while (silent.sockets.length === count) await turns(1);
      while (failures.length === 0) {
        clock.advance(100);
        await turns(2);
      }
      assert.match(failures[0]!, /not connected in time/);
      times.push(clock.monotonicMs() - startedMs);
    }
    assert.equal(times[0], 1_000);
    assert.equal(times[1]! >= 1_600 && times[1]! <= 2_500, true, String(times));
    for (const time of times.slice(2)) assert.equal(time >= 2_400 && time <= 3_700, true, String(times));
  });

  test("retries and reconnects wait twice as long each time, up to their longest, give or take a fifth (KIP-580)", () => {
    const at = (attempt: number, chance: number): number =>
      exponentialBackoffMs(attempt, { firstMs: 100, maxMs: 1_000 }, { uint32: () => chance });
    assert.deepEqual(
      [0, 1, 2, 3, 4, 40].map((attempt) => at(attempt, 0x8000_0000)),
      [100, 200, 400, 800, 1_000, 1_000],
    );
    assert.equal(at(0, 0), 80);
    assert.equal(Math.round(at(0, 0xffff_ffff)), 120);
  });

  test("defaultApiTimeoutMs bounds calls that are not told a time", async () => {
    await using silent = await new SilentServer().listen();
    const options = { bootstrapServers: silent.address, defaultApiTimeoutMs: 30 };
    await using kafka = new Kafka(options);
    const consumer = kafka.consumer();
    const own = kafka.consumer({ defaultApiTimeoutMs: 20 });
    const calls = [kafka.admin().listTopics(), consumer.partitionsFor("t"), own.listTopics()];
    await Promise.all(calls.map((call) => assert.rejects(call, TimeoutError)));
    await kafka.close({ timeoutMs: 0 });
  });

  test("defaults are Kafka's", () => {
    const { bootstrapServers, topics, logger, ...values } = resolveOptions({ bootstrapServers: "a:9092, b:9093" });
    assert.deepEqual(
      bootstrapServers.map(({ port }) => port),
      [9092, 9093],
    );
    assert.deepEqual(topics, {});
    assert.equal(typeof logger.warn, "function");
    assert.deepEqual(values, {
      clientId: "ottla",
      tls: null,
      sasl: null,
      requestTimeoutMs: 30_000,
      defaultApiTimeoutMs: 60_000,
      retryBackoffMs: 100,
      retryBackoffMaxMs: 1_000,
      reconnectBackoffMs: 50,
      reconnectBackoffMaxMs: 1_000,
      connectTimeoutMs: 10_000,
      connectTimeoutMaxMs: 30_000,
      connectionsMaxIdleMs: 540_000,
      metadataMaxAgeMs: 300_000,
      metadataMaxIdleMs: 300_000,
      metadataRecoveryStrategy: "rebootstrap",
      metadataRecoveryRebootstrapTriggerMs: 300_000,
      allowAutoTopicCreation: true,
      maxResponseBytes: 256 * 1024 * 1024,
      rack: null,
    });
  });
});

test("what goes on is told to the logger", async () => {
  const logger = new RecordingLogger();
  await using opened = openCluster({ bootstrapServers: "127.0.0.1:1", logger });
  await assert.rejects(heartbeat(opened.cluster, null), ConnectionError);
  assert.match(JSON.stringify(logger.lines), /A connection ended.*ECONNREFUSED|ECONNREFUSED.*A connection ended/);
});

test("allowAutoTopicCreation false: a topic that is not there stays away", async () => {
  await using target = await startTarget();
  const topic = target.topicName("never");
  const kafka = target.kafka({ allowAutoTopicCreation: false });
  await assert.rejects(kafka.producer({ maxBlockMs: 300 }).send({ topic, value: "a" }));
  assert.equal((await kafka.admin().listTopics()).has(topic), false);
  const creating = target.kafka();
  await creating.producer().send({ topic, value: "a" });
  assert.equal((await kafka.admin().listTopics()).has(topic), true);
});
