// The console tools' pure parts: lines into records, Kafka's deserializers, records into lines.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { deserializerOf } from "../../src/kafka/commands/console-consumer/deserializers.ts";
import { defaultFormatter } from "../../src/kafka/commands/console-consumer/formatter.ts";
import { LineSplitter } from "../../src/kafka/text/input-lines.ts";
import { LineReader } from "../../src/kafka/commands/console-producer/line-reader.ts";

const readerLines: { name: string; properties: Record<string, string>; line: string; record: object | RegExp }[] = [
  { name: "the value alone", properties: {}, line: "a\tb", record: { key: null, value: "a\tb", headers: [] } },
  {
    name: "a key",
    properties: { "parse.key": "true" },
    line: "a\tb\tc",
    record: { key: "a", value: "b\tc", headers: [] },
  },
  {
    name: "separators of one's own",
    properties: {
      "parse.key": "true",
      "key.separator": "::",
      "parse.headers": "TRUE",
      "headers.delimiter": "|",
      "headers.separator": ";",
      "headers.key.separator": "=",
    },
    line: "a=1;b=|k::v",
    record: { key: "k", value: "v", headers: [["a", "1"], ["b", ""]] }, // prettier-ignore
  },
  {
    name: "a missing key that does not matter",
    properties: { "parse.key": "true", "ignore.error": "true" },
    line: "v",
    record: { key: null, value: "v", headers: [] },
  },
  {
    name: "a missing key",
    properties: { "parse.key": "true" },
    line: "v",
    record: /No key separator found on line number 1: 'v'/,
  },
  {
    name: "missing headers",
    properties: { "parse.headers": "true" },
    line: "v",
    record: /No headers delimiter found on line number 1: 'v'/,
  },
  {
    name: "a header without a name",
    properties: { "parse.headers": "true" },
    line: "h\tv",
    record: /No header key separator found in pair 'h' on line number 1/,
  },
  {
    name: "a header whose name is null",
    properties: { "parse.headers": "true", "null.marker": "N" },
    line: "N:1\tv",
    record: /Header keys should not be equal to the null marker 'N'/,
  },
];

describe("lines become records", () => {
  for (const { name, properties, line, record } of readerLines) {
    test(name, () => {
      const reader = new LineReader(new Map(Object.entries(properties)));
      if (record instanceof RegExp) assert.throws(() => reader.read(line), record);
      else assert.deepEqual(reader.read(line), record);
    });
  }

  test("marks that are the same are refused", () => {
    assert.throws(
      () => new LineReader(new Map([["headers.delimiter", ","]])),
      /headers\.delimiter and headers\.separator may not be equal/,
    );
    assert.throws(
      () => new LineReader(new Map([["null.marker", "\t"]])),
      /null\.marker and key\.separator may not be equal/,
    );
  });
});

test("lines end as in Java, wherever the input is cut", () => {
  const whole = Buffer.from("a\r\nb\nc\rä\n\nd");
  for (let cut = 0; cut <= whole.length; cut++) {
    const splitter = new LineSplitter();
    const lines = [...splitter.add(whole.subarray(0, cut)), ...splitter.add(whole.subarray(cut))];
    assert.deepEqual([...lines, splitter.end()], ["a", "b", "c", "ä", "", "d"], `cut at ${cut}`);
  }
});

const bytes: { className: string; hex: string; text: string | RegExp }[] = [
  { className: "StringDeserializer", hex: "c3a4", text: "ä" },
  { className: "IntegerDeserializer", hex: "ffffffff", text: "-1" },
  { className: "IntegerDeserializer", hex: "00", text: /Size of data received by IntegerDeserializer is not 4/ },
  { className: "LongDeserializer", hex: "7fffffffffffffff", text: "9223372036854775807" },
  { className: "ShortDeserializer", hex: "0102", text: "258" },
  { className: "FloatDeserializer", hex: "3dcccccd", text: "0.1" },
  { className: "DoubleDeserializer", hex: "4341c37937e08000", text: "1.0E16" },
  { className: "DoubleDeserializer", hex: "3ff0000000000000", text: "1.0" },
  { className: "BooleanDeserializer", hex: "01", text: "true" },
  { className: "BytesDeserializer", hex: "61005c", text: "a\\x00\\x5C" },
];

describe("Kafka's deserializers as text", () => {
  for (const { className, hex, text } of bytes) {
    test(`${className} of ${hex}`, () => {
      const toText = deserializerOf(`org.apache.kafka.common.serialization.${className}`)!;
      if (text instanceof RegExp) assert.throws(() => toText(Buffer.from(hex, "hex")), text);
      else assert.equal(toText(Buffer.from(hex, "hex")), text);
    });
  }
});

const record = {
  topic: "t",
  partition: 3,
  offset: 7,
  timestamp: 1700000000000,
  timestampType: "CreateTime" as const,
  key: Buffer.from("k"),
  value: Buffer.from([0, 0, 0, 5]),
  headers: [
    { key: "a", value: Buffer.from("1") },
    { key: "b", value: null },
  ],
};

const printed: { name: string; properties: Record<string, string>; text: string }[] = [
  { name: "the value", properties: {}, text: "\0\0\0\u0005\n" },
  { name: "nothing", properties: { "print.value": "false" }, text: "" },
  { name: "the key last", properties: { "print.key": "true", "print.value": "false" }, text: "k\n" },
  {
    name: "all there is",
    properties: {
      "print.timestamp": "true",
      "print.partition": "true",
      "print.offset": "true",
      "print.delivery": "true",
      "print.epoch": "true",
      "print.headers": "true",
      "print.key": "true",
      "value.deserializer": "org.apache.kafka.common.serialization.IntegerDeserializer",
    },
    text: "CreateTime:1700000000000\tPartition:3\tOffset:7\tDelivery:NOT_PRESENT\tEpoch:NOT_PRESENT\ta:1,b:null\tk\t5\n",
  },
  {
    name: "marks of one's own",
    properties: {
      "print.headers": "true",
      "print.value": "false",
      "headers.separator": ";",
      "null.literal": "-",
      "line.separator": ".",
    },
    text: "a:1;b:-.",
  },
];

describe("records become lines", () => {
  for (const { name, properties, text } of printed) {
    test(name, () => {
      let written = "";
      defaultFormatter(new Map(Object.entries(properties)))(record, (piece) => void (written += piece.toString()));
      assert.equal(written, text);
    });
  }
});
