// One connection against servers that do what no broker should: what becomes of the requests, and that nothing is left.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { describe, test } from "node:test";
import { ManualClock, ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import { heartbeatApi } from "@ottla/protocol/messages/12-heartbeat.ts";
import { apiVersionsApi } from "@ottla/protocol/messages/18-api-versions.ts";
import { listTransactionsApi } from "@ottla/protocol/messages/66-list-transactions.ts";
import { AbortedError, BrokerError, ClosedError, ConnectionError, TimeoutError } from "../src/errors.ts";
import type { KafkaError } from "../src/errors.ts";
import { software } from "../src/network/api-versions.ts";
import type { Cluster, RequestOptions } from "../src/network/cluster.ts";
import packageJson from "../package.json" with { type: "json" };
import { openCluster } from "./support/clusters.ts";
import { frameOf, startScriptedBroker } from "./support/scripted-broker.ts";
import type { ScriptedRequest } from "./support/scripted-broker.ts";

/** Any request that is told apart by a text. */
function heartbeat(cluster: Cluster, memberId = "m", options: RequestOptions = {}): Promise<{ errorCode: number }> {
  return cluster.send(null, heartbeatApi, { groupId: "g", generationId: 1, memberId, groupInstanceId: null }, options);
}

const answered = { throttleTimeMs: 0, errorCode: 0 };

describe("a connection that breaks rejects its requests with a ConnectionError", () => {
  const table: readonly (readonly [string, (request: ScriptedRequest) => void, RegExp])[] = [
    ["the broker closes", ({ socket }) => void socket.end(), /the broker closed it/],
    ["the broker resets", ({ socket }) => void socket.resetAndDestroy(), /ECONNRESET/],
    [
      "the broker closes in the middle of a frame",
      (request) => {
        request.socket.end(frameOf(request, heartbeatApi, answered).subarray(0, 7));
      },
      /the broker closed it/,
    ],
    [
      "a frame is larger than maxResponseBytes",
      ({ socket }) => {
        socket.write(Buffer.from([0, 0, 8, 1, 0, 0]));
      },
      /announces 2049 bytes; the limit is 2048/,
    ],
    [
      "a frame's size is negative",
      ({ socket }) => void socket.write(Buffer.from([255, 255, 255, 255])),
      /announces -1 bytes/,
    ],
  ];
  for (const [what, act, expected] of table) {
    test(what, async () => {
      await using broker = await startScriptedBroker((request) => {
        if (!request.is(heartbeatApi)) return false;
        act(request);
        return true;
      });
      const options = { bootstrapServers: broker.bootstrap, maxResponseBytes: 2048 };
      await using opened = openCluster(options);
      const { cluster } = opened;
      const results = await Promise.allSettled([heartbeat(cluster, "a"), heartbeat(cluster, "b")]);
      for (const result of results) {
        assert.equal(result.status, "rejected");
        const { reason } = result as PromiseRejectedResult & { reason: KafkaError };
        assert.equal(reason instanceof ConnectionError, true, String(reason));
        assert.match(reason.message, expected);
        assert.equal(reason.retriable, true);
        assert.deepEqual([reason.context.api, reason.context.address], ["Heartbeat", broker.bootstrap]);
      }
    });
  }
});

describe("an answer that cannot be right ends the connection", () => {
  const table: readonly (readonly [string, (request: ScriptedRequest) => Buffer, RegExp])[] = [
    [
      "another correlation id",
      ({ correlationId, version }) => frameOf({ correlationId: correlationId + 1, version }, heartbeatApi, answered),
      /answers request \d+, not \d+/,
    ],
    ["a body that is cut", () => Buffer.from([0, 0, 0, 5, 0, 0, 0, 1, 0]), /cannot be read/],
  ];
  for (const [what, frame, expected] of table) {
    test(what, async () => {
      await using broker = await startScriptedBroker((request) => {
        if (!request.is(heartbeatApi)) return false;
        request.socket.write(frame(request));
        return true;
      });
      await using opened = openCluster({ bootstrapServers: broker.bootstrap });
      const [first, second] = await Promise.allSettled([heartbeat(opened.cluster), heartbeat(opened.cluster)]);
      const reason = (first as PromiseRejectedResult).reason as KafkaError;
      assert.match(reason.message, expected);
      assert.equal(reason.code, "INVALID_RESPONSE");
      assert.equal((second as PromiseRejectedResult).reason instanceof ConnectionError, true);
      await broker.until(() => broker.sockets.size === 0);
    });
  }
});

test("requests are pipelined, and answers go to their requests", async () => {
  const waiting: ScriptedRequest[] = [];
  await using broker = await startScriptedBroker((request) => {
    if (!request.is(heartbeatApi)) return false;
    waiting.push(request);
    if (waiting.length < 3) return true;
    waiting.forEach((each, index) => each.answer(heartbeatApi, { throttleTimeMs: 0, errorCode: 100 + index }));
    return true;
  });
  await using opened = openCluster({ bootstrapServers: broker.bootstrap });
  const answers = await Promise.all(["a", "b", "c"].map((member) => heartbeat(opened.cluster, member)));
  assert.deepEqual(
    answers.map(({ errorCode }) => errorCode),
    [100, 101, 102],
  );
  assert.deepEqual(
    waiting.map((request) => request.body(heartbeatApi).memberId),
    ["a", "b", "c"],
  );
});

test("requests to a broker keep the order of the calls, even those made while connecting", async () => {
  await using broker = await startScriptedBroker((request) => {
    if (request.is(heartbeatApi)) request.answer(heartbeatApi, answered);
    return request.is(heartbeatApi);
  });
  await using opened = openCluster({ bootstrapServers: broker.bootstrap });
  const { cluster } = opened;
  await cluster.refreshMetadata();
  const calls: Promise<unknown>[] = [];
  const call = (memberId: number): void => {
    const body = { groupId: "g", generationId: 1, memberId: String(memberId), groupInstanceId: null };
    calls.push(cluster.send(0, heartbeatApi, body, { lane: "ordered" }));
  };
  for (let turn = 0; turn < 40; turn++) {
    call(turn);
    await new Promise<void>((resolve) => (turn % 4 === 0 ? setImmediate(resolve) : queueMicrotask(resolve)));
  }
  await Promise.all(calls);
  const seen = broker.requests
    .filter((request) => request.is(heartbeatApi))
    .map((request) => request.body(heartbeatApi));
  assert.deepEqual(
    seen.map(({ memberId }) => Number(memberId)),
    calls.map((_, index) => index),
  );
});

test("a silent broker: the request times out, and the connection with it", async () => {
  const clock = new ManualClock();
  await using broker = await startScriptedBroker((request) => request.is(heartbeatApi));
  await using opened = openCluster({ bootstrapServers: broker.bootstrap }, clock);
  const slow = heartbeat(opened.cluster, "slow");
  const quick = heartbeat(opened.cluster, "quick", { timeoutMs: 1_000 });
  const both = Promise.allSettled([slow, quick]);
  await broker.until(() => broker.count(heartbeatApi) === 2);
  clock.advance(999);
  assert.equal(broker.sockets.size, 1);
  clock.advance(1);
  const [slowResult, quickResult] = await both;
  assert.equal((quickResult as PromiseRejectedResult).reason instanceof TimeoutError, true);
  assert.equal((slowResult as PromiseRejectedResult).reason instanceof ConnectionError, true);
  await broker.until(() => broker.sockets.size === 0);
});

test("an aborted request ends for its caller; the connection and the others go on", async () => {
  const waiting: ScriptedRequest[] = [];
  await using broker = await startScriptedBroker((request) => {
    if (!request.is(heartbeatApi)) return false;
    waiting.push(request);
    return true;
  });
  await using opened = openCluster({ bootstrapServers: broker.bootstrap });
  const controller = new AbortController();
  const aborted = heartbeat(opened.cluster, "a", { signal: controller.signal });
  const other = heartbeat(opened.cluster, "b");
  await broker.until(() => waiting.length === 2);
  controller.abort(new Error("enough"));
  await assert.rejects(
    aborted,
    (error) => error instanceof AbortedError && (error.cause as Error).message === "enough",
  );
  for (const request of waiting) request.answer(heartbeatApi, answered);
  assert.equal((await other).errorCode, 0);
  await assert.rejects(heartbeat(opened.cluster, "c", { signal: controller.signal }), AbortedError);
  assert.equal(broker.connections, 1);
});

test("closing rejects what is pending, and no socket is left", async () => {
  await using broker = await startScriptedBroker((request) => request.is(heartbeatApi));
  await using opened = openCluster({ bootstrapServers: broker.bootstrap });
  const pending = heartbeat(opened.cluster);
  pending.catch(() => {});
  await broker.until(() => broker.count(heartbeatApi) === 1);
  await opened.cluster.close();
  await assert.rejects(pending, ClosedError);
  await broker.until(() => broker.sockets.size === 0);
});

test("a lane has a connection of its own, which ends with the lane", async () => {
  await using broker = await startScriptedBroker((request) => {
    if (request.is(heartbeatApi)) request.answer(heartbeatApi, answered);
    return request.is(heartbeatApi);
  });
  await using opened = openCluster({ bootstrapServers: broker.bootstrap });
  await heartbeat(opened.cluster);
  await heartbeat(opened.cluster, "m", { lane: "consumer-1-fetch" });
  await heartbeat(opened.cluster, "m", { lane: "consumer-1-fetch" });
  assert.equal(broker.connections, 2);
  opened.cluster.closeLane("consumer-1-fetch");
  await broker.until(() => broker.sockets.size === 1);
});

test("without an answer to wait for, the request is done when its bytes are with the system", async () => {
  await using broker = await startScriptedBroker((request) => request.is(produceApi));
  await using opened = openCluster({ bootstrapServers: broker.bootstrap });
  const body = { transactionalId: null, acks: 0, timeoutMs: 1, topicData: [] };
  assert.equal(await opened.cluster.send(null, produceApi, body, { noResponse: true }), undefined);
  await broker.until(() => broker.count(produceApi) === 1);
});

test("a broker that reads nothing any more: such a request times out as well, and the connection with it", async () => {
  const clock = new ManualClock();
  await using broker = await startScriptedBroker((request) => {
    if (request.is(heartbeatApi)) request.answer(heartbeatApi, answered);
    return request.is(heartbeatApi);
  });
  await using opened = openCluster({ bootstrapServers: broker.bootstrap }, clock);
  await heartbeat(opened.cluster);
  for (const socket of broker.sockets) socket.pause();
  // More than the system keeps for a socket.
  const records = Buffer.alloc(64 * 1024 * 1024);
  const topicData = [{ name: "t", topicId: ZERO_UUID, partitionData: [{ index: 0, records }] }];
  const body = { transactionalId: null, acks: 0, timeoutMs: 1, topicData };
  const sent = opened.cluster.send(null, produceApi, body, { noResponse: true, timeoutMs: 1000, maxVersion: 12 });
  clock.advance(999);
  clock.advance(1);
  await assert.rejects(sent, { code: "TIMEOUT" });
  await heartbeat(opened.cluster);
  assert.equal(broker.connections, 2);
});

test("an idle connection is closed after connectionsMaxIdleMs", async () => {
  const clock = new ManualClock();
  await using broker = await startScriptedBroker((request) => {
    if (request.is(heartbeatApi)) request.answer(heartbeatApi, answered);
    return request.is(heartbeatApi);
  });
  await using opened = openCluster({ bootstrapServers: broker.bootstrap }, clock);
  await heartbeat(opened.cluster);
  clock.advance(539_999);
  await heartbeat(opened.cluster);
  assert.equal(broker.connections, 1);
  clock.advance(540_000);
  await broker.until(() => broker.sockets.size === 0);
  await heartbeat(opened.cluster);
  assert.equal(broker.connections, 2);
});

test("a throttled client waits as long as it was told before the next request (KIP-219)", async () => {
  const clock = new ManualClock();
  await using broker = await startScriptedBroker((request) => {
    if (request.is(heartbeatApi)) request.answer(heartbeatApi, { throttleTimeMs: 300, errorCode: 0 });
    return request.is(heartbeatApi);
  });
  await using opened = openCluster({ bootstrapServers: broker.bootstrap }, clock);
  await heartbeat(opened.cluster);
  const second = heartbeat(opened.cluster);
  clock.advance(299);
  await new Promise<void>((resolve) => setImmediate(resolve));
  assert.equal(broker.count(heartbeatApi), 1);
  clock.advance(1);
  await second;
  assert.equal(broker.count(heartbeatApi), 2);
});

test("a body that does not fit its version rejects the call and harms nobody else", async () => {
  await using broker = await startScriptedBroker((request) => {
    if (request.is(heartbeatApi)) request.answer(heartbeatApi, answered);
    return request.is(heartbeatApi);
  });
  await using opened = openCluster({ bootstrapServers: broker.bootstrap });
  const body = { groupId: "g", generationId: 2 ** 40, memberId: "m", groupInstanceId: null };
  await assert.rejects(opened.cluster.send(null, heartbeatApi, body), /generationId cannot be/);
  assert.equal((await heartbeat(opened.cluster)).errorCode, 0);
  assert.equal(broker.connections, 1);
});

describe("versions", () => {
  test("the broker is told who asks (KIP-511)", async () => {
    assert.equal(software.version, packageJson.version);
    await using broker = await startScriptedBroker(() => false);
    await using opened = openCluster({ bootstrapServers: broker.bootstrap, clientId: "me" });
    await opened.cluster.refreshMetadata();
    const [first] = broker.requests;
    assert.equal(first!.clientId, "me");
    assert.equal(first!.version, 4);
    assert.deepEqual(
      [first!.body(apiVersionsApi).clientSoftwareName, first!.body(apiVersionsApi).clientSoftwareVersion],
      ["ottla-client", software.version],
    );
  });

  for (const [knows, expected] of [
    [3, [4, 3]],
    [0, [4, 0]],
  ] as const) {
    test(`a broker that knows ApiVersions up to ${knows} is asked again with that`, async () => {
      await using broker = await startScriptedBroker(
        (request, self) => {
          if (!request.is(apiVersionsApi) || request.version <= knows) return false;
          const body = {
            errorCode: errorCodes.UNSUPPORTED_VERSION,
            apiKeys: self.apiVersions(),
            throttleTimeMs: 0,
          };
          request.socket.write(frameOf({ correlationId: request.correlationId, version: 0 }, apiVersionsApi, body));
          return true;
        },
        { highest: { [apiVersionsApi.key]: knows } },
      );
      await using opened = openCluster({ bootstrapServers: broker.bootstrap });
      await opened.cluster.refreshMetadata();
      const asked = broker.requests.filter((request) => request.is(apiVersionsApi)).map(({ version }) => version);
      assert.deepEqual(asked, expected);
    });
  }

  test("the highest that both know is used, or a lower one that the caller wants", async () => {
    await using broker = await startScriptedBroker(() => false, { highest: { [metadataApi.key]: 9 } });
    await using opened = openCluster({ bootstrapServers: broker.bootstrap });
    assert.equal(await opened.cluster.versionOf(null, metadataApi), 9);
    assert.equal(await opened.cluster.versionOf(null, metadataApi, { maxVersion: 5 }), 5);
    const fields = { topics: [], includeClusterAuthorizedOperations: false, includeTopicAuthorizedOperations: false };
    await opened.cluster.send(null, metadataApi, fields, { maxVersion: 2 });
    assert.equal(broker.requests.at(-1)!.version, 2);
  });

  test("an API that the broker does not serve is refused without asking it", async () => {
    await using broker = await startScriptedBroker((request, self) => {
      if (!request.is(apiVersionsApi)) return false;
      const some = self.apiVersions().filter(({ apiKey }) => apiKey !== listTransactionsApi.key);
      request.answer(apiVersionsApi, { errorCode: 0, apiKeys: some, throttleTimeMs: 0 });
      return true;
    });
    await using opened = openCluster({ bootstrapServers: broker.bootstrap });
    assert.equal(await opened.cluster.versionOf(null, listTransactionsApi), -1);
    const body = { stateFilters: [], producerIdFilters: [] };
    const error = await opened.cluster.send(null, listTransactionsApi, body).catch((reason: unknown) => reason);
    assert.equal(error instanceof BrokerError && error.code, "UNSUPPORTED_VERSION");
  });
});

describe("bootstrap", () => {
  async function closedPort(): Promise<number> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    return port;
  }

  test("a server that refuses is passed over for the next", async () => {
    await using broker = await startScriptedBroker(() => false);
    for (const servers of [
      [`127.0.0.1:${await closedPort()}`, broker.bootstrap],
      [broker.bootstrap, `127.0.0.1:${await closedPort()}`],
    ]) {
      await using opened = openCluster({ bootstrapServers: servers });
      assert.equal((await opened.cluster.refreshMetadata()).clusterId, "scripted");
    }
  });

  test("when none answers, a request fails and says why, and a refresh tries until its time is over", async () => {
    await using opened = openCluster({ bootstrapServers: `127.0.0.1:${await closedPort()}`, reconnectBackoffMs: 1 });
    await assert.rejects(
      heartbeat(opened.cluster),
      (error) => error instanceof ConnectionError && /ECONNREFUSED/.test(error.message),
    );
    await assert.rejects(opened.cluster.refreshMetadata({ timeoutMs: 50 }), TimeoutError);
  });

  test("a broker that accepts and says nothing is given up when the request's time is over", async () => {
    const clock = new ManualClock();
    await using broker = await startScriptedBroker(() => true);
    await using opened = openCluster({ bootstrapServers: broker.bootstrap }, clock);
    const result = heartbeat(opened.cluster).catch((error: unknown) => error);
    await broker.until(() => broker.requests.length === 1);
    clock.advance(30_000);
    assert.equal((await result) instanceof TimeoutError, true);
    await broker.until(() => broker.sockets.size === 0);
  });
});
