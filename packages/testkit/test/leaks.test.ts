// What is left open when a broker closes, and what keeps a process from ending.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { assertNoLeaks, LeakError, openResources, startBroker } from "@ottla/testkit";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { isServed } from "./support/fault-wire.ts";

test("a connection that is open as the broker closes is told of, and the broker is closed all the same", async () => {
  const broker = await startBroker({ leaks: "throw", seed: 5 });
  const client = await WireClient.connect(broker.port);
  await isServed(client);
  assert.deepEqual(
    broker.inspect.connections().map(({ clientId, requests }) => [clientId, requests]),
    [["ottla-sim", 1]],
  );
  await assert.rejects(broker.close(), (error: Error) => {
    assert.ok(error instanceof LeakError);
    assert.match(error.message, /^the broker closes, and 1 connections to it are open:\n {2}client ottla-sim from 127/);
    assert.match(error.message, /#1 .* ApiVersions v0 /);
    assert.match(error.message, /seed 5/);
    return true;
  });
  await assert.rejects(isServed(client), { name: "ConnectionLost" });
});

test("clients that were closed before are no leak", async () => {
  const broker = await startBroker({ leaks: "throw" });
  const client = await WireClient.connect(broker.port);
  await isServed(client);
  client.close();
  await broker.close();
});

test("by default the process is warned, and with ignore nobody is", async () => {
  for (const leaks of ["warn", "ignore"] as const) {
    const warnings: string[] = [];
    const note = ({ name }: Error): void => void warnings.push(name);
    process.on("warning", note);
    const broker = await startBroker(leaks === "warn" ? {} : { leaks });
    const client = await WireClient.connect(broker.port);
    await isServed(client);
    await broker.close();
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", note);
    client.close();
    assert.deepEqual(warnings, leaks === "warn" ? ["OttlaLeak"] : []);
  }
});

test("leaks are thrown, warned of or ignored, and nothing else", async () => {
  await assert.rejects(startBroker({ leaks: "report" as "warn" }), /leaks is throw, warn, ignore/);
});

test("a broker leaves nothing open, also after a crash and a reset", async () => {
  const before = openResources();
  const broker = await startBroker();
  await broker.reset();
  await broker.crash();
  await broker.restart();
  await broker.close();
  await assertNoLeaks(before);
});

test("a socket or timer that is left is named", async () => {
  const before = openResources();
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const timer = setTimeout(() => {}, 60_000);
  await assert.rejects(assertNoLeaks(before, { graceMs: 20 }), (error: Error) => {
    assert.ok(error instanceof LeakError);
    assert.match(error.message, /1 TCPServerWrap/);
    assert.match(error.message, /1 Timeout/);
    return true;
  });
  clearTimeout(timer);
  server.close();
  await assertNoLeaks(before);
});
