// TLS to a server that is scripted here: trusted, not trusted, another name; and frames that come through it whole.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import type { FetchRequestInput } from "@ottla/protocol/messages/01-fetch.ts";
import { AuthenticationError } from "../src/errors.ts";
import type { KafkaError } from "../src/errors.ts";
import { openCluster } from "./support/clusters.ts";
import { startScriptedBroker } from "./support/scripted-broker.ts";
import type { Script, ScriptedBroker } from "./support/scripted-broker.ts";
import { testCertificate, testKey } from "./support/tls-identity.ts";

const startTlsBroker = (script: Script = () => false): Promise<ScriptedBroker> =>
  startScriptedBroker(script, { tls: { key: testKey, cert: testCertificate } });

test("a broker whose certificate is trusted for the name", async () => {
  const names: unknown[] = [];
  await using broker = await startTlsBroker(({ socket }) => {
    names.push((socket as TLSSocket & { servername?: unknown }).servername);
    return false;
  });
  const options = { bootstrapServers: `localhost:${broker.port}`, tls: { ca: testCertificate } };
  await using opened = openCluster(options);
  assert.equal((await opened.cluster.refreshMetadata()).clusterId, "scripted");
  assert.equal(names[0], "localhost");
});

test("a name given in the options is the one that is sent and checked", async () => {
  await using broker = await startTlsBroker();
  const tls = { ca: testCertificate, servername: "localhost" };
  await using opened = openCluster({ bootstrapServers: broker.bootstrap, tls });
  assert.equal((await opened.cluster.refreshMetadata()).clusterId, "scripted");
});

describe("what cannot be trusted is an AuthenticationError, and is not tried again", () => {
  test("a certificate of no known authority", async () => {
    await using broker = await startTlsBroker();
    await using opened = openCluster({ bootstrapServers: `localhost:${broker.port}`, tls: true });
    const error = (await opened.cluster.refreshMetadata().catch((reason: unknown) => reason)) as KafkaError;
    assert.equal(error instanceof AuthenticationError, true, String(error));
    assert.equal(error.code, "SSL_AUTHENTICATION_FAILED");
    assert.match(error.message, /self-signed certificate/);
  });

  test("a certificate of another name", async () => {
    await using broker = await startTlsBroker();
    await using opened = openCluster({ bootstrapServers: broker.bootstrap, tls: { ca: testCertificate } });
    const error: unknown = await opened.cluster.refreshMetadata().catch((reason: unknown) => reason);
    assert.equal(error instanceof AuthenticationError, true, String(error));
  });

  test("a server that does not speak TLS", async () => {
    const server = createServer((socket) => void socket.on("error", () => {}).end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await using opened = openCluster({ bootstrapServers: `127.0.0.1:${port}`, tls: true });
    const error: unknown = await opened.cluster.refreshMetadata().catch((reason: unknown) => reason);
    assert.equal(error instanceof AuthenticationError, true, String(error));
    server.close();
  });
});

test("long and short answers come through TLS whole", async () => {
  const records = Buffer.alloc(300_000, 7);
  await using broker = await startTlsBroker((request) => {
    if (!request.is(fetchApi)) return false;
    const { maxBytes } = request.body(fetchApi);
    const partition = {
      partitionIndex: 0,
      errorCode: 0,
      highWatermark: 1,
      lastStableOffset: 1,
      logStartOffset: 0,
      abortedTransactions: null,
      preferredReadReplica: -1,
      records: records.subarray(0, maxBytes),
    };
    const responses = [{ topic: "t", topicId: "AAAAAAAAAAAAAAAAAAAAAQ", partitions: [partition] }];
    request.answer(fetchApi, { throttleTimeMs: 0, errorCode: 0, sessionId: 0, responses });
    return true;
  });
  const tls = { ca: testCertificate, servername: "localhost" };
  await using opened = openCluster({ bootstrapServers: broker.bootstrap, tls });
  const body = (maxBytes: number): FetchRequestInput => ({
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [],
    forgottenTopicsData: [],
    rackId: "",
  });
  const sizes = [300_000, 10, 70_000, 0, 16_000];
  const answers = await Promise.all(sizes.map((size) => opened.cluster.send(null, fetchApi, body(size))));
  for (const [index, answer] of answers.entries()) {
    const got = answer.responses[0]!.partitions[0]!.records!;
    assert.equal(got.equals(records.subarray(0, sizes[index])), true, `answer ${index}`);
  }
});
