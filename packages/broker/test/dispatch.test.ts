// What dispatch does when the connection does not take an answer: the client loses its connection, the process goes on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter, RecordingLogger } from "@ottla/base";
import { NetRequest } from "@ottla/net";
import type { Connection } from "@ottla/net";
import { encodeRequestHeader } from "@ottla/protocol";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import { startNode } from "@ottla/broker";
import { dispatch } from "../src/dispatch.ts";

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
