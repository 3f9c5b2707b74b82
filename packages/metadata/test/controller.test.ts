// The loop around the deciders: what shares an append, when it answers, and what an append that fails leaves behind.

import { test } from "node:test";
import assert from "node:assert/strict";
import { ManualClock, RecordingLogger, SeededRandom } from "@ottla/base";
import { startController } from "../src/controller/controller.ts";
import { MetadataImage } from "../src/image/metadata-image.ts";
import type { MetadataLog } from "../src/log/metadata-log.ts";
import type { MetadataRecord } from "../src/records/metadata-record.ts";
import { supportedFeatures } from "../src/records/feature-levels.ts";
import { brokerConfigOf, directoryOf } from "./image-fixtures.ts";

/** A log that shows what was appended and can be held up or made to fail. */
class ScriptedLog implements MetadataLog {
  readonly appends: number[][] = [];
  failNext: Error | null = null;
  snapshots = 0;
  snapshotDue = false;
  closed = false;
  private next = 0;

  nextOffset(): number {
    return this.next;
  }

  leaderEpoch(): number {
    return 3;
  }

  async append(batches: readonly (readonly MetadataRecord[])[]): Promise<void> {
    await Promise.resolve();
    const failure = this.failNext;
    this.failNext = null;
    if (failure !== null) throw failure;
    this.appends.push(batches.map((batch) => batch.length));
    for (const batch of batches) this.next += batch.length;
  }

  snapshotIsDue(): boolean {
    return this.snapshotDue;
  }

  async writeSnapshot(): Promise<void> {
    this.snapshots++;
    this.snapshotDue = false;
  }

  close(): void {
    this.closed = true;
  }
}

const registration = {
  brokerId: 1,
  clusterId: "c",
  incarnationId: "AAAAAAAAAAAAAAAAAAAABQ",
  listeners: [],
  features: [...supportedFeatures],
  rack: null,
  isMigratingZkBroker: false,
  logDirs: [directoryOf(1)],
  previousBrokerEpoch: -1,
};

async function start(hasOpenTransaction = false) {
  const log = new ScriptedLog();
  const logger = new RecordingLogger();
  const controller = await startController({
    opened: { log, image: MetadataImage.empty(), hasOpenTransaction, bootstrapRecords: null },
    nodeId: 1,
    clusterId: "c",
    config: brokerConfigOf(),
    clock: new ManualClock(),
    random: new SeededRandom(1),
    logger,
  });
  const { brokerEpoch } = await controller.registerBroker(registration);
  await controller.unfenceBroker({ brokerId: 1, brokerEpoch });
  const create = (...names: string[]) => {
    const topics = names.map((name) => ({
      name,
      numPartitions: -1,
      replicationFactor: -1,
      assignments: [],
      configs: [],
    }));
    return controller.createTopics({ topics, timeoutMs: 1, validateOnly: false });
  };
  return { log, logger, controller, create, broker: { brokerId: 1, brokerEpoch } };
}

test("a new log begins with a transaction of the features and the minimum of in-sync replicas", async () => {
  const { log, controller, broker } = await start();
  assert.deepEqual(log.appends[0], [9]);
  assert.equal(controller.image().feature("metadata.version"), 30);
  assert.deepEqual(controller.image().configs(4, ""), new Map([["min.insync.replicas", "1"]]));
  assert.equal(broker.brokerEpoch, 9);
  assert.deepEqual([controller.image().offset, controller.image().epoch], [10, 3]);
});

test("a transaction that nobody finishes is aborted first", async () => {
  const { log } = await start(true);
  assert.deepEqual(log.appends.slice(0, 2), [[1], [9]]);
});

test("commands that wait together share one append, each as a batch of its own, decided on those before it", async () => {
  const { log, create } = await start();
  const before = log.appends.length;
  const answers = await Promise.all([create("a"), create("b"), create("a")]);
  assert.deepEqual(log.appends.slice(before), [[2, 2]]);
  assert.deepEqual(
    answers.map(({ topics }) => topics[0]!.errorCode),
    [0, 0, 36],
  );
});

test("a refusal appends nothing, and is still answered in its turn", async () => {
  const { log, create } = await start();
  const before = log.appends.length;
  assert.equal((await create("a b")).topics[0]!.errorCode, 17);
  assert.equal(log.appends.length, before);
});

test("an answer waits for the publishers, which come one after the other and see the image that follows", async () => {
  const { controller, create } = await start();
  const events: string[] = [];
  controller.subscribe(async (delta, image) => {
    await Promise.resolve();
    const old = controller.image().topic(delta.createdTopics[0]!.name) === undefined;
    events.push(`first sees ${delta.createdTopics[0]!.name} of ${image.topicCount}, others not yet: ${old}`);
  });
  controller.subscribe((delta) => void events.push(`second sees ${delta.createdTopics[0]!.name}`));
  await Promise.all([
    create("a").then(() => events.push("a answered")),
    create("b").then(() => events.push("b answered")),
  ]);
  assert.deepEqual(events, [
    "first sees a of 1, others not yet: true",
    "second sees a",
    "a answered",
    "first sees b of 2, others not yet: true",
    "second sees b",
    "b answered",
  ]);
  assert.equal(controller.image().topicCount, 2);
});

test("a publisher that fails is logged and holds up nobody", async () => {
  const { controller, create, logger } = await start();
  controller.subscribe(() => Promise.reject(new Error("no space")));
  assert.equal((await create("a")).topics[0]!.errorCode, 0);
  assert.equal(controller.image().topicCount, 1);
  assert.deepEqual(
    logger.lines.map(({ sentence }) => sentence),
    ["A publisher of metadata failed"],
  );
});

test("an append that fails rejects its commands and leaves the state as it was", async () => {
  const { log, create, controller } = await start();
  log.failNext = new Error("ENOSPC");
  const results = await Promise.allSettled([create("a"), create("b")]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  assert.equal(controller.image().topicCount, 0);
  assert.equal((await create("a")).topics[0]!.errorCode, 0);
});

test("a snapshot is written when it is due", async () => {
  const { log, create } = await start();
  await create("a");
  assert.equal(log.snapshots, 0);
  log.snapshotDue = true;
  await create("b");
  assert.equal(log.snapshots, 1);
});

test("closing finishes what was asked and refuses what comes later", async () => {
  const { log, controller, create } = await start();
  const asked = create("a");
  await controller.close();
  assert.equal((await asked).topics[0]!.errorCode, 0);
  assert.equal(log.closed, true);
  await assert.rejects(create("b"), /closed/);
});

test("alter, delete, enlarge and hand out ids through the controller", async () => {
  const { controller, create, broker } = await start();
  await create("t");
  const configs = [{ name: "retention.ms", configOperation: 0, value: "5" }];
  await controller.incrementalAlterConfigs({
    resources: [{ resourceType: 2, resourceName: "t", configs }],
    validateOnly: false,
  });
  assert.equal(controller.image().topicConfigs("t").get("retention.ms"), "5");
  await controller.alterConfigs({
    resources: [{ resourceType: 2, resourceName: "t", configs: [] }],
    validateOnly: false,
  });
  assert.equal(controller.image().topicConfigs("t").size, 0);
  await controller.createPartitions({
    topics: [{ name: "t", count: 3, assignments: null }],
    timeoutMs: 1,
    validateOnly: false,
  });
  assert.equal(controller.image().topic("t")!.partitions.length, 3);
  const blocks = await Promise.all([controller.allocateProducerIds(broker), controller.allocateProducerIds(broker)]);
  assert.deepEqual(
    blocks.map(({ firstProducerId }) => firstProducerId),
    [0, 1000],
  );
  await controller.deleteTopics({ topics: [], topicNames: ["t"], timeoutMs: 1 });
  assert.equal(controller.image().topicCount, 0);
});
