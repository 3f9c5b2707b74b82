// CreateTopics, CreatePartitions and DeleteTopics as tables: what is asked, what is recorded, what is answered.

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { ZERO_UUID } from "@ottla/base";
import { errorName } from "@ottla/protocol";
import type { CreateTopicsRequest } from "@ottla/protocol/messages/19-create-topics.ts";
import type { DeleteTopicsRequest } from "@ottla/protocol/messages/20-delete-topics.ts";
import type { CreatePartitionsRequest } from "@ottla/protocol/messages/37-create-partitions.ts";
import { decideCreatePartitions } from "../src/controller/decide-create-partitions.ts";
import { decideCreateTopics } from "../src/controller/decide-create-topics.ts";
import { decideDeleteTopics } from "../src/controller/decide-delete-topics.ts";
import type { MetadataImage } from "../src/image/metadata-image.ts";
import { broker, contextOf, directoryOf, extend, imageOf, lines, partition, topic, topicId } from "./image-fixtures.ts";

type AskedTopic = Partial<CreateTopicsRequest["topics"][number]> & { name: string };

const one = imageOf(broker(1));
const three = imageOf(broker(1), broker(2), broker(3));

function create(
  image: MetadataImage,
  topics: AskedTopic[],
  { validateOnly = false, properties = {} }: { validateOnly?: boolean; properties?: Record<string, string> } = {},
) {
  const complete = topics.map((asked) => ({
    numPartitions: -1,
    replicationFactor: -1,
    assignments: [],
    configs: [],
    ...asked,
  }));
  return decideCreateTopics({ topics: complete, timeoutMs: 1000, validateOnly }, contextOf(image, properties));
}

const assigned = (...replicas: number[][]) =>
  replicas.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds }));
const namesOf = ({ response }: { response: { topics: { name: string; errorCode: number }[] } }): string[] =>
  response.topics.map(({ name, errorCode }) => `${name} ${errorName(errorCode)}`);

describe("CreateTopics", () => {
  test("records the topic, its configs and its partitions, in this order", () => {
    const { records, response } = create(one, [
      { name: "t", numPartitions: 2, replicationFactor: 1, configs: [{ name: "retention.ms", value: "5" }] },
    ]);
    const id = response.topics[0]!.topicId;
    const common = `"topicId":"${id}","replicas":[1],"isr":[1],"leader":1,"leaderRecoveryState":0,"leaderEpoch":0,"partitionEpoch":0,"directories":["${directoryOf(1)}"]`;
    assert.deepEqual(lines(records), [
      `topic {"name":"t","topicId":"${id}"}`,
      'config {"resourceType":2,"resourceName":"t","name":"retention.ms","value":"5"}',
      `partition {"partitionId":0,${common}}`,
      `partition {"partitionId":1,${common}}`,
    ]);
    assert.deepEqual(
      records.map(({ kind, ...rest }) => [kind, "version" in rest ? rest.version : -1]),
      [
        ["topic", 0],
        ["config", 0],
        ["partition", 2],
        ["partition", 2],
      ],
    );
    const { configs, ...result } = response.topics[0]!;
    assert.deepEqual(result, {
      name: "t",
      topicId: id,
      errorCode: 0,
      errorMessage: null,
      topicConfigErrorCode: 0,
      numPartitions: 2,
      replicationFactor: 1,
    });
    assert.deepEqual(
      configs!.filter(({ configSource }) => configSource !== 5),
      [{ name: "retention.ms", value: "5", readOnly: false, configSource: 1, isSensitive: false }],
    );
  });

  test("takes the broker's numbers for -1", () => {
    const properties = { "num.partitions": "3", "default.replication.factor": "2" };
    const { response } = create(three, [{ name: "t" }], { properties });
    assert.deepEqual([response.topics[0]!.numPartitions, response.topics[0]!.replicationFactor], [3, 2]);
  });

  test("validates without recording", () => {
    const { records, response } = create(one, [{ name: "t" }], { validateOnly: true });
    assert.deepEqual(records, []);
    assert.equal(response.topics[0]!.errorCode, 0);
    assert.equal(response.topics[0]!.numPartitions, 1);
  });

  test("places by hand, with the fenced left out of the ISR", () => {
    const image = imageOf(broker(1, { fenced: true }), broker(2), broker(3));
    const { records, response } = create(image, [{ name: "t", assignments: assigned([1, 2], [3, 2]) }]);
    assert.deepEqual(namesOf({ response }), ["t NONE"]);
    const partitions = records.flatMap((record) => (record.kind === "partition" ? [record.value] : []));
    assert.deepEqual(
      partitions.map(({ replicas, isr, leader }) => [replicas, isr, leader]),
      [
        [[1, 2], [2], 2],
        [[3, 2], [3, 2], 3],
      ],
    );
  });

  test("writes older partition records at an older metadata.version", () => {
    const image = extend(three, {
      kind: "featureLevel",
      version: 0,
      value: { name: "metadata.version", featureLevel: 14 },
    });
    const { records } = create(image, [{ name: "t" }]);
    assert.deepEqual(
      records.map((record) => ("version" in record ? record.version : -1)),
      [0, 0],
    );
  });

  const refused: [sentence: string, image: MetadataImage, asked: AskedTopic, error: string, message: RegExp][] = [
    ["an empty name", one, { name: "" }, "INVALID_TOPIC_EXCEPTION", /must not be empty/],
    ["a dot", one, { name: "." }, "INVALID_TOPIC_EXCEPTION", /must not be '\.'/],
    ["two dots", one, { name: ".." }, "INVALID_TOPIC_EXCEPTION", /must not be '\.\.'/],
    ["250 characters", one, { name: "a".repeat(250) }, "INVALID_TOPIC_EXCEPTION", /250 characters, and 249/],
    ["a blank", one, { name: "a b" }, "INVALID_TOPIC_EXCEPTION", /ASCII letters/],
    ["an umlaut", one, { name: "ä" }, "INVALID_TOPIC_EXCEPTION", /ASCII letters/],
    ["a name in use", extend(one, topic(1, "t")), { name: "t" }, "TOPIC_ALREADY_EXISTS", /'t' already exists/],
    [
      "a collision of . and _",
      extend(one, topic(1, "a_b.c")),
      { name: "a.b_c" },
      "INVALID_TOPIC_EXCEPTION",
      /collides with existing topic: a_b\.c/,
    ],
    ["the cluster's own topic", one, { name: "__cluster_metadata" }, "INVALID_REQUEST", /cluster's own/],
    ["0 partitions", one, { name: "t", numPartitions: 0 }, "INVALID_PARTITIONS", /non-positive/],
    ["-2 partitions", one, { name: "t", numPartitions: -2 }, "INVALID_PARTITIONS", /non-positive/],
    ["0 replicas", one, { name: "t", replicationFactor: 0 }, "INVALID_REPLICATION_FACTOR", /larger than 0/],
    ["-2 replicas", one, { name: "t", replicationFactor: -2 }, "INVALID_REPLICATION_FACTOR", /larger than 0/],
    [
      "more replicas than brokers",
      three,
      { name: "t", replicationFactor: 4 },
      "INVALID_REPLICATION_FACTOR",
      /only 3 usable/,
    ],
    [
      "no broker that is let in",
      imageOf(broker(1, { fenced: true })),
      { name: "t" },
      "INVALID_REPLICATION_FACTOR",
      /fenced/,
    ],
    [
      "a broker that is about to stop",
      imageOf(broker(1, { inControlledShutdown: true })),
      { name: "t" },
      "INVALID_REPLICATION_FACTOR",
      /only 0 usable/,
    ],
    [
      "a broker whose folders are all cordoned",
      imageOf(broker(1, { cordonedLogDirs: [directoryOf(1)] })),
      { name: "t" },
      "INVALID_REPLICATION_FACTOR",
      /only 0 usable/,
    ],
    [
      "too many partitions",
      one,
      { name: "t", numPartitions: 10_001 },
      "POLICY_VIOLATION",
      /large number of partitions/,
    ],
    [
      "an unknown config",
      one,
      { name: "t", configs: [{ name: "retention.mms", value: "1" }] },
      "INVALID_CONFIG",
      /Unknown topic config name: retention\.mms/,
    ],
    [
      "a bad config",
      one,
      { name: "t", configs: [{ name: "retention.ms", value: "-5" }] },
      "INVALID_CONFIG",
      /retention\.ms: it must be at least -1/,
    ],
    [
      "a config without a value",
      one,
      { name: "t", configs: [{ name: "retention.ms", value: null }] },
      "INVALID_CONFIG",
      /Null value not supported for topic configs: retention\.ms/,
    ],
    [
      "compaction",
      one,
      { name: "t", configs: [{ name: "cleanup.policy", value: "compact" }] },
      "INVALID_CONFIG",
      /compaction is not there yet/,
    ],
    [
      "an assignment with a number of partitions",
      one,
      { name: "t", numPartitions: 1, assignments: assigned([1]) },
      "INVALID_REQUEST",
      /numPartitions must be -1/,
    ],
    [
      "an assignment with a replication factor",
      one,
      { name: "t", replicationFactor: 1, assignments: assigned([1]) },
      "INVALID_REQUEST",
      /replication factor must be -1/,
    ],
    [
      "an assignment to nobody",
      one,
      { name: "t", assignments: assigned([]) },
      "INVALID_REPLICA_ASSIGNMENT",
      /no replicas/,
    ],
    [
      "an assignment to a stranger",
      one,
      { name: "t", assignments: assigned([9]) },
      "INVALID_REPLICA_ASSIGNMENT",
      /broker 9, which is not registered/,
    ],
    [
      "an assignment to one broker twice",
      one,
      { name: "t", assignments: assigned([1, 1]) },
      "INVALID_REPLICA_ASSIGNMENT",
      /broker 1 more than once/,
    ],
    [
      "assignments of different lengths",
      three,
      { name: "t", assignments: assigned([1], [2, 3]) },
      "INVALID_REPLICA_ASSIGNMENT",
      /2 replica\(s\) where the others have 1/,
    ],
    [
      "an assignment with a gap",
      one,
      { name: "t", assignments: [{ partitionIndex: 1, brokerIds: [1] }] },
      "INVALID_REPLICA_ASSIGNMENT",
      /without a gap/,
    ],
    [
      "an assignment of a negative partition",
      one,
      { name: "t", assignments: [{ partitionIndex: -1, brokerIds: [1] }] },
      "INVALID_REPLICA_ASSIGNMENT",
      /without a gap/,
    ],
    [
      "an assignment of one partition twice",
      one,
      { name: "t", assignments: [...assigned([1]), ...assigned([1])] },
      "INVALID_REPLICA_ASSIGNMENT",
      /partition 0 more than once/,
    ],
    [
      "an assignment to fenced brokers only",
      imageOf(broker(1), broker(2, { fenced: true })),
      { name: "t", assignments: assigned([2]) },
      "INVALID_REPLICA_ASSIGNMENT",
      /partition 0 are fenced/,
    ],
  ];
  for (const [sentence, image, asked, error, message] of refused) {
    test(`refuses ${sentence}`, () => {
      const { records, response } = create(image, [asked]);
      assert.deepEqual(records, []);
      assert.equal(errorName(response.topics[0]!.errorCode), error);
      assert.match(response.topics[0]!.errorMessage!, message);
      const { numPartitions, replicationFactor, configs, topicId: id } = response.topics[0]!;
      assert.deepEqual([numPartitions, replicationFactor, configs, id], [-1, -1, [], ZERO_UUID]);
    });
  }

  test("a topic named twice is refused once, and the others go through", () => {
    const decision = create(one, [{ name: "a" }, { name: "b" }, { name: "a" }]);
    assert.deepEqual(namesOf(decision), ["a INVALID_REQUEST", "b NONE"]);
    assert.deepEqual(
      decision.records.map(({ kind }) => kind),
      ["topic", "partition"],
    );
  });

  test("topics of one request must not collide with each other", () => {
    assert.deepEqual(namesOf(create(one, [{ name: "a.b" }, { name: "a_b" }])), [
      "a.b NONE",
      "a_b INVALID_TOPIC_EXCEPTION",
    ]);
  });

  test("a name of 249 characters and every legal character is fine", () => {
    const name = `aZ09._-${"x".repeat(242)}`;
    assert.deepEqual(namesOf(create(one, [{ name }])), [`${name} NONE`]);
  });
});

describe("CreatePartitions", () => {
  const image = extend(three, topic(1, "t"), partition(1, 0, [1, 2]), partition(1, 1, [2, 3]));
  const add = (
    topics: (Partial<CreatePartitionsRequest["topics"][number]> & { count: number })[],
    validateOnly = false,
  ) =>
    decideCreatePartitions(
      { topics: topics.map((asked) => ({ name: "t", assignments: null, ...asked })), timeoutMs: 1000, validateOnly },
      contextOf(image),
    );
  const outcome = ({ response }: ReturnType<typeof add>): string[] =>
    response.results.map(({ name, errorCode }) => `${name} ${errorName(errorCode)}`);

  test("continues the numbering with the topic's replication factor", () => {
    const { records } = add([{ count: 4 }]);
    const partitions = records.flatMap((record) => (record.kind === "partition" ? [record.value] : []));
    assert.deepEqual(
      partitions.map(({ partitionId, replicas, topicId: id }) => [partitionId, replicas.length, id]),
      [
        [2, 2, topicId(1)],
        [3, 2, topicId(1)],
      ],
    );
  });

  test("follows an assignment", () => {
    const { records } = add([{ count: 3, assignments: [{ brokerIds: [3, 1] }] }]);
    const partitions = records.flatMap((record) => (record.kind === "partition" ? [record.value] : []));
    assert.deepEqual(
      partitions.map(({ replicas, leader }) => [replicas, leader]),
      [[[3, 1], 3]],
    );
  });

  test("validates without recording", () => {
    const decision = add([{ count: 4 }], true);
    assert.deepEqual([decision.records, outcome(decision)], [[], ["t NONE"]]);
  });

  const refused: [sentence: string, asked: Parameters<typeof add>[0][number], error: string][] = [
    ["an unknown topic", { name: "u", count: 3 }, "UNKNOWN_TOPIC_OR_PARTITION"],
    ["as many as there are", { count: 2 }, "INVALID_PARTITIONS"],
    ["fewer than there are", { count: 1 }, "INVALID_PARTITIONS"],
    ["a negative number", { count: -1 }, "INVALID_PARTITIONS"],
    ["too many at once", { count: 10_003 }, "POLICY_VIOLATION"],
    [
      "an assignment of the wrong length",
      { count: 4, assignments: [{ brokerIds: [1, 2] }] },
      "INVALID_REPLICA_ASSIGNMENT",
    ],
    [
      "an assignment with another replication factor",
      { count: 3, assignments: [{ brokerIds: [1] }] },
      "INVALID_REPLICA_ASSIGNMENT",
    ],
    ["an assignment to a stranger", { count: 3, assignments: [{ brokerIds: [1, 9] }] }, "INVALID_REPLICA_ASSIGNMENT"],
  ];
  for (const [sentence, asked, error] of refused) {
    test(`refuses ${sentence}`, () => {
      const decision = add([asked]);
      assert.deepEqual([decision.records, outcome(decision)], [[], [`${asked.name ?? "t"} ${error}`]]);
    });
  }

  test("a topic named twice is refused once", () => {
    assert.deepEqual(outcome(add([{ count: 3 }, { count: 4 }])), ["t INVALID_REQUEST"]);
  });
});

describe("DeleteTopics", () => {
  const image = extend(one, topic(1, "a"), partition(1, 0, [1]), topic(2, "b"), partition(2, 0, [1]));
  const remove = (request: Partial<DeleteTopicsRequest>, properties: Record<string, string> = {}) =>
    decideDeleteTopics({ topics: [], topicNames: [], timeoutMs: 1000, ...request }, contextOf(image, properties));
  const byName = (name: string) => ({ name, topicId: ZERO_UUID });
  const byId = (number: number) => ({ name: null, topicId: topicId(number) });

  const table: [sentence: string, request: Partial<DeleteTopicsRequest>, removed: number[], answers: string[]][] = [
    ["by name", { topics: [byName("a")] }, [1], [`a ${topicId(1)} NONE`]],
    [
      "by the names of older versions",
      { topicNames: ["a", "b"] },
      [1, 2],
      [`a ${topicId(1)} NONE`, `b ${topicId(2)} NONE`],
    ],
    ["by id", { topics: [byId(2)] }, [2], [`b ${topicId(2)} NONE`]],
    ["an unknown name", { topics: [byName("c")] }, [], [`c ${ZERO_UUID} UNKNOWN_TOPIC_OR_PARTITION`]],
    ["an unknown id", { topics: [byId(3)] }, [], [`null ${topicId(3)} UNKNOWN_TOPIC_ID`]],
    ["a name twice", { topics: [byName("a"), byName("a")] }, [], [`a ${ZERO_UUID} INVALID_REQUEST`]],
    ["an id twice", { topics: [byId(1), byId(1)] }, [], [`null ${topicId(1)} INVALID_REQUEST`]],
    ["a topic by name and by id", { topics: [byId(1), byName("a")] }, [], [`a ${topicId(1)} INVALID_REQUEST`]],
    ["name and id in one", { topics: [{ name: "a", topicId: topicId(1) }] }, [], [`a ${topicId(1)} INVALID_REQUEST`]],
    [
      "neither name nor id",
      { topics: [{ name: null, topicId: ZERO_UUID }] },
      [],
      [`null ${ZERO_UUID} INVALID_REQUEST`],
    ],
    [
      "one that is there and one that is not",
      { topics: [byName("c"), byName("b")] },
      [2],
      [`c ${ZERO_UUID} UNKNOWN_TOPIC_OR_PARTITION`, `b ${topicId(2)} NONE`],
    ],
  ];
  for (const [sentence, request, removed, answers] of table) {
    test(sentence, () => {
      const { records, response } = remove(request);
      assert.deepEqual(
        lines(records),
        removed.map((number) => `removeTopic {"topicId":"${topicId(number)}"}`),
      );
      assert.deepEqual(
        response.responses.map((each) => `${each.name} ${each.topicId} ${errorName(each.errorCode)}`),
        answers,
      );
    });
  }

  test("nothing is deleted where deletion is disabled", () => {
    const { records, response } = remove({ topics: [byName("a"), byId(3)] }, { "delete.topic.enable": "false" });
    assert.deepEqual(records, []);
    assert.deepEqual(
      response.responses.map(({ errorCode }) => errorName(errorCode)),
      ["TOPIC_DELETION_DISABLED", "TOPIC_DELETION_DISABLED"],
    );
  });
});
