// What counts for a topic, and what DescribeConfigs and CreateTopics say about it.

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { LONG_MAX } from "@ottla/base";
import { describeConfigs } from "../src/configs/describe-configs.ts";
import { effectiveTopicConfigs } from "../src/configs/effective-topic-configs.ts";
import { topicConfigNames } from "../src/configs/tables.ts";
import { toLogConfig, topicConfigValue } from "../src/configs/topic-config-resolution.ts";
import type { BrokerConfig } from "../src/configs/broker-config.ts";
import { broker, brokerConfigOf, config, contextOf, imageOf, partition, topic, extend } from "./image-fixtures.ts";

const TOPIC = 2;
const BROKER = 4;

describe("retention.ms of a topic", () => {
  const dynamic = (file: Record<string, string>, all: Record<string, string>): BrokerConfig =>
    brokerConfigOf(file).withDynamic(new Map(), new Map(Object.entries(all)));
  const table: [
    sentence: string,
    overrides: Record<string, string>,
    file: Record<string, string>,
    all: Record<string, string>,
    ms: number,
  ][] = [
    ["is a week by default", {}, {}, {}, 604_800_000],
    ["follows the broker's hours", {}, { "log.retention.hours": "2" }, {}, 7_200_000],
    [
      "prefers the broker's minutes to hours",
      {},
      { "log.retention.hours": "2", "log.retention.minutes": "3" },
      {},
      180_000,
    ],
    [
      "prefers the broker's milliseconds to minutes",
      {},
      { "log.retention.minutes": "3", "log.retention.ms": "4" },
      {},
      4,
    ],
    ["prefers a dynamic value to the file", {}, { "log.retention.ms": "4" }, { "log.retention.ms": "5" }, 5],
    ["prefers the topic's own", { "retention.ms": "6" }, { "log.retention.ms": "4" }, { "log.retention.ms": "5" }, 6],
    ["is for ever when the broker's hours are negative", {}, { "log.retention.hours": "-7" }, {}, -1],
    ["ignores a text of the topic that cannot be read", { "retention.ms": "soon" }, { "log.retention.ms": "4" }, {}, 4],
  ];
  for (const [sentence, overrides, file, all, ms] of table) {
    test(sentence, () => {
      const value = topicConfigValue("retention.ms", new Map(Object.entries(overrides)), dynamic(file, all));
      assert.equal(value, ms);
    });
  }
});

test("the settings of a log are those of its topic over its broker", () => {
  const overrides = new Map([
    ["cleanup.policy", "compact"],
    ["compression.type", "uncompressed"],
    ["flush.messages", "1"],
    ["max.message.bytes", "2000"],
  ]);
  assert.deepEqual(toLogConfig(overrides, brokerConfigOf({ "log.roll.hours": "1", "compression.zstd.level": "7" })), {
    segmentBytes: 1_073_741_824,
    segmentMs: 3_600_000,
    segmentJitterMs: 0,
    segmentIndexBytes: 10_485_760,
    indexIntervalBytes: 4096,
    flushMessages: 1,
    flushMs: LONG_MAX,
    retentionMs: 604_800_000,
    retentionBytes: -1,
    fileDeleteDelayMs: 60_000,
    maxMessageBytes: 2000,
    compressionType: "none",
    compressionLevels: { gzip: -1, lz4: 9, zstd: 7 },
    timestampType: "CreateTime",
    timestampBeforeMaxMs: LONG_MAX,
    timestampAfterMaxMs: 3_600_000,
    compacted: true,
    deleted: false,
  });
});

describe("DescribeConfigs", () => {
  const image = imageOf(
    broker(1),
    topic(1, "t"),
    partition(1, 0, [1]),
    config(TOPIC, "t", "retention.ms", "12345"),
    config(TOPIC, "t", "max.message.bytes", "2000000"),
    config(TOPIC, "t", "delete.retention.ms", "1"),
    config(BROKER, "", "min.insync.replicas", "1"),
    config(BROKER, "", "log.cleaner.threads", "2"),
  );
  const ask = (
    resourceType: number,
    resourceName: string,
    configurationKeys: string[] | null,
    file: Record<string, string> = {},
  ) => {
    const request = {
      resources: [{ resourceType, resourceName, configurationKeys }],
      includeSynonyms: true,
      includeDocumentation: false,
    };
    return describeConfigs(request, contextOf(image, file)).results[0]!;
  };
  const shown = (result: ReturnType<typeof ask>): string[] =>
    result.configs.map(({ name, value, configSource, readOnly, synonyms }) => {
      const others = synonyms.map((each) => `${each.name}=${each.value}@${each.source}`).join(" ");
      return `${name}=${value}@${configSource}${readOnly ? " read-only" : ""} [${others}]`;
    });

  // What Apache Kafka 4.3.1 answered for a topic and a broker with these configs.
  test("a topic's own values stand first among the synonyms", () => {
    assert.deepEqual(
      shown(ask(TOPIC, "t", ["max.message.bytes", "min.insync.replicas", "retention.ms", "segment.ms", "flush.ms"])),
      [
        "flush.ms=9223372036854775807@5 []",
        "max.message.bytes=2000000@1 [max.message.bytes=2000000@1 message.max.bytes=1048588@5]",
        "min.insync.replicas=1@3 [min.insync.replicas=1@3 min.insync.replicas=1@5]",
        "retention.ms=12345@1 [retention.ms=12345@1]",
        "segment.ms=604800000@5 []",
      ],
    );
  });

  test("a broker shows the file over the defaults", () => {
    const file = { "node.id": "1", "log.retention.ms": "5", "log.retention.hours": "3", "log.dirs": "/d" };
    const keys = [
      "log.retention.ms",
      "log.retention.hours",
      "log.dirs",
      "node.id",
      "broker.id",
      "log.flush.interval.ms",
    ];
    assert.deepEqual(shown(ask(BROKER, "1", keys, file)), [
      "broker.id=1@4 read-only [broker.id=1@4 broker.id=-1@5]",
      "log.dirs=/d@4 read-only [log.dirs=/d@4]",
      "log.flush.interval.ms=null@5 []",
      "log.retention.hours=3@4 read-only [log.retention.hours=3@4 log.retention.hours=168@5]",
      "log.retention.ms=5@4 [log.retention.ms=5@4 log.retention.hours=3@4 log.retention.hours=168@5]",
      "node.id=1@4 read-only [node.id=1@4 node.id=1@5]",
    ]);
  });

  test("no broker's name asks for what was set for all brokers", () => {
    assert.deepEqual(shown(ask(BROKER, "", null)), ["min.insync.replicas=1@3 [min.insync.replicas=1@3]"]);
  });

  test("all configs of the table are there when no names are given", () => {
    assert.deepEqual(
      ask(TOPIC, "t", null).configs.map(({ name }) => name),
      [...topicConfigNames],
    );
  });

  test("a group has the broker's values, or its own", () => {
    const keys = ["consumer.heartbeat.interval.ms"];
    assert.deepEqual(shown(ask(32, "g", keys)), [
      "consumer.heartbeat.interval.ms=5000@5 [group.consumer.heartbeat.interval.ms=5000@5]",
    ]);
    const own = extend(image, config(32, "g", "consumer.heartbeat.interval.ms", "6000"));
    const request = {
      resources: [{ resourceType: 32, resourceName: "g", configurationKeys: keys }],
      includeSynonyms: true,
      includeDocumentation: false,
    };
    assert.deepEqual(shown(describeConfigs(request, contextOf(own)).results[0]!), [
      "consumer.heartbeat.interval.ms=6000@8 [consumer.heartbeat.interval.ms=6000@8 group.consumer.heartbeat.interval.ms=5000@5]",
    ]);
  });

  test("types and documentation come when asked for", () => {
    const request = {
      resources: [{ resourceType: TOPIC, resourceName: "t", configurationKeys: ["cleanup.policy"] }],
      includeSynonyms: false,
      includeDocumentation: true,
    };
    const entry = describeConfigs(request, contextOf(image)).results[0]!.configs[0]!;
    assert.equal(entry.configType, 7);
    assert.deepEqual(entry.synonyms, []);
    assert.match(entry.documentation!, /^What happens to old segments/);
  });

  const refused: [sentence: string, type: number, name: string, errorCode: number][] = [
    ["a topic that is not there", TOPIC, "u", 3],
    ["a name that no topic can have", TOPIC, "a b", 17],
    ["another broker", BROKER, "2", 42],
    ["a broker whose name is no number", BROKER, "one", 42],
    ["log levels", 8, "1", 42],
    ["client metrics", 16, "x", 42],
    ["a group without a name", 32, "", 42],
    ["a resource type that nobody knows", 77, "x", 42],
  ];
  for (const [sentence, type, name, errorCode] of refused) {
    test(`refuses ${sentence}`, () => {
      const result = ask(type, name, null);
      assert.equal(result.errorCode, errorCode);
      assert.deepEqual([result.resourceType, result.resourceName, result.configs], [type, name, []]);
      assert.equal(typeof result.errorMessage, "string");
    });
  }
});

test("CreateTopics reports hours of the file as the source of milliseconds", () => {
  const configs = effectiveTopicConfigs(new Map([["segment.ms", "9"]]), brokerConfigOf({ "log.retention.hours": "2" }));
  const of = (name: string) => configs.find((each) => each.name === name);
  assert.deepEqual(of("retention.ms"), { name: "retention.ms", value: "7200000", source: 4 });
  assert.deepEqual(of("segment.ms"), { name: "segment.ms", value: "9", source: 1 });
  assert.deepEqual(of("segment.bytes"), { name: "segment.bytes", value: "1073741824", source: 5 });
});
