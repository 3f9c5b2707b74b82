// Which requests a fault is for, how many of them it hits, and rules that mean nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { errorName } from "@ottla/protocol";
import { heartbeatApi } from "@ottla/protocol/messages/12-heartbeat.ts";
import { startBroker } from "@ottla/testkit";
import type { ApiName, FaultRule } from "@ottla/testkit";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { isServed, produced, withTopic } from "./support/fault-wire.ts";

test("nth and times count the requests that match", async () => {
  await using wire = await withTopic(1);
  wire.broker!.faults.add({ api: "Produce", nth: 3, times: 2, action: { error: "NOT_ENOUGH_REPLICAS" } });
  const results: string[] = [];
  for (const value of ["a", "b", "c", "d", "e"]) results.push((await produced(wire, { 0: value }))[0]!);
  assert.deepEqual(results, ["NONE", "NONE", "NOT_ENOUGH_REPLICAS", "NOT_ENOUGH_REPLICAS", "NONE"]);
});

test("the same seed hits the same requests", async () => {
  const patternOf = async (seed: number): Promise<string> => {
    await using broker = await startBroker({ seed });
    broker.faults.add({ api: "Heartbeat", probability: 0.5, action: { error: "UNKNOWN_SERVER_ERROR" } });
    const client = await WireClient.connect(broker.port);
    let pattern = "";
    for (let count = 0; count < 40; count++) {
      const { errorCode } = await client.call(heartbeatApi, 4, { groupId: "g", generationId: 1, memberId: "m" });
      pattern += errorName(errorCode) === "UNKNOWN_SERVER_ERROR" ? "x" : ".";
    }
    client.close();
    return pattern;
  };
  const first = await patternOf(7);
  assert.match(first, /x/);
  assert.match(first, /\./);
  assert.equal(await patternOf(7), first);
  assert.notEqual(await patternOf(8), first);
});

test("faults for a client, a group or a transactional id leave others alone", async () => {
  await using wire = await withTopic();
  const { faults } = wire.broker!;
  faults.add({ groupId: "g", action: { error: "GROUP_AUTHORIZATION_FAILED" } });
  faults.add({ clientId: "somebody else", action: { drop: "connection" } });
  faults.add({ transactionalId: "x", action: { drop: "connection" } });
  const heartbeat = (groupId: string) => wire.call(heartbeatApi, 4, { groupId, generationId: 1, memberId: "m" });
  assert.equal(errorName((await heartbeat("g")).errorCode), "GROUP_AUTHORIZATION_FAILED");
  assert.notEqual(errorName((await heartbeat("h")).errorCode), "GROUP_AUTHORIZATION_FAILED");
});

test("a hit that does not come is told with the state, the last requests and the seed", async () => {
  await using broker = await startBroker({ seed: 42 });
  const client = await WireClient.connect(broker.port);
  await isServed(client);
  client.close();
  const fault = broker.faults.add({ api: "Produce", action: { drop: "connection" } });
  await assert.rejects(fault.hit(2, { timeoutMs: 20 }), (error: Error) => {
    assert.equal(error.name, "ConditionTimeout");
    assert.match(
      error.message,
      /^waited for 2 hits of the fault drop connection, but it did not come about within 20 ms: it has 0\n/,
    );
    assert.match(error.message, /#1 .* ApiVersions v0 /);
    assert.match(error.message, /seed 42: the same run again with startBroker\(\{ seed: 42 \}\) or OTTLA_SEED=42$/);
    return true;
  });
});

const refusedRules: readonly (readonly [string, unknown, RegExp])[] = [
  ["an unknown field", { apis: "Produce", action: { hang: true } }, /there is no option "apis"/],
  ["an unknown API", { api: "Produced", action: { hang: true } }, /there is no API "Produced"/],
  ["an API that is not served", { api: "ElectLeaders" as ApiName, action: { hang: true } }, /no API "ElectLeaders"/],
  ["no action", {}, /it needs an action/],
  ["an action that says nothing", { action: {} }, /its action says nothing/],
  ["two actions", { action: { hang: true, drop: "connection" } }, /drop and hang do not go together/],
  ["an unknown action", { action: { explode: true } }, /there is no option "explode"/],
  ["an unknown error", { action: { error: "NOT_LEADER" } }, /Kafka has no error "NOT_LEADER"/],
  ["no error at all", { action: { error: "NONE" } }, /Kafka has no error "NONE"/],
  ["a negative delay", { action: { delayMs: -1 } }, /delayMs is a whole number of at least 0/],
  ["a delay of nothing", { action: { drop: "connection", delayMs: 1 } }, /drop has no answer/],
  ["a request that is not counted from 1", { nth: 0, action: { hang: true } }, /nth is a whole number of at least 1/],
  ["a probability above 1", { probability: 1.5, action: { hang: true } }, /probability lies above 0 and up to 1/],
  [
    "corruption of what has no records",
    { api: "Produce", action: { corruptBatch: true } },
    /corruptBatch is for Fetch/,
  ],
];

test("a rule that means nothing is refused when it is added", async () => {
  await using broker = await startBroker();
  for (const [what, rule, message] of refusedRules) {
    assert.throws(() => broker.faults.add(rule as FaultRule), { name: "TypeError", message }, what);
  }
});

test("an option that there is not is refused", async () => {
  await assert.rejects(startBroker({ ports: 1 } as object), {
    name: "TypeError",
    message: /^startBroker: there is no option "ports", but overrides, port, /,
  });
});
