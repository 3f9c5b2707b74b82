// What dispatch does when the connection does not take an answer: the client loses its connection, the process goes on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter, RecordingLogger } from "@ottla/base";
import { NetRequest } from "@ottla/net";
import type { Connection } from "@ottla/net";
import { encodeRequestHeader } from "@ottla/protocol";
import { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import { startNode } from "@ottla/broker";
import { dispatch } from "../src/dispatch.ts";
import { handlersByKey } from "../src/handlers/index.ts";

test("a late answer that is too large for a frame closes the connection", async () => {
  const logger = new RecordingLogger();
  const properties = new Map([["listeners", "PLAINTEXT://127.0.0.1:0"]]);
  const node = await startNode({ properties, storage: "memory", logger });
  const writer = new ByteWriter(64);
  encodeRequestHeader(writer, { apiKey: metadataApi.key, apiVersion: 12, correlationId: 1, clientId: "test" });
  metadataApi.request.encode(writer, 12, {
    topics: [],
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
    allowAutoTopicCreation: false,
  });
  const destroyed = new Promise<void>((resolve) => {
    const connection = { listenerName: "PLAINTEXT", localAddress: "127.0.0.1", localPort: 9092, destroy: resolve };
    const owner = {
      answered: () => assert.fail("a frame's size fits in an int32"),
      failed: () => assert.fail("the request was settled"),
      giveBack() {},
    };
    const frame = { bytes: writer.toBuffer(), pooled: null, bulk: false };
    dispatch(node.broker, new NetRequest(connection as unknown as Connection, owner, frame));
  });
  await destroyed;
  assert.deepEqual(
    logger.lines.filter(({ level }) => level === "error").map(({ sentence }) => sentence),
    ["an answer could not be sent"],
  );
  await node.close();
});

test("an answer that cannot be encoded gives back every range of a file in it, once", async () => {
  const node = await startNode({ properties: new Map([["listeners", "PLAINTEXT://127.0.0.1:0"]]), storage: "memory" });
  const released: number[] = [];
  const records = (index: number) => {
    const part = { length: 100, read: () => assert.fail("is not sent"), release: () => void released.push(index) };
    return [Buffer.from("x"), part];
  };
  // No int64: the second partition's answer ends in the middle.
  const highWatermarks = [1, 0.5, 1];
  const partitions = highWatermarks.map((highWatermark, partitionIndex) => ({
    partitionIndex,
    errorCode: 0,
    highWatermark,
    abortedTransactions: null,
    records: records(partitionIndex),
  }));
  const reply = { throttleTimeMs: 0, errorCode: 0, sessionId: 0, responses: [{ topic: "t", partitions }] };
  const handler = handlersByKey.get(fetchApi.key)!;
  const handle = handler.handle.bind(handler);
  Object.assign(handler, { handle: () => reply });
  const writer = new ByteWriter(64);
  encodeRequestHeader(writer, { apiKey: fetchApi.key, apiVersion: 12, correlationId: 1, clientId: "test" });
  fetchApi.request.encode(writer, 12, { maxWaitMs: 0, minBytes: 0, topics: [], forgottenTopicsData: [] });
  const failures: string[] = [];
  const owner = {
    answered: () => assert.fail("it cannot be encoded"),
    failed: (_request: NetRequest, reason: string) => void failures.push(reason),
    giveBack() {},
  };
  const connection = { listenerName: "PLAINTEXT", localAddress: "127.0.0.1", localPort: 9092 };
  try {
    const frame = { bytes: writer.toBuffer(), pooled: null, bulk: false };
    dispatch(node.broker, new NetRequest(connection as unknown as Connection, owner, frame));
  } finally {
    Object.assign(handler, { handle });
    await node.close();
  }
  assert.deepEqual([failures.length, released], [1, [0, 1, 2]]);
});
