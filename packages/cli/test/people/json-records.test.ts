// Records as JSON lines: what is written, that it can be read again byte for byte, and what is refused.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CommandError } from "../../src/command-error.ts";
import type { DataFormats, PrintableRecord } from "../../src/people/format.ts";
import { readRecordJson, recordJson } from "../../src/people/json-records.ts";
import type { ReadRecord } from "../../src/people/json-records.ts";

const record: PrintableRecord = {
  topic: "orders",
  partition: 3,
  offset: 41,
  timestamp: 1_700_000_000_123,
  timestampType: "CreateTime",
  key: Buffer.from("k1"),
  value: Buffer.from('say "hé"\n'),
  headers: [
    { key: "a", value: Buffer.from("1") },
    { key: "b", value: null },
    { key: "a", value: Buffer.of(0xff) },
  ],
};
const formats: DataFormats = {
  key: "string",
  value: "string",
  nullText: "",
  onMismatch: () => assert.fail("mismatch"),
};

test("a record is one line of JSON with fields in a fixed order", () => {
  assert.equal(
    recordJson(record, formats),
    String.raw`{"topic":"orders","partition":3,"offset":41,"timestamp":1700000000123,"timestampType":"CreateTime","key":"k1","value":"say \"hé\"\n","headers":[{"key":"a","value":"1"},{"key":"b","value":null},{"key":"a","value":"/w==","valueEncoding":"base64"}]}`,
  );
});

const long = Buffer.alloc(8);
long.writeBigInt64BE(9_007_199_254_740_993n);

describe("a value is written as, and read again from,", () => {
  const rows: readonly (readonly [format: DataFormats["value"], value: Buffer | null, fields: string])[] = [
    ["string", null, '"value":null'],
    ["string", Buffer.alloc(0), '"value":""'],
    ["string", Buffer.of(0xc3, 0x28), '"value":"wyg=","valueEncoding":"base64"'],
    ["hex", Buffer.from("hi"), '"value":"6869","valueEncoding":"hex"'],
    ["base64", Buffer.from("hi"), '"value":"aGk=","valueEncoding":"base64"'],
    ["json", Buffer.from('{"a":[1,"b"]}'), '"value":{"a":[1,"b"]},"valueEncoding":"json"'],
    [
      "json",
      Buffer.from('{"id":9007199254740993,"x":1.10}'),
      '"value":{"id":9007199254740993,"x":1.10},"valueEncoding":"json"',
    ],
    ["json", Buffer.from('"text"'), '"value":"text","valueEncoding":"json"'],
    ["json", Buffer.from("null"), '"value":null,"valueEncoding":"json"'],
    ["int", Buffer.of(0, 0, 1, 0), '"value":256,"valueEncoding":"int32"'],
    ["int", Buffer.of(0xff), '"value":-1,"valueEncoding":"int8"'],
    ["int", Buffer.of(0x01, 0x02), '"value":258,"valueEncoding":"int16"'],
    ["int", long, '"value":"9007199254740993","valueEncoding":"int64"'],
  ];
  for (const [format, value, fields] of rows) {
    test(fields, () => {
      const line = recordJson({ ...record, value }, { ...formats, value: format });
      assert.ok(line.includes(`${fields},"headers"`), line);
      assert.deepEqual(readRecordJson(Buffer.from(line))?.value, value);
    });
  }

  test("JSON over several lines, which becomes one", () => {
    const line = recordJson({ ...record, value: Buffer.from('{\n\t"a": 1\n}\n') }, { ...formats, value: "json" });
    assert.ok(line.includes('"value":{ "a": 1 },"valueEncoding":"json"'), line);
  });

  test("text, or base64, where the value is no JSON or no integer; and that is told", () => {
    const told: string[] = [];
    const telling: DataFormats = {
      ...formats,
      key: "json",
      value: "int",
      onMismatch: (_, part) => void told.push(part),
    };
    const line = recordJson({ ...record, key: Buffer.of(0xff), value: Buffer.from("abc") }, telling);
    assert.ok(line.includes('"key":"/w==","keyEncoding":"base64","value":"abc","headers"'), line);
    assert.deepEqual(told, ["key", "value"]);
  });
});

test("a record that is written and read again is the same", () => {
  assert.deepEqual(readRecordJson(Buffer.from(recordJson(record, formats))), {
    key: Buffer.from("k1"),
    value: Buffer.from('say "hé"\n'),
    headers: [
      ["a", Buffer.from("1")],
      ["b", null],
      ["a", Buffer.of(0xff)],
    ],
    partition: 3,
    timestamp: 1_700_000_000_123,
  } satisfies ReadRecord);
});

describe("what people write is read:", () => {
  const nothing = { key: null, headers: [], partition: undefined, timestamp: undefined };
  const rows: readonly (readonly [sentence: string, line: string, read: ReadRecord | null])[] = [
    ["a value alone", '{"value":"v"}', { ...nothing, value: Buffer.from("v") }],
    ["a tombstone", '{"key":"k","value":null}', { ...nothing, key: Buffer.from("k"), value: null }],
    [
      "an object becomes its text",
      '{"value":{"b":1,"a":[true]}}',
      { ...nothing, value: Buffer.from('{"b":1,"a":[true]}') },
    ],
    [
      "a number becomes its text",
      '{"key":7,"value":false}',
      { ...nothing, key: Buffer.from("7"), value: Buffer.from("false") },
    ],
    [
      "headers as an object",
      '{"value":"","headers":{"a":"1","b":null}}',
      {
        ...nothing,
        value: Buffer.alloc(0),
        headers: [
          ["a", Buffer.from("1")],
          ["b", null],
        ],
      },
    ],
    ["no timestamp", '{"value":"","timestamp":-1}', { ...nothing, value: Buffer.alloc(0) }],
    ["a blank line", "  \r", null],
    ["the beginning of a list", "[", null],
    ["the end of a list", "]", null],
    ["the first of a list", '[{"value":"v"}', { ...nothing, value: Buffer.from("v") }],
    ["one in a list", '  {"value":"v"},', { ...nothing, value: Buffer.from("v") }],
    ["one behind a comma", ',{"value":"v"}', { ...nothing, value: Buffer.from("v") }],
    ["the only one of a list", '[{"value":["v"]}]', { ...nothing, value: Buffer.from('["v"]') }],
  ];
  for (const [sentence, line, read] of rows) {
    test(sentence, () => assert.deepEqual(readRecordJson(Buffer.from(line)), read));
  }
});

describe("what cannot be meant is refused:", () => {
  const rows: readonly (readonly [line: string, sentence: RegExp])[] = [
    ["hello", /no JSON: /],
    ["[1]", /no JSON|no JSON object/],
    ['"text"', /no JSON object/],
    ['{"key":"k"}', /the record has no "value"/],
    ['{"value":"v","vlaue":1}', /no field "vlaue"/],
    ['{"value":"v","partition":-1}', /the partition is -1, which is none/],
    ['{"value":"v","partition":"1"}', /the partition is "1"/],
    ['{"value":"v","timestamp":1.5}', /the timestamp is 1.5/],
    ['{"value":"zz","valueEncoding":"hex"}', /"zz" is not hexadecimal/],
    ['{"value":"z","valueEncoding":"base64"}', /"z" is not base64/],
    ['{"value":{},"valueEncoding":"hex"}', /the value is an object/],
    ['{"value":300,"valueEncoding":"int8"}', /"300" does not fit into 1 byte/],
    ['{"value":"v","valueEncoding":"utf9"}', /valueEncoding is "utf9"/],
    ['{"value":"v","headers":["a"]}', /a header is no object with a "key"/],
    ['{"value":"v","headers":"a"}', /neither a list nor an object/],
  ];
  for (const [line, sentence] of rows) {
    test(line, () => {
      assert.throws(
        () => readRecordJson(Buffer.from(line)),
        (error) => error instanceof CommandError && sentence.test(error.message),
      );
    });
  }
});
