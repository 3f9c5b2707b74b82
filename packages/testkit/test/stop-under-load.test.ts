// SIGTERM while producers produce, long polls wait, and a client does not read its answer: the broker answers what it can, ends with 0 within
// five seconds, and leaves a folder that the next start need not check. The producers go on with that one, and nothing is lost.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { ByteWriter, ZERO_UUID } from "@ottla/base";
import { encodeRequestHeader } from "@ottla/protocol";
import { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import type { FetchRequestInput } from "@ottla/protocol/messages/01-fetch.ts";
import { freePort, startBrokerProcess } from "../../../tools/sim/broker-process.ts";
import type { BrokerProcess } from "../../../tools/sim/broker-process.ts";
import { History } from "../../../tools/sim/history.ts";
import { checkHistory } from "../../../tools/sim/history-checks.ts";
import { IdempotentLoad } from "../../../tools/sim/idempotent-load.ts";
import { SimulatedReader } from "../../../tools/sim/simulated-reader.ts";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { createTopics } from "../../../tools/sim/wire-reads.ts";

const PRODUCERS = 4;
const PARTITIONS = 2;
const LONG_POLLS = 6;
const BATCHES_BEFORE = 400;
const STOP_LIMIT_MS = 5000;
const FETCH_VERSION = 12;

it("stops within five seconds under load, and the next start goes on where it stopped", async (context) => {
  const dataDir = mkdtempSync(join(tmpdir(), "ottla-stop-"));
  context.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const port = await freePort();
  const broker = await startBrokerProcess({ port, dataDir });
  await createTopics(port, [
    { name: "busy", partitions: PARTITIONS },
    { name: "quiet", partitions: 1 },
  ]);
  const history = new History();
  const loads = Array.from(
    { length: PRODUCERS },
    (_, index) => new IdempotentLoad({ port, topic: "busy", partitions: PARTITIONS, history, name: `p${index}` }),
  );
  for (const load of loads) {
    load.start();
    context.after(() => load.abandon());
  }
  const polls = await Promise.all(Array.from({ length: LONG_POLLS }, () => WireClient.connect(port)));
  const answered = polls.map((client) => client.call(fetchApi, FETCH_VERSION, fetchOf("quiet", 60_000)));
  while (history.batches.length < BATCHES_BEFORE) await new Promise((resolve) => setTimeout(resolve, 5));
  const deaf = await askWithoutReading(port);

  const begunMs = performance.now();
  assert.equal(await broker.stop("SIGTERM"), 0);
  const tookMs = performance.now() - begunMs;
  deaf.destroy();
  assert.ok(tookMs < STOP_LIMIT_MS, `it took ${Math.round(tookMs)} ms`);
  for (const { errorCode } of await Promise.all(answered)) assert.equal(errorCode, 0, "long polls are answered");
  assert.deepEqual(complaints(broker), []);
  assert.ok(existsSync(join(dataDir, ".kafka_cleanshutdown")), "nothing to recover");

  const next = await startBrokerProcess({ port, dataDir });
  history.restarted();
  assert.deepEqual(complaints(next), []);
  for (const load of loads) await load.finish();
  const client = await WireClient.connect(port);
  const reader = new SimulatedReader({ name: "scan", history, blame: assert.fail });
  for (let partition = 0; partition < PARTITIONS; partition++) await reader.scan(client, { topic: "busy", partition });
  client.close();
  assert.deepEqual([...loads.flatMap(({ violations }) => violations), ...checkHistory(history)], []);
  assert.equal(await next.stop("SIGTERM"), 0);
});

function fetchOf(topic: string, maxWaitMs: number): FetchRequestInput {
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 50_000_000 }];
  return {
    maxWaitMs,
    minBytes: maxWaitMs === 0 ? 0 : 1_000_000,
    maxBytes: 50_000_000,
    topics: [{ topic, topicId: ZERO_UUID, partitions }],
    forgottenTopicsData: [],
  };
}

/** A client that asks for far more than a socket takes, and never reads. */
async function askWithoutReading(port: number) {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  socket.pause();
  for (let correlationId = 0; correlationId < 200; correlationId++) {
    const writer = new ByteWriter(256);
    const header = { apiKey: fetchApi.key, apiVersion: FETCH_VERSION, correlationId, clientId: "deaf" };
    encodeRequestHeader(writer, header);
    fetchApi.request.encode(writer, FETCH_VERSION, fetchOf("busy", 0));
    const body = writer.toBuffer();
    const size = Buffer.alloc(4);
    size.writeInt32BE(body.length);
    socket.write(Buffer.concat([size, body]));
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  return socket;
}

/** What the broker logged of warnings and errors, but for the client that had to be cut off. */
function complaints(broker: BrokerProcess): string[] {
  return broker
    .output()
    .split("\n")
    .filter((line) => line.startsWith("{") && /^(?:warn|error)$/.test((JSON.parse(line) as { level: string }).level))
    .filter((line) => !line.includes("Connections with unfinished requests are closed."));
}
