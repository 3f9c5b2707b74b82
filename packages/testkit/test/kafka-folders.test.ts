// A broker on the data folder that Apache Kafka 4.3 left behind, stopped cleanly and killed (packages/testkit/captures): same cluster, same
// topics and configs, every record that Kafka's own consumer had read, its producers go on, and all of it again after the next start.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ManualClock, RecordingLogger, ZERO_UUID } from "@ottla/base";
import { errorName, RecordBatchBuilder } from "@ottla/protocol";
import type { BatchOptions } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import { offsetForLeaderEpochApi } from "@ottla/protocol/messages/23-offset-for-leader-epoch.ts";
import { describeConfigsApi } from "@ottla/protocol/messages/32-describe-configs.ts";
import { describeProducersApi } from "@ottla/protocol/messages/61-describe-producers.ts";
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import { consume, EARLIEST, LATEST, listOffset } from "../../../tools/sim/consume.ts";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { unpackCapturedFolder } from "../captures/unpack.ts";
import type { CapturedPartitions, CapturedRecord } from "../captures/unpack.ts";

/** Offsets 5 to 8 of transactions-0 are an aborted transaction; the captures' FolderWriter says so. */
const ABORTED = { from: 5, to: 8 };
/** A little later than the records: a day after them the log forgets their producers. */
const NOW_MS = 1_750_000_600_000;
const TOPIC = 2;
const BROKER = 4;

for (const how of ["clean", "killed"] as const) {
  describe(`on a folder that Kafka left ${how}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "ottla-kafka-folder-"));
    const logger = new RecordingLogger();
    let expected: CapturedPartitions;
    let broker: TestBroker;
    let client: WireClient;

    async function start(): Promise<void> {
      broker = await startBroker({ dataDir: folder, logger, clock: new ManualClock(NOW_MS) });
      client = await WireClient.connect(broker.port);
    }

    async function stop(): Promise<void> {
      client.close();
      await broker.close();
    }

    before(async () => {
      expected = await unpackCapturedFolder(how, folder);
      await start();
    });

    after(async () => {
      await stop();
      rmSync(folder, { recursive: true });
    });

    it("is the node and the cluster of the folder", async () => {
      const properties = await readFile(join(folder, "meta.properties"), "utf8");
      assert.match(properties, /^node\.id=1$/m);
      assert.equal(broker.node.nodeId, 1);
      assert.equal(broker.node.clusterId, /^cluster\.id=(.*)$/m.exec(properties)![1]);
    });

    it("has Kafka's topics, with the ids that their folders name", async () => {
      const names = new Set(Object.keys(expected).map((name) => splitName(name).topic));
      const topics = (await describeTopics(client)).filter(({ isInternal }) => !isInternal);
      assert.deepEqual(new Set(topics.map(({ name }) => name)), names, "and not the one that Kafka had deleted");
      for (const { name, topicId, partitions } of topics) {
        const found = Object.keys(expected).filter((partition) => splitName(partition).topic === name);
        assert.equal(partitions.length, found.length);
        const metadata = await readFile(join(folder, `${name}-0`, "partition.metadata"), "utf8");
        assert.match(metadata, new RegExp(`^topic_id: ${topicId}$`, "m"));
      }
    });

    it("has their configs, and the one that Kafka's brokers share", async () => {
      const set: [topic: string, config: string, value: string][] = [
        ["recompressed", "compression.type", "zstd"],
        ["many-segments", "segment.ms", "1000"],
        ["many-segments", "index.interval.bytes", "64"],
        ["append-time", "message.timestamp.type", "LogAppendTime"],
        ["plain", "retention.ms", "172800000"],
        ["shortened", "retention.ms", "-1"],
        ["compacted", "cleanup.policy", "compact"],
        ["compressed", "retention.ms", "86400000"],
      ];
      for (const [topic, config, value] of set)
        assert.equal(await configOf(client, TOPIC, topic, config), value, `${config} of ${topic}`);
      assert.equal(await configOf(client, BROKER, "", "log.retention.ms"), "86400000");
    });

    it("serves every record as Kafka's consumer read it", async () => {
      for (const [name, { start: from, end, stable, records }] of Object.entries(expected)) {
        const place = splitName(name);
        assert.deepEqual(await recordsOf(client, place), records, name);
        assert.equal((await listOffset(client, { ...place, timestamp: EARLIEST })).offset, from, name);
        assert.equal((await listOffset(client, { ...place, timestamp: LATEST })).offset, end, name);
        const stableEnd = await listOffset(client, { ...place, timestamp: LATEST, isolation: "read_committed" });
        assert.equal(stableEnd.offset, stable, name);
      }
    });

    it("shows a read_committed consumer neither the aborted transaction nor an open one", async () => {
      const { stable, records } = expected["transactions-0"]!;
      const committed = records.filter(
        ({ offset }) => offset < stable && (offset < ABORTED.from || offset > ABORTED.to),
      );
      const place = { topic: "transactions", partition: 0 };
      assert.deepEqual(await recordsOf(client, { ...place, isolation: "read_committed" }), committed);
      for (const from of [5, 7, 9]) {
        const rest = committed.filter(({ offset }) => offset >= from);
        assert.deepEqual(await recordsOf(client, { ...place, from, isolation: "read_committed" }), rest);
      }
    });

    it("finds offsets by timestamp", async () => {
      for (const name of ["plain-2", "many-segments-0", "compressed-0"]) {
        for (const { offset, timestamp } of expected[name]!.records) {
          assert.deepEqual(
            await listOffset(client, { ...splitName(name), timestamp }).then((found) => [
              found.offset,
              found.timestamp,
            ]),
            [offset, timestamp],
            `${name} at ${timestamp}`,
          );
        }
      }
    });

    it("knows where Kafka's leader epoch ended, and leads in a later one", async () => {
      const plain = (await describeTopics(client)).find(({ name }) => name === "plain")!;
      const { leaderEpoch } = plain.partitions[0]!;
      assert.ok(leaderEpoch > 0, "a new leader began a new epoch");
      assert.deepEqual(await endOfEpoch(client, "plain", 0), { leaderEpoch: 0, endOffset: 10 });
    });

    it("lets Kafka's idempotent producer go on: a repeat, the next batch, a gap", async () => {
      const { producerId, producerEpoch, lastSequence } = await producerOf(client, "idempotent");
      assert.equal(lastSequence, 20);
      const producer = { producerId, producerEpoch };
      const repeat = await produce(client, "idempotent", ["a", "b", "c"], { ...producer, baseSequence: 18 });
      assert.deepEqual(repeat, { error: "NONE", baseOffset: 18 });
      const next = await produce(client, "idempotent", ["more"], { ...producer, baseSequence: 21 });
      assert.deepEqual(next, { error: "NONE", baseOffset: 21 });
      const gap = await produce(client, "idempotent", ["gap"], { ...producer, baseSequence: 30 });
      assert.equal(gap.error, "OUT_OF_ORDER_SEQUENCE_NUMBER");
      assert.equal((await recordsOf(client, { topic: "idempotent", partition: 0 })).length, 22);
    });

    it("appends to every partition, and after two more starts all is there, without anything to mend", async () => {
      const additions = new Map<string, number>();
      for (const name of Object.keys(expected)) {
        const { topic, partition } = splitName(name);
        const result = await produce(client, topic, [`more of ${name}`], { partition });
        assert.equal(result.error, "NONE", name);
        additions.set(name, result.baseOffset);
      }
      const topicsBefore = await describeTopics(client);
      for (let restart = 0; restart < 2; restart++) {
        await stop();
        logger.lines.length = 0;
        await start();
        assert.ok(broker.node.broker.logDirectory.wasClean);
        assert.deepEqual(
          logger.lines.filter(({ level }) => level === "warn" || level === "error"),
          [],
        );
      }
      for (const [name, { records }] of Object.entries(expected)) {
        const found = await recordsOf(client, splitName(name));
        const kept = found.filter(({ offset }) => offset <= (records.at(-1)?.offset ?? -1));
        assert.deepEqual(kept, records, name);
        const last = found.at(-1)!;
        assert.deepEqual([last.offset, last.value], [additions.get(name), `more of ${name}`]);
      }
      const topics = await describeTopics(client);
      assert.deepEqual(topics.map(idOf), topicsBefore.map(idOf));
      assert.equal(await configOf(client, TOPIC, "recompressed", "compression.type"), "zstd");
      assert.equal((await producerOf(client, "idempotent")).lastSequence, 21);
    });
  });
}

type DescribedTopic = Awaited<ReturnType<typeof describeTopics>>[number];

function idOf({ name, topicId }: DescribedTopic): string {
  return `${name} ${topicId}`;
}

function splitName(name: string): { topic: string; partition: number } {
  const dash = name.lastIndexOf("-");
  return { topic: name.slice(0, dash), partition: Number(name.slice(dash + 1)) };
}

async function recordsOf(client: WireClient, place: Parameters<typeof consume>[1]): Promise<CapturedRecord[]> {
  const records: CapturedRecord[] = [];
  await consume(client, place, ({ offset, timestamp, key, value, headers }) => {
    const named = headers.map((header): [string, string | null] => [header.key, header.value?.toString() ?? null]);
    records.push({ offset, timestamp, key: key?.toString() ?? null, value: value?.toString() ?? null, headers: named });
  });
  return records;
}

async function describeTopics(client: WireClient) {
  const response = await client.call(metadataApi, 12, {
    topics: null,
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  });
  return response.topics.toSorted((one, other) => one.name!.localeCompare(other.name!));
}

async function configOf(client: WireClient, type: number, resource: string, config: string): Promise<string | null> {
  const response = await client.call(describeConfigsApi, 4, {
    resources: [{ resourceType: type, resourceName: resource, configurationKeys: [config] }],
  });
  const [result] = response.results;
  assert.equal(errorName(result!.errorCode), "NONE", resource);
  return result!.configs[0]!.value;
}

async function endOfEpoch(client: WireClient, topic: string, leaderEpoch: number) {
  const response = await client.call(offsetForLeaderEpochApi, 4, {
    replicaId: -1,
    topics: [{ topic, partitions: [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch }] }],
  });
  const answer = response.topics[0]!.partitions[0]!;
  assert.equal(errorName(answer.errorCode), "NONE");
  return { leaderEpoch: answer.leaderEpoch, endOffset: answer.endOffset };
}

async function producerOf(client: WireClient, topic: string) {
  const response = await client.call(describeProducersApi, 0, { topics: [{ name: topic, partitionIndexes: [0] }] });
  const { activeProducers } = response.topics[0]!.partitions[0]!;
  return activeProducers.find(({ lastSequence }) => lastSequence >= 20)!;
}

async function produce(
  client: WireClient,
  topic: string,
  values: string[],
  options: BatchOptions & { partition?: number },
): Promise<{ error: string; baseOffset: number }> {
  const builder = new RecordBatchBuilder(options);
  for (const value of values) builder.append({ timestamp: NOW_MS, key: Buffer.from("key"), value: Buffer.from(value) });
  const partitionData = [{ index: options.partition ?? 0, records: builder.build() }];
  const response = await client.call(produceApi, 9, {
    acks: -1,
    timeoutMs: 10_000,
    topicData: [{ name: topic, topicId: ZERO_UUID, partitionData }],
  });
  const { errorCode, baseOffset } = response.responses[0]!.partitionResponses[0]!;
  return { error: errorName(errorCode), baseOffset };
}
