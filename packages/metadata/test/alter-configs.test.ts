// IncrementalAlterConfigs and AlterConfigs as tables: the configs before, what is asked, what is recorded or refused.

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { errorName } from "@ottla/protocol";
import { decideAlterConfigs, decideIncrementalAlterConfigs } from "../src/controller/decide-alter-configs.ts";
import { makeRecord } from "../src/records/metadata-record.ts";
import { broker, config, contextOf, extend, imageOf, lines, partition, topic } from "./image-fixtures.ts";

const TOPIC = 2;
const BROKER = 4;
const GROUP = 32;
const [SET, DELETE, APPEND, SUBTRACT] = [0, 1, 2, 3];

const image = imageOf(
  broker(1),
  topic(1, "t"),
  partition(1, 0, [1]),
  config(TOPIC, "t", "retention.ms", "5"),
  config(TOPIC, "t", "delete.retention.ms", "1"),
  config(BROKER, "", "min.insync.replicas", "1"),
  config(BROKER, "1", "message.max.bytes", "7"),
);
/** As a cluster of Kafka before 4.1 has it. */
const withoutElr = extend(
  image,
  makeRecord("featureLevel", { name: "eligible.leader.replicas.version", featureLevel: 0 }),
);

type Operation = [name: string, operation: number, value: string | null];

function alter(type: number, name: string, operations: Operation[], given = image) {
  const configs = operations.map(([key, configOperation, value]) => ({ name: key, configOperation, value }));
  const resources = [{ resourceType: type, resourceName: name, configs }];
  return decideIncrementalAlterConfigs({ resources, validateOnly: false }, contextOf(given));
}

/** Configs as `name=value`, a deletion as `name`; the resource first. */
function recorded(records: ReturnType<typeof alter>["records"]): string[] {
  return records.map((record) => {
    if (record.kind !== "config") return lines([record])[0]!;
    const { resourceType, resourceName, name, value } = record.value;
    return `${resourceType}:${resourceName} ${name}${value === null ? "" : `=${value}`}`;
  });
}

describe("IncrementalAlterConfigs", () => {
  const done: [sentence: string, type: number, name: string, operations: Operation[], expected: string[]][] = [
    ["sets", TOPIC, "t", [["segment.ms", SET, "9"]], ["2:t segment.ms=9"]],
    ["replaces", TOPIC, "t", [["retention.ms", SET, "6"]], ["2:t retention.ms=6"]],
    ["records nothing when a topic's value stays", TOPIC, "t", [["retention.ms", SET, "5"]], []],
    [
      "records a broker's value that stays, for files to be read again",
      BROKER,
      "1",
      [["message.max.bytes", SET, "7"]],
      ["4:1 message.max.bytes=7"],
    ],
    ["deletes", TOPIC, "t", [["retention.ms", DELETE, null]], ["2:t retention.ms"]],
    [
      "sets a group's config, also of one that is not there",
      GROUP,
      "g",
      [["consumer.session.timeout.ms", SET, "50000"]],
      ["32:g consumer.session.timeout.ms=50000"],
    ],
    ["records nothing when there is nothing to delete", TOPIC, "t", [["segment.ms", DELETE, null]], []],
    [
      "deletes a config of another Kafka that is not known here",
      TOPIC,
      "t",
      [["delete.retention.ms", DELETE, null]],
      ["2:t delete.retention.ms"],
    ],
    [
      "appends what is there already to nothing new",
      TOPIC,
      "t",
      [["cleanup.policy", APPEND, "delete"]],
      ["2:t cleanup.policy=delete"],
    ],
    ["subtracts from the default", TOPIC, "t", [["cleanup.policy", SUBTRACT, "delete"]], ["2:t cleanup.policy="]],
    [
      "does several things at once",
      TOPIC,
      "t",
      [
        ["retention.ms", DELETE, null],
        ["segment.ms", SET, "9"],
      ],
      ["2:t retention.ms", "2:t segment.ms=9"],
    ],
    ["alters all brokers", BROKER, "", [["log.retention.ms", SET, "8"]], ["4: log.retention.ms=8"]],
    ["alters one broker", BROKER, "1", [["log.retention.ms", SET, "8"]], ["4:1 log.retention.ms=8"]],
    [
      "voids the eligible leaders of a topic with its min.insync.replicas",
      TOPIC,
      "t",
      [["min.insync.replicas", SET, "2"]],
      ["2:t min.insync.replicas=2", 'clearElr {"topicName":"t"}'],
    ],
    [
      "voids all eligible leaders with the cluster's min.insync.replicas",
      BROKER,
      "",
      [["min.insync.replicas", SET, "2"]],
      ["4: min.insync.replicas=2", 'clearElr {"topicName":""}'],
    ],
  ];
  for (const [sentence, type, name, operations, expected] of done) {
    test(sentence, () => {
      const { records, response } = alter(type, name, operations);
      assert.deepEqual(recorded(records), expected);
      assert.deepEqual(response.responses, [
        { errorCode: 0, errorMessage: null, resourceType: type, resourceName: name },
      ]);
    });
  }

  const refused: [sentence: string, type: number, name: string, operations: Operation[], error: string][] = [
    ["an unknown topic", TOPIC, "u", [["retention.ms", SET, "6"]], "UNKNOWN_TOPIC_OR_PARTITION"],
    ["a bad config of an unknown topic for the config", TOPIC, "u", [["retention.ms", SET, "x"]], "INVALID_CONFIG"],
    ["a name that no topic has", TOPIC, "a b", [["retention.ms", SET, "6"]], "INVALID_TOPIC_EXCEPTION"],
    ["all topics at once", TOPIC, "", [["retention.ms", SET, "6"]], "INVALID_REQUEST"],
    ["an unknown topic config", TOPIC, "t", [["foo", SET, "6"]], "INVALID_CONFIG"],
    ["a config that has no effect here", TOPIC, "t", [["delete.retention.ms", SET, "6"]], "INVALID_CONFIG"],
    ["a value out of bounds", TOPIC, "t", [["retention.ms", SET, "-2"]], "INVALID_CONFIG"],
    ["compaction", TOPIC, "t", [["cleanup.policy", SET, "compact"]], "INVALID_CONFIG"],
    ["compaction by appending", TOPIC, "t", [["cleanup.policy", APPEND, "compact"]], "INVALID_CONFIG"],
    ["a value of 32768 characters", TOPIC, "t", [["cleanup.policy", SET, "x".repeat(32_768)]], "INVALID_CONFIG"],
    ["appending to a number", TOPIC, "t", [["retention.ms", APPEND, "6"]], "INVALID_CONFIG"],
    ["subtracting from a number", TOPIC, "t", [["retention.ms", SUBTRACT, "6"]], "INVALID_CONFIG"],
    ["an operation that nobody knows", TOPIC, "t", [["retention.ms", 9, "6"]], "INVALID_REQUEST"],
    ["all groups at once", GROUP, "", [["consumer.session.timeout.ms", SET, "50000"]], "INVALID_REQUEST"],
    ["an unknown group config", GROUP, "g", [["retention.ms", SET, "6"]], "INVALID_CONFIG"],
    [
      "a group's session below the broker's bound",
      GROUP,
      "g",
      [["consumer.session.timeout.ms", SET, "44999"]],
      "INVALID_CONFIG",
    ],
    [
      "a group's interval above the broker's bound",
      GROUP,
      "g",
      [["consumer.heartbeat.interval.ms", SET, "15001"]],
      "INVALID_CONFIG",
    ],
    ["setting to nothing", TOPIC, "t", [["retention.ms", SET, null]], "INVALID_REQUEST"],
    [
      "one config twice",
      TOPIC,
      "t",
      [
        ["retention.ms", SET, "6"],
        ["retention.ms", DELETE, null],
      ],
      "INVALID_REQUEST",
    ],
    [
      "one good and one bad config as a whole",
      TOPIC,
      "t",
      [
        ["segment.ms", SET, "6"],
        ["retention.ms", SET, "x"],
      ],
      "INVALID_CONFIG",
    ],
    ["an unknown broker", BROKER, "2", [["log.retention.ms", SET, "6"]], "INVALID_REQUEST"],
    ["a broker whose name is no number", BROKER, "one", [["log.retention.ms", SET, "6"]], "INVALID_REQUEST"],
    ["a config that needs a restart", BROKER, "1", [["num.partitions", SET, "6"]], "INVALID_REQUEST"],
    ["a bad value of a broker", BROKER, "1", [["log.retention.ms", SET, "x"]], "INVALID_REQUEST"],
    ["an unknown broker config", BROKER, "1", [["foo.bar", SET, "6"]], "INVALID_CONFIG"],
    [
      "min.insync.replicas of one broker while ELRs are kept",
      BROKER,
      "1",
      [["min.insync.replicas", SET, "2"]],
      "INVALID_CONFIG",
    ],
    [
      "removing the cluster's min.insync.replicas while ELRs are kept",
      BROKER,
      "",
      [["min.insync.replicas", DELETE, null]],
      "INVALID_CONFIG",
    ],
    ["log levels", 8, "1", [["root", SET, "DEBUG"]], "INVALID_REQUEST"],
    ["client metrics", 16, "x", [["interval.ms", SET, "6"]], "INVALID_REQUEST"],
    ["configs of share groups", GROUP, "g", [["share.auto.offset.reset", SET, "earliest"]], "INVALID_CONFIG"],
    ["a resource type that nobody knows", 77, "x", [["a", SET, "6"]], "INVALID_REQUEST"],
  ];
  for (const [sentence, type, name, operations, error] of refused) {
    test(`refuses ${sentence}`, () => {
      const { records, response } = alter(type, name, operations);
      assert.deepEqual(recorded(records), []);
      assert.equal(errorName(response.responses[0]!.errorCode), error);
      assert.equal(typeof response.responses[0]!.errorMessage, "string");
    });
  }

  test("without ELRs a broker may have a min.insync.replicas of its own, and nothing is voided", () => {
    assert.deepEqual(recorded(alter(BROKER, "1", [["min.insync.replicas", SET, "2"]], withoutElr).records), [
      "4:1 min.insync.replicas=2",
    ]);
    assert.deepEqual(recorded(alter(BROKER, "", [["min.insync.replicas", DELETE, null]], withoutElr).records), [
      "4: min.insync.replicas",
    ]);
  });

  test("a resource that is there twice is refused twice, and the others go through", () => {
    const resource = (resourceName: string, resourceType = TOPIC) => ({
      resourceType,
      resourceName,
      configs: [{ name: resourceType === TOPIC ? "segment.ms" : "log.roll.ms", configOperation: SET, value: "9" }],
    });
    const request = { resources: [resource("t"), resource("1", BROKER), resource("t")], validateOnly: false };
    const { records, response } = decideIncrementalAlterConfigs(request, contextOf(image));
    assert.deepEqual(recorded(records), ["4:1 log.roll.ms=9"]);
    assert.deepEqual(
      response.responses.map(({ errorCode }) => errorName(errorCode)),
      ["INVALID_REQUEST", "NONE", "INVALID_REQUEST"],
    );
  });

  test("validates without recording", () => {
    const resources = [
      { resourceType: TOPIC, resourceName: "t", configs: [{ name: "segment.ms", configOperation: SET, value: "9" }] },
    ];
    const { records, response } = decideIncrementalAlterConfigs({ resources, validateOnly: true }, contextOf(image));
    assert.deepEqual([records, response.responses[0]!.errorCode], [[], 0]);
  });
});

describe("AlterConfigs", () => {
  const replace = (type: number, name: string, configs: [string, string | null][], given = image) => {
    const resources = [
      { resourceType: type, resourceName: name, configs: configs.map(([key, value]) => ({ name: key, value })) },
    ];
    return decideAlterConfigs({ resources, validateOnly: false }, contextOf(given));
  };

  test("sets what is given and removes everything else, known or not", () => {
    assert.deepEqual(recorded(replace(TOPIC, "t", [["segment.ms", "9"]]).records), [
      "2:t segment.ms=9",
      "2:t retention.ms",
      "2:t delete.retention.ms",
    ]);
  });

  test("what stays is not recorded again", () => {
    assert.deepEqual(recorded(replace(TOPIC, "t", [["retention.ms", "5"]]).records), ["2:t delete.retention.ms"]);
  });

  test("the cluster's min.insync.replicas cannot be dropped by leaving it out", () => {
    const { records, response } = replace(BROKER, "", [["log.retention.ms", "9"]]);
    assert.deepEqual([records, errorName(response.responses[0]!.errorCode)], [[], "INVALID_CONFIG"]);
  });

  test("nothing has no value", () => {
    assert.equal(
      errorName(replace(TOPIC, "t", [["segment.ms", null]]).response.responses[0]!.errorCode),
      "INVALID_REQUEST",
    );
  });

  test("unknown topics and bad values are refused", () => {
    assert.equal(
      errorName(replace(TOPIC, "u", [["segment.ms", "9"]]).response.responses[0]!.errorCode),
      "UNKNOWN_TOPIC_OR_PARTITION",
    );
    assert.equal(
      errorName(replace(TOPIC, "t", [["segment.ms", "x"]]).response.responses[0]!.errorCode),
      "INVALID_CONFIG",
    );
  });
});
