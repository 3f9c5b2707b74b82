// @platformatic/kafka, the fastest client of pure JavaScript: its producer with every compression, and its admin.
// Its consumer needs groups; records are read back through the protocol package.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import { Admin, Producer, stringSerializers } from "@platformatic/kafka";
import { readPartition } from "../../../tools/sim/wire-reads.ts";

const RECORDS = 200_000;
const BATCH = 5000;
const PARTITIONS = 4;
const TOPIC_RESOURCE = 2;
const SET = 0;

describe("@platformatic/kafka", () => {
  let broker: TestBroker;
  let admin: Admin;

  before(async () => {
    broker = await startBroker({ overrides: { "num.partitions": "4" } });
    admin = new Admin({ clientId: "test", bootstrapBrokers: [broker.bootstrap], retries: 0 });
  });
  after(async () => {
    await admin.close();
    await broker.close();
  });

  for (const compression of ["none", "gzip", "snappy", "lz4", "zstd"] as const) {
    it(`produces ${RECORDS} records with ${compression} that read back in order, keys and headers included`, async () => {
      const topic = `platformatic-${compression}`;
      await admin.createTopics({ topics: [topic], partitions: PARTITIONS, replicas: 1 });
      const producer = new Producer({
        clientId: "test",
        bootstrapBrokers: [broker.bootstrap],
        serializers: stringSerializers,
        compression,
        acks: -1,
      });
      for (let first = 0; first < RECORDS; first += BATCH) {
        const messages = Array.from({ length: BATCH }, (_, index) => {
          const number = first + index;
          return {
            topic,
            partition: number % PARTITIONS,
            key: `k${number % 100}`,
            value: `value ${number}`,
            headers: { compression },
          };
        });
        await producer.send({ messages });
      }
      await producer.close();
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const records = await readPartition(broker.port, topic, partition);
        assert.equal(records.length, RECORDS / PARTITIONS);
        const wrong = records.find(({ offset, key, value, headers }) => {
          const number = offset * PARTITIONS + partition;
          return key !== `k${number % 100}` || value !== `value ${number}` || headers["compression"] !== compression;
        });
        assert.equal(wrong, undefined);
      }
    });
  }

  it("creates, lists, grows and deletes topics", async () => {
    const [created] = await admin.createTopics({
      topics: ["made"],
      partitions: 2,
      replicas: 1,
      configs: [{ name: "retention.ms", value: "12345" }],
    });
    assert.deepEqual([created?.name, created?.partitions, created?.replicas], ["made", 2, 1]);
    await assert.rejects(admin.createTopics({ topics: ["made"], partitions: 1, replicas: 1 }));
    assert.ok((await admin.listTopics()).includes("made"));
    await admin.createPartitions({ topics: [{ name: "made", count: 3, assignments: null! }] });
    await assert.rejects(admin.createPartitions({ topics: [{ name: "made", count: 1, assignments: null! }] }));
    await admin.deleteTopics({ topics: ["made"] });
    assert.ok(!(await admin.listTopics()).includes("made"));
  });

  it("describes and alters configs", async () => {
    await admin.createTopics({ topics: ["tuned"], partitions: 1, replicas: 1 });
    await admin.incrementalAlterConfigs({
      resources: [
        {
          resourceType: TOPIC_RESOURCE,
          resourceName: "tuned",
          configs: [{ name: "segment.bytes", configOperation: SET, value: "2097152" }],
        },
      ],
    });
    const [described] = await admin.describeConfigs({
      resources: [{ resourceType: TOPIC_RESOURCE, resourceName: "tuned", configurationKeys: ["segment.bytes"] }],
    });
    assert.deepEqual(
      described?.configs.map(({ name, value }) => [name, value]),
      [["segment.bytes", "2097152"]],
    );
    await assert.rejects(
      admin.incrementalAlterConfigs({
        resources: [
          {
            resourceType: TOPIC_RESOURCE,
            resourceName: "tuned",
            configs: [{ name: "segment.bytes", configOperation: SET, value: "soon" }],
          },
        ],
      }),
    );
  });

  it("finds offsets by timestamp and sizes on disk", async () => {
    await admin.createTopics({ topics: ["timed"], partitions: 1, replicas: 1 });
    const producer = new Producer({
      clientId: "test",
      bootstrapBrokers: [broker.bootstrap],
      serializers: stringSerializers,
    });
    for (let number = 0; number < 10; number++) {
      await producer.send({
        messages: [{ topic: "timed", value: String(number), timestamp: BigInt(1_700_000_000_000 + number * 1000) }],
      });
    }
    await producer.close();
    const [found] = await admin.listOffsets({
      topics: [{ name: "timed", partitions: [{ partitionIndex: 0, timestamp: 1_700_000_003_500n }] }],
    });
    assert.equal(found?.partitions[0]?.offset, 4n);
    const [described] = await admin.describeLogDirs({ topics: [{ name: "timed", partitions: [0] }] });
    assert.ok(described!.results[0]!.topics[0]!.partitions[0]!.partitionSize > 0n);
  });

  it("produces idempotently, and each record is there once", async () => {
    await admin.createTopics({ topics: ["once"], partitions: 1, replicas: 1 });
    const producer = new Producer({
      clientId: "test",
      bootstrapBrokers: [broker.bootstrap],
      serializers: stringSerializers,
      idempotent: true,
      acks: -1,
    });
    for (let number = 0; number < 50; number++)
      await producer.send({ messages: [{ topic: "once", value: String(number) }] });
    await producer.close();
    const records = await readPartition(broker.port, "once", 0);
    assert.deepEqual(
      records.map(({ value }) => value),
      Array.from({ length: 50 }, (_, number) => String(number)),
    );
  });
});
