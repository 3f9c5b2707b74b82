// The root: what is left after closing, what diagnostics and metrics tell, and that idle channels cost nothing.

import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, test } from "node:test";
import { describeClusterApi } from "@ottla/protocol/messages/60-describe-cluster.ts";
import { ConfigError } from "../src/errors.ts";
import { Kafka } from "../src/kafka.ts";
import type { SaslOptions } from "../src/options.ts";
import { PATIENCE_MS } from "./support/eventually.ts";
import { startTarget } from "./target.ts";

const describeClusterBody = { includeClusterAuthorizedOperations: false, includeFencedBrokers: false };

/** Sockets and timers that would keep this process alive. */
const resources = (): string[] =>
  process.getActiveResourcesInfo().filter((name) => /^(?:TCPSocketWrap|TLSWrap|Timeout|GetAddrInfo)/.test(name));

test("closing leaves no socket and no timer, whatever was under way", async () => {
  await using target = await startTarget();
  const before = resources().length;
  const kafka = new Kafka({ bootstrapServers: target.bootstrap });
  const admin = kafka.admin();
  const calls = [admin.listTopics(), admin.describeCluster(), kafka.admin().listTopics()];
  await Promise.all(calls);
  const pending = admin.listTopics().catch((error: unknown) => error);
  await kafka.close();
  await pending;
  await kafka.close();
  // The broker's ends of the sockets go a turn later. A timer to wait by would be one more of what is counted.
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (resources().length > before && performance.now() < deadlineMs)
    await new Promise<void>((resolve) => setImmediate(resolve));
  assert.deepEqual(resources().length, before, resources().join());
});

test("a client that cannot reach anybody closes within the bound that it is given", async () => {
  const kafka = new Kafka({ bootstrapServers: "127.0.0.1:1" });
  const pending = kafka.admin().listTopics();
  pending.catch(() => {});
  await kafka.close({ timeoutMs: 0 });
  await assert.rejects(pending);
});

describe("options that cannot work are refused before anything is connected", () => {
  for (const [what, options] of [
    ["no server", { bootstrapServers: " , " }],
    ["a server without a port", { bootstrapServers: "broker" }],
    ["a port that is none", { bootstrapServers: "broker:70000" }],
    ["a time of 1.5 ms", { bootstrapServers: "a:1", requestTimeoutMs: 1.5 }],
    ["a negative time", { bootstrapServers: "a:1", retryBackoffMs: -1 }],
  ] as const) {
    test(what, () => assert.throws(() => new Kafka(options), ConfigError));
  }
  for (const [what, sasl] of [
    ["a mechanism that is none", { mechanism: "plain", username: "u", password: "p" }],
    ["no mechanism", {}],
    ["no password", { mechanism: "PLAIN", username: "u" }],
    ["no user name", { mechanism: "SCRAM-SHA-256", password: "p" }],
    ["no token", { mechanism: "OAUTHBEARER" }],
  ] as const) {
    const options = { bootstrapServers: "a:1", sasl: sasl as SaslOptions };
    test(what, () => assert.throws(() => new Kafka(options), ConfigError));
  }
});

test("diagnostics tell of connections, requests and metadata", async () => {
  await using target = await startTarget();
  const heard: [name: string, message: Record<string, unknown>][] = [];
  const names = ["connection:open", "connection:close", "request:sent", "request:answered", "metadata:updated"];
  const listeners = names.map((name) => {
    const listener = (message: unknown): void => void heard.push([name, message as Record<string, unknown>]);
    subscribe(`ottla:client:${name}`, listener);
    return [`ottla:client:${name}`, listener] as const;
  });
  const cluster = target.cluster({ clientId: "told" });
  await cluster.refreshMetadata();
  await cluster.close();
  for (const [name, listener] of listeners) unsubscribe(name, listener);
  assert.deepEqual(
    heard.map(([name, { api = "" }]) => `${name} ${String(api)}`),
    [
      "connection:open ",
      "request:sent ApiVersions",
      "request:answered ApiVersions",
      "request:sent Metadata",
      "request:answered Metadata",
      "metadata:updated ",
      "connection:close ",
    ],
  );
  const [, answer] = heard[4]!;
  assert.equal(answer["clientId"], "told");
  assert.equal(answer["address"], target.bootstrap);
  assert.equal(answer["lane"], "shared");
  assert.equal((answer["latencyMs"] as number) > 0, true);
  assert.equal((answer["requestBytes"] as number) > 20, true);
  assert.equal((answer["responseBytes"] as number) > 20, true);
});

test("a connection that fails is told with its error", async () => {
  const { promise: heard, resolve } = Promise.withResolvers<{ address: string; error: Error }>();
  const listener = (message: unknown): void => resolve(message as Awaited<typeof heard>);
  subscribe("ottla:client:connection:error", listener);
  await using kafka = new Kafka({ bootstrapServers: "127.0.0.1:1" });
  const pending = assert.rejects(kafka.admin().listTopics());
  const { address, error } = await heard;
  unsubscribe("ottla:client:connection:error", listener);
  assert.equal(address, "127.0.0.1:1");
  assert.match(error.message, /ECONNREFUSED/);
  await kafka.close({ timeoutMs: 0 });
  await pending;
});

test("connections are counted under Java's names, by owner and by broker", async () => {
  await using target = await startTarget();
  const cluster = target.cluster({ clientId: "counted" });
  await cluster.refreshMetadata();
  const [nodeId] = cluster.metadata.brokers.keys();
  for (let count = 0; count < 5; count++) {
    await cluster.send(nodeId!, describeClusterApi, describeClusterBody, { lane: "producer-1" });
  }
  const value = (name: string, group: string, node?: string): number | undefined =>
    cluster.metrics
      .snapshot()
      .find((metric) => metric.name === name && metric.group === group && metric.tags["node-id"] === node)?.value;
  assert.equal(value("connection-count", "producer-metrics"), 1);
  assert.equal(value("connection-creation-total", "producer-metrics"), 1);
  assert.equal(value("request-total", "producer-metrics"), 6);
  assert.equal(value("response-total", "producer-metrics"), 6);
  assert.equal(value("request-total", "producer-node-metrics", `node-${nodeId}`), 6);
  assert.equal(value("request-latency-max", "producer-node-metrics", `node-${nodeId}`)! > 0, true);
  assert.equal(value("incoming-byte-total", "producer-metrics")! > 100, true);
  assert.equal(value("outgoing-byte-total", "producer-metrics")! > 100, true);
  assert.equal(value("connection-count", "admin-client-metrics"), 1);
  cluster.closeLane("producer-1");
  assert.equal(value("connection-count", "producer-metrics"), 0);
  assert.equal(value("connection-close-total", "producer-metrics"), 1);
});
