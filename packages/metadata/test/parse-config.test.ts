// Texts of config values: types and bounds, with Kafka's canonical form and the reason for a refusal.

import { test } from "node:test";
import assert from "node:assert/strict";
import { LONG_MAX } from "@ottla/base";
import { parseConfig, parseNewConfig } from "../src/configs/parse-config.ts";
import { brokerConfig, brokerConfigNames, topicConfig, topicConfigNames } from "../src/configs/tables.ts";

const accepted: [sentence: string, name: string, text: string, value: unknown, canonical: string][] = [
  ["white space around a number is dropped", "num.partitions", " 3 ", 3, "3"],
  ["a plus sign is allowed", "num.partitions", "+3", 3, "3"],
  ["booleans ignore case", "delete.topic.enable", "TRUE", true, "true"],
  [
    "Java's largest long is LONG_MAX",
    "log.flush.interval.messages",
    "9223372036854775807",
    LONG_MAX,
    "9223372036854775807",
  ],
  [
    "a long above 2^53 keeps its text",
    "log.flush.interval.messages",
    "9007199254740993",
    9007199254740992,
    "9007199254740993",
  ],
  ["lists drop white space around commas", "log.cleanup.policy", "delete", ["delete"], "delete"],
  ["a choice that is in a list twice counts once", "log.cleanup.policy", "delete , delete", ["delete"], "delete"],
  ["an empty list is a list", "log.cleanup.policy", "", [], ""],
  ["gzip's default level is -1", "compression.gzip.level", "-1", -1, "-1"],
  ["-1 keeps records for ever", "log.retention.ms", "-1", -1, "-1"],
];

for (const [sentence, name, text, value, canonical] of accepted) {
  test(sentence, () =>
    assert.deepEqual(parseConfig(name, brokerConfig(name)!, text), { ok: true, value, text: canonical }),
  );
}

const refused: [sentence: string, name: string, text: string, reason: string][] = [
  ["a word is no number", "num.partitions", "x", "it must be a whole number of 32 bits"],
  ["a fraction is no whole number", "num.partitions", "1.5", "it must be a whole number of 32 bits"],
  ["nothing is no number", "num.partitions", "", "it must be a whole number of 32 bits"],
  ["an int has 32 bits", "num.partitions", "2147483648", "it must be a whole number of 32 bits"],
  ["a long has 64 bits", "log.retention.bytes", "9223372036854775808", "it must be a whole number of 64 bits"],
  ["a lower bound holds", "num.partitions", "0", "it must be at least 1"],
  ["both bounds hold", "compression.lz4.level", "18", "it must be from 1 to 17"],
  ["gzip has no level 0", "compression.gzip.level", "0", "it must be from 1 to 9, or -1 for the library's default"],
  ["yes is no boolean", "delete.topic.enable", "yes", "it must be true or false"],
  [
    "a choice must be one of the choices",
    "compression.type",
    "brotli",
    "it must be one of uncompressed, zstd, lz4, snappy, gzip, producer",
  ],
  ["a list takes only its choices", "log.cleanup.policy", "delete,archive", '"archive" is not one of compact, delete'],
  ["a list of folders has none twice", "log.dirs", "/a,/a", '"/a" is there twice'],
  [
    "retention of 0 is neither a time nor for ever",
    "log.retention.ms",
    "0",
    "it must be at least 1, or -1 for no limit",
  ],
  ["a folder list is not empty", "log.dirs", "", "it must have at least one entry"],
];

for (const [sentence, name, text, reason] of refused) {
  test(sentence, () => {
    const expected = { ok: false, reason: `Invalid value ${text} for configuration ${name}: ${reason}` };
    assert.deepEqual(parseConfig(name, brokerConfig(name)!, text), expected);
  });
}

test("compact can be read from a log but not be set", () => {
  const definition = topicConfig("cleanup.policy")!;
  assert.equal(parseConfig("cleanup.policy", definition, "compact,delete").ok, true);
  assert.deepEqual(parseNewConfig("cleanup.policy", definition, "compact"), {
    ok: false,
    reason: "Invalid value compact for configuration cleanup.policy: log compaction is not there yet; only delete is",
  });
});

test("every default lies within its own bounds and can be honoured", () => {
  for (const name of brokerConfigNames) {
    const definition = brokerConfig(name)!;
    if (definition.defaultText !== null)
      assert.equal(parseNewConfig(name, definition, definition.defaultText).ok, true, name);
  }
  for (const name of topicConfigNames) {
    const definition = topicConfig(name)!;
    assert.equal(parseNewConfig(name, definition, definition.defaultText).ok, true, name);
  }
});

test("a topic config and its first broker config have one type and one default", () => {
  const differing = new Set(["flush.ms", "retention.ms", "segment.ms", "segment.jitter.ms"]); // No default of their own on the broker.
  for (const name of topicConfigNames) {
    const definition = topicConfig(name)!;
    const synonym = brokerConfig(definition.synonyms[0]!.name)!;
    assert.equal(synonym.type, definition.type, name);
    if (!differing.has(name)) assert.equal(synonym.defaultText, definition.defaultText, name);
    assert.equal(synonym.update, "cluster-wide", name);
  }
});
