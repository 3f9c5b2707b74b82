// CreateTopics, DeleteTopics and CreatePartitions with the answers of Kafka 4.3, at every version of them. The rules of
// the controller have tables of their own in the metadata package; this is what arrives on the wire, and what counts afterwards.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { errorName } from "@ottla/protocol";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import { deleteTopicsApi } from "@ottla/protocol/messages/20-delete-topics.ts";
import { createPartitionsApi } from "@ottla/protocol/messages/37-create-partitions.ts";
import { versionsOf, Wire } from "./support/wire.ts";

const UNKNOWN_ID = "Zm9vYmFyYmF6cXV4MTIzNA";

interface NewTopic {
  partitions?: number;
  replicas?: number;
  assignments?: number[][];
  configs?: Record<string, string | null>;
}

const byHand = { partitions: -1, replicas: -1 };

const CREATED: [sentence: string, topic: NewTopic, error: string][] = [
  ["with two partitions", { partitions: 2 }, "NONE"],
  ["with the broker's defaults", byHand, "NONE"],
  ["with replicas named by hand", { ...byHand, assignments: [[1], [1]] }, "NONE"],
  ["with no partitions", { partitions: 0 }, "INVALID_PARTITIONS"],
  ["with no replicas", { replicas: 0 }, "INVALID_REPLICATION_FACTOR"],
  ["with more replicas than brokers", { replicas: 2 }, "INVALID_REPLICATION_FACTOR"],
  ["with more partitions than one request may make", { partitions: 20_000 }, "POLICY_VIOLATION"],
  ["with replicas by hand and their number too", { partitions: 1, assignments: [[1]] }, "INVALID_REQUEST"],
  ["on a broker that is not there", { ...byHand, assignments: [[7]] }, "INVALID_REPLICA_ASSIGNMENT"],
  ["twice on one broker", { ...byHand, assignments: [[1, 1]] }, "INVALID_REPLICA_ASSIGNMENT"],
  ["on no broker", { ...byHand, assignments: [[]] }, "INVALID_REPLICA_ASSIGNMENT"],
  ["with a config that does not exist", { configs: { "no.such": "1" } }, "INVALID_CONFIG"],
  ["with a config that is no number", { configs: { "retention.ms": "x" } }, "INVALID_CONFIG"],
  ["with a config that is out of bounds", { configs: { "min.insync.replicas": "0" } }, "INVALID_CONFIG"],
  ["with a config that is null", { configs: { "retention.ms": null } }, "INVALID_CONFIG"],
];

const NAMES: [name: string, error: string][] = [
  ["", "INVALID_TOPIC_EXCEPTION"],
  [".", "INVALID_TOPIC_EXCEPTION"],
  ["..", "INVALID_TOPIC_EXCEPTION"],
  ["a b", "INVALID_TOPIC_EXCEPTION"],
  ["a/b", "INVALID_TOPIC_EXCEPTION"],
  ["ä", "INVALID_TOPIC_EXCEPTION"],
  ["x".repeat(249), "NONE"],
  ["x".repeat(250), "INVALID_TOPIC_EXCEPTION"],
  ["__cluster_metadata", "INVALID_REQUEST"],
];

const GROWN: [sentence: string, topic: string, count: number, assignments: number[][] | null, error: string][] = [
  ["to as many as there are", "grown", 2, null, "INVALID_PARTITIONS"],
  ["to fewer", "grown", 1, null, "INVALID_PARTITIONS"],
  ["to none", "grown", 0, null, "INVALID_PARTITIONS"],
  ["of a topic that is not there", "nope", 3, null, "UNKNOWN_TOPIC_OR_PARTITION"],
  ["on a broker that is not there", "grown", 3, [[9]], "INVALID_REPLICA_ASSIGNMENT"],
  ["on one broker for two partitions", "grown", 4, [[1]], "INVALID_REPLICA_ASSIGNMENT"],
  ["on a broker named by hand", "grown", 3, [[1]], "NONE"],
  ["by one", "grown", 3, null, "NONE"],
];

describe("topics on the wire", () => {
  let wire: Wire;

  before(async () => {
    wire = await Wire.open();
    await wire.createTopics({ grown: 2, "dot.ted": 1 });
  });
  after(() => wire[Symbol.asyncDispose]());

  for (const [sentence, topic, error] of CREATED) {
    it(`creating a topic ${sentence} gives ${error}`, async () => {
      for (const version of versionsOf(createTopicsApi)) {
        const name = wire.name(`created-${CREATED.findIndex((row) => row[0] === sentence)}-${version}`);
        for (const validateOnly of [true, false]) {
          const [answer] = await create(version, [{ name, ...topic }], validateOnly);
          assert.equal(errorName(answer!.errorCode), error);
          assert.equal(answer!.errorMessage === null, error === "NONE");
          if (version >= 5 && error !== "NONE") assert.deepEqual([answer!.numPartitions, answer!.configs], [-1, []]);
          if (version === 7) assert.equal(answer!.topicId === ZERO_UUID, error !== "NONE");
        }
        if (error !== "NONE") continue;
        assert.equal(errorName((await create(version, [{ name, ...topic }]))[0]!.errorCode), "TOPIC_ALREADY_EXISTS");
      }
    });
  }

  for (const [name, error] of NAMES) {
    it(`creating a topic of the name "${name.slice(0, 20)}", ${name.length} long, gives ${error}`, async () => {
      for (const version of versionsOf(createTopicsApi)) {
        const [answer] = await create(version, [{ name }], true);
        assert.equal(errorName(answer!.errorCode), error);
      }
    });
  }

  it("creating a topic whose name differs from another's by dots and underscores only is refused", async () => {
    for (const name of ["dot_ted", "dot.ted"]) {
      const [answer] = await create(7, [{ name: wire.name(name) }], true);
      assert.equal(
        errorName(answer!.errorCode),
        name === "dot.ted" ? "TOPIC_ALREADY_EXISTS" : "INVALID_TOPIC_EXCEPTION",
      );
    }
  });

  it("creating a topic twice in one request is refused once, and others beside it are created", async () => {
    for (const version of versionsOf(createTopicsApi)) {
      const [twice, once] = [wire.name("twice"), wire.name("once")];
      const answers = await create(version, [{ name: twice }, { name: twice }, { name: once }], true);
      const errors = answers.map(({ name, errorCode }) => `${wire.plainName(name)} ${errorName(errorCode)}`);
      assert.deepEqual(errors.toSorted(), ["once NONE", "twice INVALID_REQUEST"]);
    }
  });

  it("a new topic's configs and their sources are told from version 5 on", async () => {
    for (const version of versionsOf(createTopicsApi, 5)) {
      const configs = { "retention.ms": "1000" };
      const [answer] = await create(version, [{ name: wire.name("told"), partitions: 4, configs }], true);
      assert.deepEqual([answer!.numPartitions, answer!.replicationFactor], [4, 1]);
      const told = new Map(answer!.configs!.map((config) => [config.name, [config.value, config.configSource]]));
      assert.deepEqual(told.get("retention.ms"), ["1000", 1]);
      assert.deepEqual(told.get("segment.bytes"), ["1073741824", 5]);
    }
  });

  it("deleting topics by name", async () => {
    for (const version of versionsOf(deleteTopicsApi)) {
      await wire.createTopics({ gone: 1, beside: 1 });
      const deleted = async (...topics: string[]): Promise<string[]> => {
        const names = topics.map((topic) => (topic === "" ? "" : wire.name(topic)));
        const response = await wire.call(deleteTopicsApi, version, {
          topics: version < 6 ? [] : names.map((name) => ({ name, topicId: ZERO_UUID })),
          topicNames: version < 6 ? names : [],
          timeoutMs: 10_000,
        });
        return response.responses
          .map(({ name, errorCode }) => `${wire.plainName(name)} ${errorName(errorCode)}`)
          .toSorted();
      };
      assert.deepEqual(await deleted("gone", "gone", "beside"), ["beside NONE", "gone INVALID_REQUEST"]);
      assert.deepEqual(await deleted("gone", "nope", ""), [
        " UNKNOWN_TOPIC_OR_PARTITION",
        "gone NONE",
        "nope UNKNOWN_TOPIC_OR_PARTITION",
      ]);
      assert.deepEqual(await deleted("gone"), ["gone UNKNOWN_TOPIC_OR_PARTITION"]);
    }
  });

  it("deleting topics by id", async () => {
    await wire.createTopics({ one: 1, two: 1 });
    const deleted = async (...topics: { name: string | null; topicId: string }[]): Promise<string[]> => {
      const response = await wire.call(deleteTopicsApi, 6, { topics, topicNames: [], timeoutMs: 10_000 });
      return response.responses
        .map(({ name, errorCode }) => `${wire.plainName(name)} ${errorName(errorCode)}`)
        .toSorted();
    };
    const [one, two] = [wire.id("one"), wire.id("two")];
    assert.deepEqual(await deleted({ name: null, topicId: UNKNOWN_ID }), ["null UNKNOWN_TOPIC_ID"]);
    assert.deepEqual(await deleted({ name: null, topicId: ZERO_UUID }), ["null INVALID_REQUEST"]);
    assert.deepEqual(await deleted({ name: wire.name("one"), topicId: one }), ["one INVALID_REQUEST"]);
    const both = [
      { name: null, topicId: one },
      { name: wire.name("one"), topicId: ZERO_UUID },
    ];
    assert.deepEqual(await deleted(...both), ["one INVALID_REQUEST"]);
    assert.deepEqual(await deleted({ name: null, topicId: one }, { name: null, topicId: two }), [
      "one NONE",
      "two NONE",
    ]);
    assert.deepEqual(await deleted({ name: null, topicId: one }), ["null UNKNOWN_TOPIC_ID"]);
  });

  for (const [sentence, topic, count, assignments, error] of GROWN) {
    it(`adding partitions ${sentence} gives ${error}`, async () => {
      for (const version of versionsOf(createPartitionsApi)) {
        const given = {
          name: wire.name(topic),
          count,
          assignments: assignments?.map((brokerIds) => ({ brokerIds })) ?? null,
        };
        const response = await wire.call(createPartitionsApi, version, {
          topics: [given],
          timeoutMs: 10_000,
          validateOnly: true,
        });
        assert.deepEqual(
          response.results.map(({ errorCode }) => errorName(errorCode)),
          [error],
        );
      }
    });
  }

  it("added partitions are there", async () => {
    for (const version of versionsOf(createPartitionsApi)) {
      const count = 3 + version;
      const topics = [{ name: wire.name("grown"), count, assignments: null }];
      const grown = await wire.call(createPartitionsApi, version, { topics, timeoutMs: 10_000, validateOnly: false });
      assert.equal(errorName(grown.results[0]!.errorCode), "NONE");
      for (let partitions = 0; partitions !== count;) {
        const wanted = { topics: [{ name: wire.name("grown"), topicId: ZERO_UUID }], allowAutoTopicCreation: false };
        const operations = { includeClusterAuthorizedOperations: false, includeTopicAuthorizedOperations: false };
        const response = await wire.call(metadataApi, 12, { ...wanted, ...operations });
        partitions = response.topics[0]!.partitions.length;
        if (process.env["REFERENCE_PORT"] === undefined) assert.equal(partitions, count, "at once");
      }
    }
  });

  async function create(version: number, topics: ({ name: string } & NewTopic)[], validateOnly = false) {
    const response = await wire.call(createTopicsApi, version, {
      topics: topics.map(({ name, partitions = 1, replicas = 1, assignments = [], configs = {} }) => ({
        name,
        numPartitions: partitions,
        replicationFactor: replicas,
        assignments: assignments.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
        configs: Object.entries(configs).map(([config, value]) => ({ name: config, value })),
      })),
      timeoutMs: 10_000,
      validateOnly,
    });
    return response.topics;
  }
});
