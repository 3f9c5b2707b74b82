// A log whose file cannot be read or made: who asks for it is told so, and all other partitions are served.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, SeededRandom } from "@ottla/base";
import { startNode } from "@ottla/broker";
import type { Node } from "@ottla/broker";
import { errorName, RecordBatchBuilder } from "@ottla/protocol";
import { listOffsetsApi } from "@ottla/protocol/messages/02-list-offsets.ts";
import { FaultyFileSystem } from "@ottla/storage/faulty";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { createTopics } from "../../../tools/sim/wire-reads.ts";

const RECORD_TIME_MS = 1_700_000_000_000;
const PROPERTIES = new Map([
  ["listeners", "PLAINTEXT://127.0.0.1:0"],
  ["log.dirs", "/data"],
]);

test("ListOffsets by time answers KAFKA_STORAGE_ERROR for the partition that cannot be read", async () => {
  const clock = new ManualClock(RECORD_TIME_MS);
  const fileSystem = new FaultyFileSystem({ clock, random: new SeededRandom(1) });
  const node = await startNode({ properties: PROPERTIES, fileSystem, clock });
  const { port } = node.listeners[0]!;
  await createTopics(port, [{ name: "t", partitions: 2 }]);
  await Promise.all([append(node, 0), append(node, 1)]);
  const client = await WireClient.connect(port);
  fileSystem.failNext({ operation: "read", path: "/t-0/", code: "EIO" });
  const wanted = [0, 1].map((partitionIndex) => ({ partitionIndex, currentLeaderEpoch: -1, timestamp: 1 }));
  const request = { replicaId: -1, isolationLevel: 0, topics: [{ name: "t", partitions: wanted }], timeoutMs: 0 };
  const { topics } = await client.call(listOffsetsApi, 7, request);
  assert.deepEqual(
    topics[0]!.partitions.map(({ errorCode, offset }) => [errorName(errorCode), offset]),
    [
      ["KAFKA_STORAGE_ERROR", -1],
      ["NONE", 0],
    ],
  );
  client.close();
  await node.close();
});

test("topics are there although the log of one of their partitions cannot be made", async () => {
  const clock = new ManualClock(RECORD_TIME_MS);
  const fileSystem = new FaultyFileSystem({ clock, random: new SeededRandom(1) });
  const node = await startNode({ properties: PROPERTIES, fileSystem, clock });
  fileSystem.failNext({ operation: "makeFolder", path: "/a-0", code: "ENOSPC" });
  await createTopics(node.listeners[0]!.port, [
    { name: "a", partitions: 2 },
    { name: "b", partitions: 1 },
  ]);
  assert.deepEqual(
    [...node.broker.replicas.all()].map(({ topic, index }) => `${topic}-${index}`),
    ["a-1", "b-0"],
  );
  await node.close();
});

function append(node: Node, index: number): Promise<void> {
  const builder = new RecordBatchBuilder({ baseOffset: 0, partitionLeaderEpoch: 0 });
  builder.append({ timestamp: RECORD_TIME_MS, value: Buffer.from("v") });
  return new Promise((resolve) => {
    node.broker.replicas.get("t", index)!.append(builder.build(), "client", ({ errorCode }) => {
      assert.equal(errorName(errorCode), "NONE");
      resolve();
    });
  });
}
