// Format strings beside what kcat 1.7.1 prints for the same record, and the mistakes that are told.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CommandError } from "../../src/command-error.ts";
import { compileFormat, unescapeBytes } from "../../src/people/format.ts";
import type { DataFormats, PrintableRecord } from "../../src/people/format.ts";

const record: PrintableRecord = {
  topic: "orders",
  partition: 3,
  offset: 41,
  timestamp: 1_700_000_000_123,
  timestampType: "CreateTime",
  key: Buffer.from("k1"),
  value: Buffer.from("hello"),
  headers: [
    { key: "a", value: Buffer.from("1") },
    { key: "b", value: null },
    { key: "c", value: Buffer.alloc(0) },
  ],
};
const tombstone: PrintableRecord = { ...record, key: null, value: null, headers: [] };
const empty: PrintableRecord = { ...record, key: Buffer.alloc(0), value: Buffer.alloc(0), headers: [] };
const formats: DataFormats = {
  key: "string",
  value: "string",
  nullText: "",
  onMismatch: () => assert.fail("mismatch"),
};

function print(format: string, of: PrintableRecord = record, how: Partial<DataFormats> = {}): string {
  const pieces: Buffer[] = [];
  compileFormat(format, { ...formats, ...how })(of, (piece) => pieces.push(Buffer.from(piece)));
  return Buffer.concat(pieces).toString("latin1");
}

describe("a format string", () => {
  const rows: readonly (readonly [format: string, of: PrintableRecord, printed: string])[] = [
    ["Topic %t [%p] at offset %o: key %k: %s\\n", record, "Topic orders [3] at offset 41: key k1: hello\n"],
    ["%K %S %T", record, "2 5 1700000000123"],
    ["%h", record, "a=1,b=NULL,c="],
    ["%R", record, "\0\0\0\x05"],
    ["%k|%s|%K|%S|%R|%h", tombstone, "||-1|-1|\xff\xff\xff\xff|"],
    ["%k|%s|%K|%S", empty, "||0|0"],
    ["100%% %%s", record, "100% %s"],
    ["a\\tb\\rc\\\\d\\qe", record, "a\tb\rc\\dqe"],
    ["\\x41\\x0a%s\\x1fab", record, "A\nhello\x1fab"],
    ["\\xff\\0\\012\\10", record, "\xff\0\n\n"],
    ["", record, ""],
    ["%%%t%%", record, "%orders%"],
  ];
  for (const [format, of, printed] of rows) {
    test(`${JSON.stringify(format)} prints ${JSON.stringify(printed)}`, () => assert.equal(print(format, of), printed));
  }

  for (const [format, sentence] of [
    ["%s %q", /%q, which is none of %t/],
    ["%", /a lone %/],
    ["%s\\x", /\\x takes one or two hexadecimal digits/],
    ["\\300", /\\300 is no byte/],
    ["\\08", /\\08 is no byte/],
  ] as const) {
    test(`${JSON.stringify(format)} is refused`, () => {
      assert.throws(
        () => print(format),
        (error) => error instanceof CommandError && sentence.test(error.message),
      );
    });
  }

  test("prints bytes that are no text as they are", () => {
    assert.equal(print("%k:%s", { ...record, key: Buffer.of(0xff, 0), value: Buffer.of(0xc3) }), "\xff\0:\xc3");
  });

  test("prints text beyond ASCII as UTF-8", () => {
    assert.equal(Buffer.from(print("é%s→"), "latin1").toString("utf8"), "éhello→");
  });

  test("shows keys and values in the formats asked for", () => {
    const integer = { ...record, key: Buffer.of(0, 0, 1, 0), value: Buffer.of(0xca, 0xfe) };
    assert.equal(print("%k %s", integer, { key: "int", value: "hex" }), "256 cafe");
    assert.equal(print("%s", integer, { value: "base64" }), "yv4=");
  });

  test("has a text for null where one is given", () => {
    assert.equal(print("%k=%s", tombstone, { nullText: "NULL" }), "NULL=NULL");
    assert.equal(print("%k=%s", empty, { nullText: "NULL" }), "=");
  });

  test("prints what is no JSON or no integer as it is, and tells", () => {
    const told: string[] = [];
    const onMismatch = (_record: PrintableRecord, part: string): void => void told.push(part);
    assert.equal(print("%k %s", record, { key: "int", value: "json", onMismatch }), "27441 hello");
    assert.equal(print("%k", { ...record, key: Buffer.from("abc") }, { key: "int", onMismatch }), "abc");
    assert.deepEqual(told, ["value", "key"]);
  });
});

describe("a delimiter", () => {
  for (const [text, bytes] of [
    ["\\n", "\n"],
    ["\\t\\n\\n", "\t\n\n"],
    ["\\x54!\\x45\\x53T", "T!EST"],
    ["||", "||"],
    ["", ""],
  ] as const) {
    test(`${JSON.stringify(text)} is ${JSON.stringify(bytes)}`, () =>
      assert.equal(unescapeBytes(text).toString("latin1"), bytes));
  }
});
