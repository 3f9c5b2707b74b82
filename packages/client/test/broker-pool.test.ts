// Which connection a request takes: brokers that move, die and come back, and who coordinates what.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { ManualClock } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import { findCoordinatorApi } from "@ottla/protocol/messages/10-find-coordinator.ts";
import { heartbeatApi } from "@ottla/protocol/messages/12-heartbeat.ts";
import { BrokerError, ConnectionError, TimeoutError } from "../src/errors.ts";
import type { Cluster } from "../src/network/cluster.ts";
import { openCluster } from "./support/clusters.ts";
import { startScriptedBroker } from "./support/scripted-broker.ts";
import type { Script, ScriptedBroker } from "./support/scripted-broker.ts";

const heartbeat = (cluster: Cluster, nodeId: number | null): Promise<{ errorCode: number }> =>
  cluster.send(nodeId, heartbeatApi, { groupId: "g", generationId: 1, memberId: "m", groupInstanceId: null });

/** Answers heartbeats with its number, and Metadata with the brokers that the list has at the moment. */
const member =
  (number: number, brokers: readonly { nodeId: number; broker: ScriptedBroker }[]): Script =>
  (request, self) => {
    if (request.is(heartbeatApi)) request.answer(heartbeatApi, { throttleTimeMs: 0, errorCode: number });
    else if (request.is(metadataApi)) {
      const listed = brokers.map(({ nodeId, broker }) => ({
        nodeId,
        host: "127.0.0.1",
        port: broker.port,
        rack: null,
      }));
      request.answer(metadataApi, self.metadata({ brokers: listed }));
    } else return false;
    return true;
  };

const quick = { reconnectBackoffMs: 1, reconnectBackoffMaxMs: 2, retryBackoffMs: 1, retryBackoffMaxMs: 2 };

describe("brokers", () => {
  test("a request goes to the broker that it names, on the bootstrap connection where that is the same", async () => {
    const brokers: { nodeId: number; broker: ScriptedBroker }[] = [];
    await using one = await startScriptedBroker(member(101, brokers));
    await using two = await startScriptedBroker(member(102, brokers));
    brokers.push({ nodeId: 1, broker: one }, { nodeId: 2, broker: two });
    await using opened = openCluster({ bootstrapServers: one.bootstrap });
    await opened.cluster.refreshMetadata();
    assert.equal((await heartbeat(opened.cluster, 1)).errorCode, 101);
    assert.equal((await heartbeat(opened.cluster, 2)).errorCode, 102);
    assert.deepEqual([one.connections, two.connections], [1, 1]);
  });

  test("a broker that nobody knows is asked for, then refused", async () => {
    await using broker = await startScriptedBroker(() => false);
    await using opened = openCluster({ bootstrapServers: broker.bootstrap });
    assert.equal(opened.cluster.metadata.updates, 0);
    await assert.rejects(heartbeat(opened.cluster, 7), (error) => error instanceof ConnectionError && error.retriable);
    assert.equal(opened.cluster.metadata.updates, 1);
  });

  test("a broker that moved to another address is found there, and the old connection ends when it is done", async () => {
    const brokers: { nodeId: number; broker: ScriptedBroker }[] = [];
    await using before = await startScriptedBroker(member(101, brokers));
    await using after = await startScriptedBroker(member(102, brokers));
    brokers.push({ nodeId: 1, broker: before });
    await using opened = openCluster({ bootstrapServers: before.bootstrap, ...quick });
    await opened.cluster.refreshMetadata();
    await heartbeat(opened.cluster, 1);
    brokers[0]!.broker = after;
    await opened.cluster.refreshMetadata();
    assert.equal((await heartbeat(opened.cluster, 1)).errorCode, 102);
    await before.until(() => before.sockets.size === 0);
  });

  test("when no known broker can be reached, the bootstrap servers are asked again (KIP-899)", async () => {
    const brokers: { nodeId: number; broker: ScriptedBroker }[] = [];
    await using entrance = await startScriptedBroker(member(100, brokers));
    const gone = await startScriptedBroker(member(101, brokers));
    brokers.push({ nodeId: 1, broker: gone });
    await using opened = openCluster({ bootstrapServers: entrance.bootstrap, ...quick });
    await opened.cluster.refreshMetadata();
    await heartbeat(opened.cluster, 1);
    for (const socket of entrance.sockets) socket.destroy();
    await gone[Symbol.asyncDispose]();
    brokers[0] = { nodeId: 2, broker: entrance };
    const view = await opened.cluster.refreshMetadata();
    assert.deepEqual([...view.brokers.keys()], [2]);
    assert.equal((await heartbeat(opened.cluster, 2)).errorCode, 100);
  });

  test("of several connections that are ready, the one with the fewest requests is taken", async () => {
    const brokers: { nodeId: number; broker: ScriptedBroker }[] = [];
    await using one = await startScriptedBroker(member(101, brokers));
    await using two = await startScriptedBroker(member(102, brokers));
    brokers.push({ nodeId: 1, broker: one }, { nodeId: 2, broker: two });
    await using opened = openCluster({ bootstrapServers: one.bootstrap });
    await opened.cluster.refreshMetadata();
    await Promise.all([heartbeat(opened.cluster, 1), heartbeat(opened.cluster, 2)]);
    const answers = await Promise.all([1, 1, null, null, null].map((nodeId) => heartbeat(opened.cluster, nodeId)));
    assert.deepEqual(
      answers.map(({ errorCode }) => errorCode).sort((a, b) => a - b),
      [101, 101, 101, 102, 102],
    );
  });
});

describe("coordinators", () => {
  /** Answers FindCoordinator with node 9 at itself; `errors` come first, by key. */
  const coordinating =
    (errors: Record<string, number[]>): Script =>
    (request, self) => {
      if (request.is(heartbeatApi)) {
        request.answer(heartbeatApi, { throttleTimeMs: 0, errorCode: 109 });
        return true;
      }
      if (!request.is(findCoordinatorApi)) return false;
      const body = request.body(findCoordinatorApi);
      const place = { nodeId: 9, host: "127.0.0.1", port: self.port };
      const answerTo = (key: string): typeof place & { errorCode: number; errorMessage: null } => {
        const errorCode = errors[key]?.shift() ?? 0;
        return errorCode === 0
          ? { ...place, errorCode, errorMessage: null }
          : { nodeId: -1, host: "", port: -1, errorCode, errorMessage: null };
      };
      const none = { errorCode: 0, nodeId: 0, host: "", port: 0, errorMessage: null };
      if (request.version >= 4) {
        const coordinators = body.coordinatorKeys.map((key) => ({ key, ...answerTo(key) }));
        request.answer(findCoordinatorApi, { throttleTimeMs: 0, ...none, coordinators });
      } else {
        request.answer(findCoordinatorApi, { throttleTimeMs: 0, ...answerTo(body.key), coordinators: [] });
      }
      return true;
    };

  for (const [highest, requests] of [
    [6, 2],
    [3, 3],
    [1, 3],
  ] as const) {
    test(`with FindCoordinator up to ${highest}, two groups and a transaction take ${requests} requests`, async () => {
      await using broker = await startScriptedBroker(coordinating({}), {
        highest: { [findCoordinatorApi.key]: highest },
      });
      await using opened = openCluster({ bootstrapServers: broker.bootstrap });
      const { cluster } = opened;
      const nodes = await Promise.all([
        cluster.coordinator("group", "a"),
        cluster.coordinator("group", "b"),
        cluster.coordinator("transaction", "a"),
      ]);
      assert.deepEqual(nodes, [9, 9, 9]);
      assert.equal(broker.count(findCoordinatorApi), requests);
      assert.equal((await heartbeat(cluster, 9)).errorCode, 109, "its address came with the answer");
      await cluster.coordinator("group", "a");
      assert.equal(broker.count(findCoordinatorApi), requests);
      cluster.forgetCoordinator("group", "a");
      await cluster.coordinator("group", "a");
      assert.equal(broker.count(findCoordinatorApi), requests + 1);
    });
  }

  test("one that is not available yet is asked for again; an error that does not pass is thrown, for its key alone", async () => {
    const errors = {
      a: [errorCodes.COORDINATOR_NOT_AVAILABLE, errorCodes.COORDINATOR_LOAD_IN_PROGRESS],
      b: [errorCodes.GROUP_AUTHORIZATION_FAILED],
    };
    await using broker = await startScriptedBroker(coordinating(errors));
    await using opened = openCluster({ bootstrapServers: broker.bootstrap, ...quick });
    const [a, b] = await Promise.allSettled(["a", "b"].map((key) => opened.cluster.coordinator("group", key)));
    assert.deepEqual(a, { status: "fulfilled", value: 9 });
    const { reason } = b as PromiseRejectedResult & { reason: BrokerError };
    assert.deepEqual([reason.code, reason.context.groupId], ["GROUP_AUTHORIZATION_FAILED", "b"]);
    assert.equal(broker.count(findCoordinatorApi), 3);
  });

  test("when the time is over, the cause is what the broker said last", async () => {
    const errors = { a: Array.from({ length: 1000 }, () => errorCodes.COORDINATOR_NOT_AVAILABLE) };
    await using broker = await startScriptedBroker(coordinating(errors));
    const clock = new ManualClock();
    await using opened = openCluster({ bootstrapServers: broker.bootstrap, ...quick }, clock);
    const timeoutMs = 50_000;
    const found = opened.cluster.coordinator("group", "a", { timeoutMs }).catch((reason: unknown) => reason);
    // It asks again, so it has heard an answer.
    while (broker.count(findCoordinatorApi) < 2) {
      await turn();
      if (broker.count(findCoordinatorApi) > 0) clock.advance(1);
    }
    clock.advance(timeoutMs);
    const error = await found;
    assert.equal(error instanceof TimeoutError, true, String(error));
    assert.equal((error as TimeoutError).cause instanceof BrokerError, true);
  });
});
