// From a topic's creation to its deletion, and over restarts: what is answered counts at once, and is found again.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { errorName } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import { listOffsetsApi } from "@ottla/protocol/messages/02-list-offsets.ts";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import { deleteTopicsApi } from "@ottla/protocol/messages/20-delete-topics.ts";
import { deleteRecordsApi } from "@ottla/protocol/messages/21-delete-records.ts";
import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import { offsetForLeaderEpochApi } from "@ottla/protocol/messages/23-offset-for-leader-epoch.ts";
import { describeConfigsApi } from "@ottla/protocol/messages/32-describe-configs.ts";
import { startBroker } from "@ottla/testkit";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { batchOf, valuesOf } from "./support/wire.ts";

const [EARLIEST, LATEST] = [-2, -1];
const TOPIC = 2;

describe("a topic", () => {
  for (const kept of ["in memory", "on disk"]) {
    it(`${kept} can be produced to and read as soon as CreateTopics answers`, async (context) => {
      const dataDir = kept === "on disk" ? { dataDir: temporaryFolder(context) } : {};
      await using broker = await startBroker(dataDir);
      const client = await WireClient.connect(broker.port);
      for (let count = 0; count < 20; count++) {
        const id = await createTopic(client, `t${count}`, 3);
        for (const index of [0, 1, 2]) {
          assert.equal(await produce(client, { name: `t${count}`, index }), "NONE 0", `topic ${count}`);
        }
        assert.equal(await read(client, 12, { name: `t${count}` }), "x");
        assert.equal(await read(client, 13, { id }), "x");
      }
      client.close();
    });
  }

  it("is gone for every request when DeleteTopics answers, and comes back empty with another id", async () => {
    await using broker = await startBroker({ overrides: { "auto.create.topics.enable": "false" } });
    const client = await WireClient.connect(broker.port);
    const old = await createTopic(client, "t", 1, { "max.message.bytes": "500" });
    assert.equal(await produce(client, { name: "t" }), "NONE 0");
    await deleteTopic(client, "t");
    assert.equal(await read(client, 12, { name: "t" }), "UNKNOWN_TOPIC_OR_PARTITION");
    assert.equal(await read(client, 13, { id: old }), "UNKNOWN_TOPIC_ID");
    assert.equal(await produce(client, { name: "t" }), "UNKNOWN_TOPIC_OR_PARTITION");
    assert.equal(await produce(client, { id: old }), "UNKNOWN_TOPIC_ID");
    assert.equal(await idOf(client, "t"), "UNKNOWN_TOPIC_OR_PARTITION");

    const id = await createTopic(client, "t", 1);
    assert.notEqual(id, old);
    assert.equal(await read(client, 12, { name: "t" }), "");
    assert.equal(await read(client, 13, { id: old }), "UNKNOWN_TOPIC_ID");
    assert.equal(await produce(client, { id: old }), "UNKNOWN_TOPIC_ID");
    const large = batchOf(["x".repeat(1000)]);
    assert.equal(await produce(client, { id, records: large }), "NONE 0", "nothing is left of the configs");
    client.close();
  });

  it("can be created and deleted many times under one name, on disk too", async (context) => {
    await using broker = await startBroker({ dataDir: temporaryFolder(context) });
    const client = await WireClient.connect(broker.port);
    const ids = new Set<string>();
    for (let count = 0; count < 10; count++) {
      ids.add(await createTopic(client, "again", 2));
      assert.equal(await produce(client, { name: "again" }), "NONE 0");
      await deleteTopic(client, "again");
    }
    assert.equal(ids.size, 10);
    client.close();
  });
});

describe("a restart", () => {
  it("finds topics, configs, records, log starts, producers and epochs as they were", async (context) => {
    const dataDir = temporaryFolder(context);
    // A producer whose last record is a day old is forgotten.
    const producer = { producerId: -1, producerEpoch: 0, timestamp: Date.now() };
    const before = await startBroker({ dataDir });
    let client = await WireClient.connect(before.port);
    const id = await createTopic(client, "kept", 2, { "retention.ms": "123456789" });
    await createTopic(client, "deleted", 1);
    await deleteTopic(client, "deleted");
    producer.producerId = await newProducerId(client);
    for (const baseSequence of [0, 1, 2]) {
      const records = batchOf([`v${baseSequence}`], { ...producer, baseSequence });
      assert.equal(await produce(client, { name: "kept", records }), `NONE ${baseSequence}`);
    }
    await cutBefore(client, "kept", 1);
    client.close();
    await before.close();

    await using broker = await startBroker({ dataDir });
    client = await WireClient.connect(broker.port);
    assert.equal(broker.node.clusterId, before.node.clusterId);
    assert.equal(await idOf(client, "kept"), id);
    assert.equal(await idOf(client, "deleted", false), "UNKNOWN_TOPIC_OR_PARTITION");
    assert.equal(await configOf(client, "kept", "retention.ms"), "123456789");
    assert.deepEqual(await range(client, "kept", 0), [1, 3]);
    assert.deepEqual(await range(client, "kept", 1), [0, 0]);
    assert.equal(await read(client, 13, { id, offset: 1 }), "v1 v2");
    const repeated = batchOf(["v2"], { ...producer, baseSequence: 2 });
    assert.equal(await produce(client, { name: "kept", records: repeated }), "NONE 2", "a repeat is known");
    const gap = batchOf(["v4"], { ...producer, baseSequence: 4 });
    assert.equal(await produce(client, { name: "kept", records: gap }), "OUT_OF_ORDER_SEQUENCE_NUMBER");
    const next = batchOf(["v3"], { ...producer, baseSequence: 3 });
    assert.equal(await produce(client, { name: "kept", records: next }), "NONE 3");
    assert.ok((await newProducerId(client)) > producer.producerId, "ids are not given twice");
    const epoch = broker.node.broker.replicas.get("kept", 0)!.leaderEpoch;
    assert.deepEqual(
      await endOfEpoch(client, "kept", 0),
      { leaderEpoch: 0, endOffset: 3 },
      "the first leader's records",
    );
    assert.deepEqual(await endOfEpoch(client, "kept", epoch), { leaderEpoch: epoch, endOffset: 4 });
    client.close();
  });

  it("tells the end of its own epoch before the first record of it", async (context) => {
    const dataDir = temporaryFolder(context);
    const before = await startBroker({ dataDir });
    const first = await WireClient.connect(before.port);
    await createTopic(first, "t", 1);
    assert.deepEqual(await endOfEpoch(first, "t", 0), { leaderEpoch: 0, endOffset: 0 });
    await produce(first, { name: "t" });
    first.close();
    await before.close();

    await using broker = await startBroker({ dataDir });
    const client = await WireClient.connect(broker.port);
    const epoch = broker.node.broker.replicas.get("t", 0)!.leaderEpoch;
    assert.ok(epoch > 0);
    assert.deepEqual(await endOfEpoch(client, "t", epoch), { leaderEpoch: epoch, endOffset: 1 });
    assert.deepEqual(await endOfEpoch(client, "t", epoch - 1), { leaderEpoch: 0, endOffset: 1 });
    client.close();
  });
});

/** Which topic: by name below version 13 of Produce and Fetch, by id from there on. */
interface Place {
  name?: string;
  id?: string;
  index?: number;
  offset?: number;
  records?: Buffer;
}

function temporaryFolder(context: { after(action: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), "ottla-topic-life-"));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Returns the new topic's id. */
async function createTopic(
  client: WireClient,
  name: string,
  numPartitions: number,
  configs: Readonly<Record<string, string>> = {},
): Promise<string> {
  const given = Object.entries(configs).map(([config, value]) => ({ name: config, value }));
  const topic = { name, numPartitions, replicationFactor: 1, assignments: [], configs: given };
  const response = await client.call(createTopicsApi, 7, { topics: [topic], timeoutMs: 1000, validateOnly: false });
  assert.equal(errorName(response.topics[0]!.errorCode), "NONE");
  return response.topics[0]!.topicId;
}

async function deleteTopic(client: WireClient, name: string): Promise<void> {
  const response = await client.call(deleteTopicsApi, 5, { topics: [], topicNames: [name], timeoutMs: 1000 });
  assert.equal(errorName(response.responses[0]!.errorCode), "NONE");
}

/** "NONE offset", or an error. */
async function produce(
  client: WireClient,
  { name = "", id = ZERO_UUID, index = 0, records = batchOf(["x"]) }: Place,
): Promise<string> {
  const topicData = [{ name, topicId: id, partitionData: [{ index, records }] }];
  const request = { transactionalId: null, acks: -1, timeoutMs: 1000, topicData };
  const { responses } = await client.call(produceApi, id === ZERO_UUID ? 12 : 13, request);
  const { errorCode, baseOffset } = responses[0]!.partitionResponses[0]!;
  return errorCode === 0 ? `NONE ${baseOffset}` : errorName(errorCode);
}

/** The values from `offset` on, or an error. */
async function read(
  client: WireClient,
  version: number,
  { name = "", id = ZERO_UUID, index = 0, offset = 0 }: Place,
): Promise<string> {
  const partitions = [{ partition: index, fetchOffset: offset, partitionMaxBytes: 100_000 }];
  const topics = [{ topic: name, topicId: id, partitions }];
  const response = await client.call(fetchApi, version, { maxWaitMs: 0, minBytes: 0, topics, forgottenTopicsData: [] });
  const { errorCode, records } = response.responses[0]!.partitions[0]!;
  return errorCode === 0 ? valuesOf(records!).join(" ") : errorName(errorCode);
}

/** The topic's id, or an error. */
async function idOf(client: WireClient, name: string, allowAutoTopicCreation = true): Promise<string> {
  const operations = { includeClusterAuthorizedOperations: false, includeTopicAuthorizedOperations: false };
  const topics = [{ name, topicId: ZERO_UUID }];
  const response = await client.call(metadataApi, 12, { topics, allowAutoTopicCreation, ...operations });
  const { errorCode, topicId } = response.topics[0]!;
  return errorCode === 0 ? topicId : errorName(errorCode);
}

async function configOf(client: WireClient, resourceName: string, config: string): Promise<string | null> {
  const resources = [{ resourceType: TOPIC, resourceName, configurationKeys: [config] }];
  return (await client.call(describeConfigsApi, 4, { resources })).results[0]!.configs[0]!.value;
}

async function range(client: WireClient, name: string, partitionIndex: number): Promise<[number, number]> {
  const offsetOf = async (timestamp: number): Promise<number> => {
    const topics = [{ name, partitions: [{ partitionIndex, timestamp }] }];
    const response = await client.call(listOffsetsApi, 7, { replicaId: -1, isolationLevel: 0, topics, timeoutMs: 0 });
    return response.topics[0]!.partitions[0]!.offset;
  };
  return [await offsetOf(EARLIEST), await offsetOf(LATEST)];
}

async function cutBefore(client: WireClient, name: string, offset: number): Promise<void> {
  const topics = [{ name, partitions: [{ partitionIndex: 0, offset }] }];
  const response = await client.call(deleteRecordsApi, 2, { topics, timeoutMs: 1000 });
  assert.equal(response.topics[0]!.partitions[0]!.lowWatermark, offset);
}

async function newProducerId(client: WireClient): Promise<number> {
  return (await client.call(initProducerIdApi, 4, { transactionalId: null, transactionTimeoutMs: 1000 })).producerId;
}

async function endOfEpoch(
  client: WireClient,
  topic: string,
  leaderEpoch: number,
): Promise<{ leaderEpoch: number; endOffset: number }> {
  const topics = [{ topic, partitions: [{ partition: 0, leaderEpoch }] }];
  const response = await client.call(offsetForLeaderEpochApi, 4, { replicaId: -1, topics });
  const answer = response.topics[0]!.partitions[0]!;
  assert.equal(errorName(answer.errorCode), "NONE");
  return { leaderEpoch: answer.leaderEpoch, endOffset: answer.endOffset };
}
