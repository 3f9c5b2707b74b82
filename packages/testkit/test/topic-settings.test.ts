// What a topic's configs do to the records in it: recompression, the broker's time in place of the producer's, retention.
// Time is the test's own, so retention is looked at when the clock is moved.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock, ZERO_UUID } from "@ottla/base";
import { batchFormat, errorName, readRecords } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import { listOffsetsApi } from "@ottla/protocol/messages/02-list-offsets.ts";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import { incrementalAlterConfigsApi } from "@ottla/protocol/messages/44-incremental-alter-configs.ts";
import { startBroker } from "@ottla/testkit";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { batchOf } from "./support/wire.ts";

const CODECS = ["none", "gzip", "snappy", "lz4", "zstd"] as const;
const [EARLIEST, LATEST] = [-2, -1];
const TOPIC = 2;
const RETENTION_CHECK_MS = 300_000;
const HOUR_MS = 3_600_000;

/** Or the connection would be closed when the clock moves. */
const neverIdle = { "connections.max.idle.ms": String(1000 * HOUR_MS) };

/** A topic of one partition on a broker of its own. */
class OneTopic implements AsyncDisposable {
  readonly clock = new ManualClock();
  private readonly resources = new AsyncDisposableStack();
  private client!: WireClient;

  static async create(
    configs: Readonly<Record<string, string>>,
    brokerConfigs: Readonly<Record<string, string>> = {},
  ): Promise<OneTopic> {
    const topic = new OneTopic();
    const broker = topic.resources.use(
      await startBroker({ clock: topic.clock, overrides: { ...neverIdle, ...brokerConfigs } }),
    );
    topic.client = topic.resources.adopt(await WireClient.connect(broker.port), (client) => client.close());
    const given = Object.entries(configs).map(([name, value]) => ({ name, value }));
    const plain = { name: "t", numPartitions: 1, replicationFactor: 1, assignments: [] };
    const request = { topics: [{ ...plain, configs: given }], timeoutMs: 1000, validateOnly: false };
    const response = await topic.client.call(createTopicsApi, 7, request);
    assert.equal(errorName(response.topics[0]!.errorCode), "NONE");
    return topic;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.resources.disposeAsync();
  }

  /** The time that the answer tells. */
  async produce(records: Buffer): Promise<number> {
    const topicData = [{ name: "t", topicId: ZERO_UUID, partitionData: [{ index: 0, records }] }];
    const request = { transactionalId: null, acks: -1, timeoutMs: 1000, topicData };
    const answer = (await this.client.call(produceApi, 9, request)).responses[0]!.partitionResponses[0]!;
    assert.equal(errorName(answer.errorCode), "NONE");
    return answer.logAppendTimeMs;
  }

  async alter(name: string, value: string): Promise<void> {
    const configs = [{ name, value, configOperation: 0 }];
    const resources = [{ resourceType: TOPIC, resourceName: "t", configs }];
    const response = await this.client.call(incrementalAlterConfigsApi, 1, { resources, validateOnly: false });
    assert.equal(errorName(response.responses[0]!.errorCode), "NONE");
  }

  /** The batch at this offset, as it lies in the log. */
  async batchAt(fetchOffset: number): Promise<Buffer> {
    const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 1 }];
    const topics = [{ topic: "t", topicId: ZERO_UUID, partitions }];
    const request = { maxWaitMs: 0, minBytes: 0, topics, forgottenTopicsData: [] };
    return (await this.client.call(fetchApi, 12, request)).responses[0]!.partitions[0]!.records!;
  }

  /** The earliest and the latest offset. */
  async range(): Promise<[number, number]> {
    const offsetOf = async (timestamp: number): Promise<number> => {
      const topics = [{ name: "t", partitions: [{ partitionIndex: 0, timestamp }] }];
      const request = { replicaId: -1, isolationLevel: 0, topics, timeoutMs: 0 };
      return (await this.client.call(listOffsetsApi, 7, request)).topics[0]!.partitions[0]!.offset;
    };
    return [await offsetOf(EARLIEST), await offsetOf(LATEST)];
  }
}

describe("compression.type", () => {
  const values = ["x".repeat(500), "y".repeat(500), ""];

  for (const stored of ["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"]) {
    it(`${stored} decides how batches of every codec are stored, and their records stay the same`, async () => {
      await using topic = await OneTopic.create({ "compression.type": stored });
      for (const [index, compression] of CODECS.entries()) {
        await topic.produce(batchOf(values, { compression, timestamp: topic.clock.nowMs(), stepMs: 10 }));
        const batch = await topic.batchAt(index * values.length);
        const expected = stored === "producer" ? compression : stored === "uncompressed" ? "none" : stored;
        assert.equal(CODECS[batchFormat.compressionType(batch, 0)], expected, `of ${compression}`);
        assert.equal(batchFormat.verifyCrc(batch, 0), true);
        const records = [...readRecords(batch)].map(({ offset, timestamp, value }) => [
          offset,
          timestamp,
          value!.toString(),
        ]);
        const first = index * values.length;
        assert.deepEqual(
          records,
          values.map((value, at) => [first + at, topic.clock.nowMs() + at * 10, value]),
        );
      }
    });
  }

  it("of the broker counts for topics that set none", async () => {
    await using topic = await OneTopic.create({}, { "compression.type": "zstd" });
    await topic.produce(batchOf(values));
    assert.equal(CODECS[batchFormat.compressionType(await topic.batchAt(0), 0)], "zstd");
  });

  it("counts from the moment that it is altered", async () => {
    await using topic = await OneTopic.create({});
    await topic.produce(batchOf(values));
    await topic.alter("compression.type", "lz4");
    await topic.produce(batchOf(values));
    assert.equal(CODECS[batchFormat.compressionType(await topic.batchAt(0), 0)], "none");
    assert.equal(CODECS[batchFormat.compressionType(await topic.batchAt(values.length), 0)], "lz4");
  });
});

describe("message.timestamp.type", () => {
  for (const compression of CODECS) {
    it(`LogAppendTime gives ${compression} records the time of their append, whatever their producer said`, async () => {
      await using topic = await OneTopic.create({ "message.timestamp.type": "LogAppendTime" });
      const told = await topic.produce(
        batchOf(["a", "b"], { compression, timestamp: topic.clock.nowMs() + 48 * HOUR_MS }),
      );
      assert.equal(told, topic.clock.nowMs());
      const batch = await topic.batchAt(0);
      assert.equal(batchFormat.timestampType(batch, 0), "LogAppendTime");
      assert.equal(batchFormat.verifyCrc(batch, 0), true);
      assert.deepEqual(
        [...readRecords(batch)].map(({ timestamp }) => timestamp),
        [told, told],
      );
    });
  }

  it("CreateTime keeps what the producer said, and answers -1", async () => {
    await using topic = await OneTopic.create({});
    assert.equal(await topic.produce(batchOf(["a"], { timestamp: 1234 })), -1);
    const batch = await topic.batchAt(0);
    assert.equal(batchFormat.timestampType(batch, 0), "CreateTime");
    assert.equal([...readRecords(batch)][0]!.timestamp, 1234);
  });
});

describe("retention", () => {
  const megabyte = "m".repeat(900_000);
  // One such batch fills a segment: the next begins another.
  const segments = { "segment.bytes": String(1024 * 1024), "max.message.bytes": String(2 * 1024 * 1024) };
  const batchNow = (topic: OneTopic): Buffer => batchOf([megabyte], { timestamp: topic.clock.nowMs() });

  it("by time deletes segments whose records are all too old, the active one too", async () => {
    await using topic = await OneTopic.create({ ...segments, "retention.ms": String(2 * HOUR_MS) });
    await topic.produce(batchNow(topic));
    topic.clock.advance(HOUR_MS);
    await topic.produce(batchNow(topic));
    assert.deepEqual(await topic.range(), [0, 2]);
    topic.clock.advance(HOUR_MS - RETENTION_CHECK_MS);
    assert.deepEqual(await topic.range(), [0, 2]);
    topic.clock.advance(2 * RETENTION_CHECK_MS);
    assert.deepEqual(await topic.range(), [1, 2]);
    topic.clock.advance(HOUR_MS);
    assert.deepEqual(await topic.range(), [2, 2]);
    await topic.produce(batchNow(topic));
    assert.deepEqual(await topic.range(), [2, 3], "offsets go on");
  });

  it("by time goes by the records, not by when they came", async () => {
    await using topic = await OneTopic.create({ ...segments, "retention.ms": String(HOUR_MS) });
    await topic.produce(batchOf([megabyte], { timestamp: topic.clock.nowMs() - 2 * HOUR_MS }));
    await topic.produce(batchNow(topic));
    topic.clock.advance(RETENTION_CHECK_MS);
    assert.deepEqual(await topic.range(), [1, 2]);
  });

  it("by size deletes the oldest segments, and keeps at least as much as it says", async () => {
    await using topic = await OneTopic.create({ ...segments, "retention.bytes": "1800000" });
    for (let count = 0; count < 5; count++) await topic.produce(batchNow(topic));
    assert.deepEqual(await topic.range(), [0, 5]);
    topic.clock.advance(RETENTION_CHECK_MS);
    assert.deepEqual(await topic.range(), [3, 5]);
  });

  it("is off where the policy says nothing, and is altered while running", async () => {
    await using topic = await OneTopic.create({ ...segments, "cleanup.policy": "", "retention.ms": "1" });
    await topic.produce(batchNow(topic));
    topic.clock.advance(RETENTION_CHECK_MS);
    assert.deepEqual(await topic.range(), [0, 1]);
    await topic.alter("cleanup.policy", "delete");
    topic.clock.advance(RETENTION_CHECK_MS);
    assert.deepEqual(await topic.range(), [1, 1]);
  });

  it("of the broker counts for topics that set none, and looks as often as log.retention.check.interval.ms says", async () => {
    const configs = { "log.retention.ms": "60000", "log.retention.check.interval.ms": "1000" };
    await using topic = await OneTopic.create(segments, configs);
    await topic.produce(batchNow(topic));
    topic.clock.advance(60_000);
    assert.deepEqual(await topic.range(), [0, 1]);
    topic.clock.advance(1_000);
    assert.deepEqual(await topic.range(), [1, 1]);
  });
});
