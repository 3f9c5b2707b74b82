// kafkajs, the client that most Node services have: its producer with every compression, and its admin.
// Its consumer needs groups; records are read back through the protocol package.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import kafkajs from "kafkajs";
import type { Admin } from "kafkajs";
import { readPartition } from "../../../tools/sim/wire-reads.ts";
import { registerCodecs } from "./support/kafkajs-codecs.ts";

const { CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = kafkajs;
const RECORDS = 200_000;
const BATCH = 5000;
const PARTITIONS = 4;

describe("kafkajs", () => {
  let broker: TestBroker;
  let admin: Admin;
  let kafka: kafkajs.Kafka;

  before(async () => {
    registerCodecs();
    broker = await startBroker({ overrides: { "num.partitions": "4" } });
    kafka = new Kafka({ brokers: [broker.bootstrap], clientId: "test", logLevel: logLevel.ERROR });
    admin = kafka.admin();
    await admin.connect();
  });
  after(async () => {
    await admin.disconnect();
    await broker.close();
  });

  for (const [codec, type] of [
    ["none", CompressionTypes.None],
    ["gzip", CompressionTypes.GZIP],
    ["snappy", CompressionTypes.Snappy],
    ["lz4", CompressionTypes.LZ4],
    ["zstd", CompressionTypes.ZSTD],
  ] as const) {
    it(`produces ${RECORDS} records with ${codec} that read back in order, keys and headers included`, async () => {
      const topic = `kafkajs-${codec}`;
      const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
      await producer.connect();
      for (let first = 0; first < RECORDS; first += BATCH) {
        const messages = Array.from({ length: BATCH }, (_, index) => {
          const number = first + index;
          return {
            partition: number % PARTITIONS,
            key: `k${number % 100}`,
            value: `value ${number}`,
            headers: { codec },
          };
        });
        await producer.send({ topic, compression: type, acks: -1, messages });
      }
      await producer.disconnect();
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const records = await readPartition(broker.port, topic, partition);
        assert.equal(records.length, RECORDS / PARTITIONS);
        const wrong = records.find(({ offset, key, value, headers }) => {
          const number = offset * PARTITIONS + partition;
          return key !== `k${number % 100}` || value !== `value ${number}` || headers["codec"] !== codec;
        });
        assert.equal(wrong, undefined);
      }
    });
  }

  it("creates, lists, describes, grows and deletes topics", async () => {
    assert.equal(
      await admin.createTopics({
        topics: [{ topic: "made", numPartitions: 2, configEntries: [{ name: "retention.ms", value: "12345" }] }],
      }),
      true,
    );
    assert.equal(await admin.createTopics({ topics: [{ topic: "made" }] }), false, "a topic that exists");
    assert.ok((await admin.listTopics()).includes("made"));
    await admin.createPartitions({ topicPartitions: [{ topic: "made", count: 3 }] });
    const metadata = await admin.fetchTopicMetadata({ topics: ["made"] });
    assert.equal(metadata.topics[0]?.partitions.length, 3);
    await assert.rejects(admin.createPartitions({ topicPartitions: [{ topic: "made", count: 2 }] }));
    await admin.deleteTopics({ topics: ["made"] });
    assert.ok(!(await admin.listTopics()).includes("made"));
  });

  it("describes and alters configs", async () => {
    await admin.createTopics({ topics: [{ topic: "tuned" }] });
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: ConfigResourceTypes.TOPIC,
          name: "tuned",
          configEntries: [{ name: "max.message.bytes", value: "2048" }],
        },
      ],
    });
    const described = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: "tuned", configNames: ["max.message.bytes"] }],
    });
    assert.deepEqual(
      described.resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]),
      [["max.message.bytes", "2048"]],
    );
    const producer = kafka.producer({
      retry: { retries: 0 },
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    await assert.rejects(
      producer.send({ topic: "tuned", messages: [{ value: "x".repeat(4096) }] }),
      /larger than|too large/i,
    );
    await producer.disconnect();
  });

  it("finds offsets by timestamp and after deleted records", async () => {
    const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    await admin.createTopics({ topics: [{ topic: "timed", numPartitions: 1 }] });
    for (let number = 0; number < 10; number++) {
      await producer.send({
        topic: "timed",
        messages: [{ value: String(number), timestamp: String(1_700_000_000_000 + number * 1000) }],
      });
    }
    await producer.disconnect();
    assert.deepEqual(await admin.fetchTopicOffsetsByTimestamp("timed", 1_700_000_003_500), [
      { partition: 0, offset: "4" },
    ]);
    await admin.deleteTopicRecords({ topic: "timed", partitions: [{ partition: 0, offset: "6" }] });
    const [offsets] = await admin.fetchTopicOffsets("timed");
    assert.deepEqual([offsets?.low, offsets?.high], ["6", "10"]);
  });

  it("describes the cluster at the address that it used", async () => {
    const cluster = await admin.describeCluster();
    assert.deepEqual(
      cluster.brokers.map(({ host, port }) => `${host}:${port}`),
      [broker.bootstrap],
    );
    assert.equal(cluster.clusterId, broker.node.clusterId);
  });

  it("produces idempotently, and each record is there once", async () => {
    const producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    await admin.createTopics({ topics: [{ topic: "once", numPartitions: 1 }] });
    for (let number = 0; number < 50; number++)
      await producer.send({ topic: "once", acks: -1, messages: [{ value: String(number) }] });
    await producer.disconnect();
    const records = await readPartition(broker.port, "once", 0);
    assert.deepEqual(
      records.map(({ value }) => value),
      Array.from({ length: 50 }, (_, number) => String(number)),
    );
  });
});
