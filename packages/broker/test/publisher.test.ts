// What the publisher does when the disk refuses a partition its folder: that partition is missing, and nothing else.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, RecordingLogger, ZERO_UUID } from "@ottla/base";
import { startNode } from "@ottla/broker";
import { MemoryFileSystem } from "@ottla/storage";
import { RETRY_PERIOD_MS } from "../src/missing-partitions.ts";

/** Has no room for folders whose path matches, and does not let them be renamed. */
class CrampedFileSystem extends MemoryFileSystem {
  refused: RegExp | null = null;

  override makeFolder(path: string): void {
    this.check(path);
    super.makeFolder(path);
  }

  override rename(from: string, to: string): void {
    this.check(from);
    super.rename(from, to);
  }

  private check(path: string): void {
    if (this.refused?.test(path) === true) throw Object.assign(new Error(`ENOSPC: ${path}`), { code: "ENOSPC" });
  }
}

async function startCramped() {
  const clock = new ManualClock();
  const fileSystem = new CrampedFileSystem(clock);
  const logger = new RecordingLogger();
  const properties = new Map([
    ["listeners", "PLAINTEXT://127.0.0.1:0"],
    ["log.dirs", "/data"],
  ]);
  const node = await startNode({ properties, fileSystem, logger, clock });
  const errors = () => logger.lines.filter(({ level }) => level === "error");
  /** Lets a retry be due, and ends it. */
  const retry = async (): Promise<void> => {
    clock.advance(RETRY_PERIOD_MS);
    await node.broker.missingPartitions.exclusively(async () => {});
  };
  return { node, fileSystem, logger, errors, retry };
}

const topic = (name: string) => ({ name, numPartitions: 3, replicationFactor: 1, assignments: [], configs: [] });

test("a partition whose folder cannot be made does not keep the others from being served", async () => {
  const { node, fileSystem, errors } = await startCramped();
  fileSystem.refused = /\/first-1$/;
  const request = { topics: [topic("first"), topic("second")], timeoutMs: 1000, validateOnly: false };
  await node.broker.controller.createTopics(request);
  const { replicas } = node.broker;
  const served = (name: string): boolean[] => [0, 1, 2].map((index) => replicas.has(name, index));
  assert.deepEqual(
    [served("first"), served("second")],
    [
      [true, false, true],
      [true, true, true],
    ],
  );
  assert.deepEqual(
    errors().map(({ fields }) => [fields["topic"], fields["partition"]]),
    [["first", 1]],
  );
  await node.close();
});

test("a partition whose folder could not be made is served as soon as it can be, without a restart", async () => {
  const { node, fileSystem, logger, errors, retry } = await startCramped();
  const { replicas, missingPartitions } = node.broker;
  fileSystem.refused = /\/(first|second)-/;
  const request = { topics: [topic("first"), topic("second")], timeoutMs: 1000, validateOnly: false };
  await node.broker.controller.createTopics(request);
  assert.deepEqual([replicas.count(), missingPartitions.count], [0, 6]);
  await retry();
  assert.deepEqual([replicas.count(), missingPartitions.count], [0, 6]);
  const topics = [{ name: "second", topicId: ZERO_UUID }];
  await node.broker.controller.deleteTopics({ topics, topicNames: [], timeoutMs: 1000 });
  fileSystem.refused = /\/first-2/;
  await retry();
  assert.deepEqual([replicas.has("first", 0), replicas.has("first", 1), missingPartitions.count], [true, true, 1]);
  fileSystem.refused = null;
  await retry();
  assert.deepEqual([replicas.has("first", 2), replicas.count(), missingPartitions.count], [true, 3, 0]);
  const still = logger.lines.filter(({ sentence }) => sentence === "logs still cannot follow the metadata");
  assert.deepEqual([errors().length, still.length], [6, 2], "one line a partition at first, then one a round");
  await node.close();
});

test("nothing is tried again after the stop", async () => {
  const { node, fileSystem, retry } = await startCramped();
  fileSystem.refused = /\/first-/;
  await node.broker.controller.createTopics({ topics: [topic("first")], timeoutMs: 1000, validateOnly: false });
  await node.close();
  fileSystem.refused = null;
  await retry();
  assert.equal(fileSystem.status("/data/first-0"), null);
});

test("a partition whose folder cannot be renamed does not keep the others from being deleted", async () => {
  const { node, fileSystem, errors } = await startCramped();
  const request = { topics: [topic("first"), topic("second")], timeoutMs: 1000, validateOnly: false };
  await node.broker.controller.createTopics(request);
  fileSystem.refused = /\/first-1$/;
  const topics = ["first", "second"].map((name) => ({ name, topicId: ZERO_UUID }));
  await node.broker.controller.deleteTopics({ topics, topicNames: [], timeoutMs: 1000 });
  assert.deepEqual([...node.broker.replicas.topicNames()], []);
  assert.equal(node.broker.logDirectory.get("second", 2), null);
  assert.equal(node.broker.logDirectory.get("first", 2), null);
  assert.equal(errors().length, 1);
  await node.close();
});
