// Metadata, DescribeTopicPartitions and DescribeCluster with the answers of Kafka 4.3, at every version of them.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { errorName } from "@ottla/protocol";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import type { MetadataResponse } from "@ottla/protocol/messages/03-metadata.ts";
import { describeClusterApi } from "@ottla/protocol/messages/60-describe-cluster.ts";
import { describeTopicPartitionsApi } from "@ottla/protocol/messages/75-describe-topic-partitions.ts";
import { versionsOf, Wire } from "./support/wire.ts";

const UNKNOWN_ID = "Zm9vYmFyYmF6cXV4MTIzNA";
const NOT_ASKED = -0x8000_0000;
const ALL_OF_A_TOPIC = 3576;
const ALL_OF_A_CLUSTER = 8096;
const IDS_SINCE = 12;

interface Options {
  allowAutoTopicCreation?: boolean;
  includeTopicAuthorizedOperations?: boolean;
}

// What is asked by name, and the answers by rising name: "name partitions" or "name error". "!" takes a name as it stands.
const NAMED: [sentence: string, names: string[], answers: string[]][] = [
  ["one topic", ["a"], ["a 3"]],
  ["two topics", ["b", "a"], ["a 3", "b 1"]],
  ["a topic twice, once", ["a", "a"], ["a 3"]],
  ["one that is there and one that is not", ["a", "nope"], ["a 3", "nope UNKNOWN_TOPIC_OR_PARTITION"]],
  ["a name that no topic can have", ["!a b"], ["a b INVALID_TOPIC_EXCEPTION"]],
  ["an empty name", ["!"], [" INVALID_TOPIC_EXCEPTION"]],
  ["a name of 250 characters", [`!${"x".repeat(250)}`], [`${"x".repeat(250)} INVALID_TOPIC_EXCEPTION`]],
  ["no topics", [], []],
];

const PAGES: [sentence: string, names: string[], limit: number, cursor: [string, number] | null, answer: string][] = [
  ["all in order of name", ["b", "a"], 2000, null, "a 0 1 2, b 0"],
  ["a topic twice, once", ["a", "a"], 2000, null, "a 0 1 2"],
  ["two partitions at most", ["a", "b"], 2, null, "a 0 1, next a 2"],
  ["three at most, which is the whole first topic", ["a", "b"], 3, null, "a 0 1 2, next b 0"],
  ["a limit of 0, which is 1", ["a", "b"], 0, null, "a 0, next a 1"],
  ["the page that a cursor names", ["a", "b"], 2000, ["a", 1], "a 1 2, b 0"],
  ["a cursor behind the last partition", ["a", "b"], 2000, ["a", 3], "a, b 0"],
  ["a cursor at a topic that is not asked for", ["b"], 2000, ["a", 0], "b INVALID_REQUEST"],
  ["a cursor at a negative partition", ["a", "b"], 2000, ["a", -1], "a INVALID_REQUEST, b INVALID_REQUEST"],
  ["a topic that is not there", ["nope"], 2000, null, "nope UNKNOWN_TOPIC_OR_PARTITION"],
];

describe("Metadata", () => {
  let wire: Wire;

  before(async () => {
    wire = await Wire.open();
    await wire.createTopics({ a: 3, b: 1 });
  });
  after(() => wire[Symbol.asyncDispose]());

  for (const [sentence, names, answers] of NAMED) {
    it(`answers ${sentence}`, async () => {
      // Below version 4 a client cannot say that nothing is to be created; version 0 takes no names for all.
      for (const version of versionsOf(metadataApi, 4)) {
        const response = await ask(
          version,
          names.map((name) => ({ name: nameOf(name), topicId: ZERO_UUID })),
        );
        assert.deepEqual(described(response), answers, `version ${version}`);
      }
    });
  }

  it("answers all topics to null, and to an empty list of version 0", async () => {
    for (const version of versionsOf(metadataApi)) {
      const response = await ask(version, version === 0 ? [] : null);
      const known = described(response).filter((answer) => answer === "a 3" || answer === "b 1");
      assert.deepEqual(known, ["a 3", "b 1"], `version ${version}`);
    }
  });

  it("says where the brokers are, who controls, and how each partition stands", async () => {
    for (const version of versionsOf(metadataApi, 4)) {
      const response = await ask(version, [{ name: wire.name("b"), topicId: ZERO_UUID }]);
      assert.deepEqual(response.brokers, [{ nodeId: 1, host: "127.0.0.1", port: wire.port, rack: null }]);
      assert.equal(response.controllerId, 1);
      assert.equal(response.topics[0]!.topicId, version < 10 ? ZERO_UUID : wire.id("b"));
      assert.deepEqual(response.topics[0]!.partitions, [
        {
          errorCode: 0,
          partitionIndex: 0,
          leaderId: 1,
          leaderEpoch: version < 7 ? -1 : 0,
          replicaNodes: [1],
          isrNodes: [1],
          offlineReplicas: [],
        },
      ]);
    }
  });

  it("answers ids from version 12 on, and names beside ids not at all", async () => {
    for (const version of versionsOf(metadataApi, IDS_SINCE)) {
      const [a, b] = [wire.id("a"), wire.id("b")];
      const asked = [a, a, UNKNOWN_ID].map((topicId) => ({ name: null, topicId }));
      const response = await ask(version, asked);
      assert.deepEqual(described(response), ["a 3", "null UNKNOWN_TOPIC_ID"]);
      const mixed = await ask(version, [
        { name: null, topicId: b },
        { name: wire.name("a"), topicId: ZERO_UUID },
      ]);
      assert.deepEqual(described(mixed), ["b 1"]);
    }
  });

  it("refuses ids and null names in versions 10 and 11 as a whole", async () => {
    for (const version of [10, 11]) {
      const byId = { name: wire.name("a"), topicId: wire.id("a") };
      const response = await ask(version, [byId, { name: null, topicId: ZERO_UUID }]);
      assert.deepEqual(described(response), [" INVALID_REQUEST", "a INVALID_REQUEST"]);
      assert.deepEqual([response.brokers, response.controllerId, response.clusterId], [[], -1, null]);
    }
  });

  it("tells what the client may do with topics that it names, there or not, if it asks", async () => {
    for (const version of versionsOf(metadataApi, 8)) {
      const wanted = ["a", "nope"].map((topic) => ({ name: wire.name(topic), topicId: ZERO_UUID }));
      const operations = async (includeTopicAuthorizedOperations: boolean): Promise<number[]> =>
        (await ask(version, wanted, { includeTopicAuthorizedOperations })).topics.map(
          (topic) => topic.topicAuthorizedOperations,
        );
      assert.deepEqual(await operations(true), [ALL_OF_A_TOPIC, ALL_OF_A_TOPIC]);
      assert.deepEqual(await operations(false), [NOT_ASKED, NOT_ASKED]);
    }
  });

  it(
    "creates what is not there where the client allows it",
    { skip: process.env["REFERENCE_PORT"] !== undefined },
    async () => {
      for (const version of versionsOf(metadataApi, 1)) {
        const wanted = [{ name: `made-${version}`, topicId: ZERO_UUID }];
        assert.deepEqual(described(await ask(version, wanted, { allowAutoTopicCreation: true })), [
          `made-${version} 1`,
        ]);
      }
    },
  );

  for (const [sentence, names, limit, cursor, answer] of PAGES) {
    it(`answers DescribeTopicPartitions with ${sentence}`, async () => {
      const response = await wire.call(describeTopicPartitionsApi, 0, {
        topics: names.map((name) => ({ name: wire.name(name) })),
        responsePartitionLimit: limit,
        cursor: cursor === null ? null : { topicName: wire.name(cursor[0]), partitionIndex: cursor[1] },
      });
      const parts = response.topics
        .toSorted((left, right) => (left.name! < right.name! ? -1 : 1))
        .map(({ name, errorCode, partitions }) =>
          [
            wire.plainName(name),
            ...(errorCode === 0 ? partitions.map((each) => each.partitionIndex) : [errorName(errorCode)]),
          ].join(" "),
        );
      const { nextCursor } = response;
      if (nextCursor !== null) parts.push(`next ${wire.plainName(nextCursor.topicName)} ${nextCursor.partitionIndex}`);
      assert.equal(parts.join(", "), answer);
    });
  }

  for (const [endpointType, error] of [
    [1, "NONE"],
    [2, "MISMATCHED_ENDPOINT_TYPE"],
    [3, "UNSUPPORTED_ENDPOINT_TYPE"],
    [-1, "UNSUPPORTED_ENDPOINT_TYPE"],
  ] as const) {
    it(`answers DescribeCluster of endpoint type ${endpointType} with ${error}`, async () => {
      for (const version of versionsOf(describeClusterApi, endpointType === 1 ? 0 : 1)) {
        const given = { includeClusterAuthorizedOperations: true, includeFencedBrokers: false, endpointType };
        const response = await wire.call(describeClusterApi, version, given);
        assert.equal(errorName(response.errorCode), error);
        const isFine = error === "NONE";
        assert.equal(response.controllerId, isFine ? 1 : -1);
        assert.equal(response.brokers.length, isFine ? 1 : 0);
        assert.equal(response.clusterAuthorizedOperations, isFine ? ALL_OF_A_CLUSTER : NOT_ASKED);
      }
    });
  }

  function nameOf(name: string): string {
    return name.startsWith("!") ? name.slice(1) : wire.name(name);
  }

  function ask(
    version: number,
    topics: { name: string | null; topicId: string }[] | null,
    { allowAutoTopicCreation = version < 4, includeTopicAuthorizedOperations = false }: Options = {},
  ): Promise<MetadataResponse> {
    return wire.call(metadataApi, version, {
      topics,
      allowAutoTopicCreation: allowAutoTopicCreation || version < 4,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations,
    });
  }

  function described({ topics }: MetadataResponse): string[] {
    return topics
      .map(
        ({ name, errorCode, partitions }) =>
          `${wire.plainName(name)} ${errorCode === 0 ? partitions.length : errorName(errorCode)}`,
      )
      .toSorted();
  }
});
