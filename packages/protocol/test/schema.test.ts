// The schema language on small schemas of its own: every rule of Kafka's serialization with bytes computed by hand.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AssertionError, ByteReader, ByteWriter, DecodeError, LONG_MAX, LONG_MIN, ZERO_UUID } from "@ottla/base";
import type { StreamedPart } from "@ottla/base";
import { defineApi, defineRecord } from "../src/schema/define.ts";
import type { Decoded, Input, RecordType } from "../src/schema/define.ts";
import {
  array,
  bits64,
  boolean,
  bytes,
  float64,
  int8,
  int16,
  int32,
  int64,
  records,
  string,
  struct,
  uint16,
  uint32,
  uuid,
} from "../src/schema/fields.ts";
import type { Fields } from "../src/schema/fields.ts";

// Version 0 is not flexible, version 1 is.
function twoVersions<F extends Fields>(fields: F): ReturnType<typeof defineRecord<F>> {
  return defineRecord({ apiKey: null, name: "Sample", versions: "0-1", flexibleFrom: 1, fields });
}

const scalars = twoVersions({
  a: int8("0+"),
  b: int16("0+"),
  c: uint16("0+"),
  d: int32("0+"),
  e: uint32("0+"),
  f: int64("0+"),
  g: float64("0+"),
  h: boolean("0+"),
  i: uuid("0+"),
});

const lengths = twoVersions({
  text: string("0+"),
  nullableText: string("0+", { nullable: "0+" }),
  data: bytes("0+"),
  nullableData: bytes("0+", { nullable: "0+" }),
  numbers: array("0+", int16),
  nullableNumbers: array("0+", int32, { nullable: "0+" }),
});

const place = { x: int8("0+"), y: int8("0+") };
const structs = twoVersions({
  one: struct("0+", place),
  maybe: struct("0+", place, { nullable: "0+" }),
  many: array("0+", place),
});

const tags = defineRecord({
  apiKey: null,
  name: "Tags",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    last: string("0+", { tag: 9, default: "x" }),
    number: int32("0+", { tag: 0, default: -1 }),
    place: struct("0+", place, { tag: 1 }),
    maybe: struct("0+", place, { tag: 2, nullable: "0+", default: null }),
    names: array("0+", string, { tag: 3, nullable: "0+" }),
    plain: int8("0+"),
  },
});

const scalarsValue = {
  a: -2,
  b: -2,
  c: 0xfffe,
  d: -2,
  e: 0xffff_fffe,
  f: -2,
  g: 1,
  h: true,
  i: "AAECAwQFBgcICQoLDA0ODw",
};
const scalarsHex =
  "fe fffe fffe fffffffe fffffffe fffffffffffffffe 3ff0000000000000 01 000102030405060708090a0b0c0d0e0f";

const lengthsValue = {
  text: "né",
  nullableText: null,
  data: Buffer.from([1, 2]),
  nullableData: null,
  numbers: [1, -1],
  nullableNumbers: null,
};
const structsValue = { one: { x: 1, y: 2 }, maybe: { x: 3, y: 4 }, many: [{ x: 5, y: 6 }] };
const tagsValue = {
  last: "yz",
  number: 7,
  place: { x: 1, y: 2 },
  maybe: { x: 3, y: 4 },
  names: null,
  plain: 5,
};
const tagDefaults = { last: "x", number: -1, place: { x: 0, y: 0 }, maybe: null, names: [], plain: 5 };

const table: { name: string; schema: RecordType<unknown, never>; version: number; value: unknown; hex: string }[] = [
  { name: "numbers, plain", schema: scalars, version: 0, value: scalarsValue, hex: scalarsHex },
  {
    name: "numbers, flexible: no tags behind them",
    schema: scalars,
    version: 1,
    value: scalarsValue,
    hex: `${scalarsHex} 00`,
  },
  {
    name: "lengths, plain: two bytes for strings, four for the rest, -1 for null",
    schema: lengths,
    version: 0,
    value: lengthsValue,
    hex: "0003 6ec3a9 ffff 00000002 0102 ffffffff 00000002 0001ffff ffffffff",
  },
  {
    name: "lengths, flexible: a varint one too high, 0 for null",
    schema: lengths,
    version: 1,
    value: lengthsValue,
    hex: "04 6ec3a9 00 03 0102 00 03 0001ffff 00 00",
  },
  {
    name: "structures, plain: 1 before one that may be null",
    schema: structs,
    version: 0,
    value: structsValue,
    hex: "0102 01 0304 00000001 0506",
  },
  {
    name: "structures, flexible: each with its tags",
    schema: structs,
    version: 1,
    value: structsValue,
    hex: "010200 01 030400 02 050600 00",
  },
  {
    name: "a null structure is -1",
    schema: structs,
    version: 1,
    value: { ...structsValue, maybe: null, many: [] },
    hex: "010200 ff 01 00",
  },
  {
    name: "tags rise, whatever the order of the schema; null for a nullable tag whose default is not null",
    schema: tags,
    version: 0,
    value: tagsValue,
    hex: "05 05 00 04 00000007 01 03 010200 02 04 01 030400 03 01 00 09 03 03797a",
  },
  { name: "tags of defaults are not written", schema: tags, version: 0, value: tagDefaults, hex: "05 00" },
];

for (const { name, schema, version, value, hex } of table) {
  test(name, () => {
    const expected = hex.replaceAll(" ", "");
    assert.equal(encode(schema, version, value), expected);
    assert.deepEqual(decode(schema, version, expected), value);
  });
}

test("a length that needs more bytes moves what is behind it", () => {
  const schema = defineRecord({
    apiKey: null,
    name: "Long",
    versions: "0",
    flexibleFrom: 0,
    fields: { text: string("0+", { tag: 0 }) },
  });
  for (const length of [63, 64, 126, 127, 128, 16_382, 16_383, 32_767]) {
    const value = { text: "é".repeat(Math.floor(length / 2)) + "e".repeat(length % 2) };
    assert.deepEqual(decode(schema, 0, encode(schema, 0, value)), value);
  }
  assert.equal(encode(schema, 0, { text: "a".repeat(127) }), `01 00 8101 8001`.replaceAll(" ", "") + "61".repeat(127));
  assert.throws(() => encode(schema, 0, { text: "a".repeat(32_768) }), AssertionError);
});

test("a long message outgrows the writer's first buffer, tags included", () => {
  const value = { ...tagsValue, names: Array.from({ length: 200 }, (_, index) => `name-${index}`) };
  assert.deepEqual(decode(tags, 0, encode(tags, 0, value)), value);
});

test("unknown tags are passed over, at the end and inside", () => {
  assert.deepEqual(decode(structs, 1, "0102 01 07 02 ffff 01 0304 00 02 0506 00 01 8001 00"), structsValue);
  assert.deepEqual(decode(tags, 0, "05 02 00 04 00000007 05 03 aabbcc"), { ...tagDefaults, number: 7 });
});

test("a tag that only other versions have is refused", () => {
  const schema = defineRecord({
    apiKey: null,
    name: "Later",
    versions: "0-1",
    flexibleFrom: 0,
    fields: { later: int8("1+", { tag: 3 }) },
  });
  assert.deepEqual(decode(schema, 1, "01 03 01 07"), { later: 7 });
  assert.deepEqual(decode(schema, 0, "01 04 01 07"), { later: 0 });
  assert.throws(() => decode(schema, 0, "01 03 01 07"), DecodeError);
});

test("what is left out when encoding takes its default", () => {
  const schema = twoVersions({
    number: int32("0+", { default: -1 }),
    text: string("0+", { nullable: "0+", default: null }),
    list: array("0+", int8, { nullable: "0+", default: null }),
    big: int64("0+", { default: LONG_MAX }),
    flag: boolean("0+", { default: true }),
  });
  assert.equal(encode(schema, 0, {}), "ffffffff ffff ffffffff 7fffffffffffffff 01".replaceAll(" ", ""));
});

test("64 bits that are no number pass through as hexadecimal, inline and tagged", () => {
  const schema = twoVersions({ inline: bits64("0+"), tagged: bits64("1+", { default: "0000000000000000", tag: 0 }) });
  for (const bits of ["0000000000000000", "fedcba9876543210", "ffffffffffffffff"]) {
    const value = { inline: bits, tagged: bits };
    assert.deepEqual(decode(schema, 1, encode(schema, 1, value)), value);
  }
  assert.equal(encode(schema, 0, { inline: "fedcba9876543210" }), "fedcba9876543210");
  for (const wrong of ["", "12", "xedcba9876543210", 5]) {
    assert.throws(() => encode(schema, 1, { inline: wrong }), /cannot be/);
  }
});

test("int64 carries safe numbers and both ends of the range", () => {
  const schema = twoVersions({ value: int64("0+") });
  const values = [0, -1, 2 ** 32, -(2 ** 32) - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, LONG_MAX, LONG_MIN];
  for (const value of values) assert.deepEqual(decode(schema, 0, encode(schema, 0, { value })), { value });
  assert.throws(() => decode(schema, 0, "0040000000000000"), DecodeError);
});

const versioned = defineApi({
  key: 1000,
  name: "Versioned",
  versions: "0-2",
  flexibleFrom: 2,
  request: {
    name: string("0-1"),
    id: uuid("2+"),
    dropped: int32("1+", { ignorable: true }),
    kept: int32("1+", { default: 5 }),
    place: struct("2+", place, { tag: 0 }),
    list: array("1+", int8, { nullable: "2+" }),
    data: bytes("1+"),
    batch: records("1+", { nullable: "1+" }),
  },
  response: {},
});

test("a version that lacks a field decodes its default", () => {
  assert.deepEqual(decode(versioned.request, 0, "000161"), {
    name: "a",
    id: ZERO_UUID,
    dropped: 0,
    kept: 5,
    place: { x: 0, y: 0 },
    list: [],
    data: Buffer.alloc(0),
    batch: null,
  });
});

test("a value that the version cannot carry is dropped only where the schema says so", () => {
  const value = decode(versioned.request, 0, "000161") as Decoded<typeof versioned.request>;
  assert.equal(encode(versioned.request, 0, { ...value, dropped: 1 }), "000161");
  const refused: Partial<typeof value>[] = [
    { id: "AAAAAAAAAAAAAAAAAAAAAQ" },
    { kept: 4 },
    { place: { x: 0, y: 1 } },
    { list: [1] },
    { list: null },
    { data: Buffer.alloc(1) },
    { batch: Buffer.alloc(0) },
  ];
  for (const change of refused) {
    assert.throws(() => encode(versioned.request, 0, { ...value, ...change }), /cannot carry VersionedRequest\./);
  }
});

test("null is refused in a version that cannot say it, on both sides", () => {
  const value = decode(versioned.request, 0, "000161") as Decoded<typeof versioned.request>;
  assert.throws(
    () => encode(versioned.request, 1, { ...value, list: null }),
    /VersionedRequest\.list must have a value/,
  );
  assert.throws(() => decode(lengths, 0, "ffff"), DecodeError);
  assert.throws(() => decode(lengths, 1, "00"), DecodeError);
});

const outOfRange: { name: string; change: Partial<Decoded<typeof scalars>> | Record<string, unknown> }[] = [
  { name: "int8", change: { a: 128 } },
  { name: "int16", change: { b: -32_769 } },
  { name: "uint16", change: { c: -1 } },
  { name: "int32", change: { d: 2 ** 31 } },
  { name: "int32 with a fraction", change: { d: 0.5 } },
  { name: "int32 undefined", change: { d: undefined } },
  { name: "uint32", change: { e: -1 } },
  { name: "int64 unsafe", change: { f: 2 ** 60 } },
  { name: "boolean", change: { h: 1 } },
  { name: "uuid of a wrong length", change: { i: "AAAA" } },
  { name: "uuid with a character of another alphabet", change: { i: "AAAAAAAAAAAAAAAAAAAA+A" } },
  { name: "uuid with a character beyond ASCII", change: { i: "AAAAAAAAAAAAAAAAAAAAAé" } },
];

for (const { name, change } of outOfRange) {
  test(`encoding refuses what does not fit: ${name}`, () => {
    assert.throws(() => encode(scalars, 0, { ...scalarsValue, ...change }), AssertionError);
  });
}

const bomb = twoVersions({ list: array("0+", { text: string("0+"), number: int32("0+") }) });
const damaged: { name: string; schema: RecordType<unknown, never>; version: number; hex: string }[] = [
  { name: "an array of two billion in ten bytes", schema: bomb, version: 0, hex: "7fffffff 0001 61 00000000" },
  {
    name: "an array one longer than could be there",
    schema: bomb,
    version: 0,
    hex: "00000003 0000 00000000 0000 0000000",
  },
  { name: "a compact array of four billion", schema: bomb, version: 1, hex: "ffffffff0f 00" },
  { name: "a string longer than the frame", schema: lengths, version: 0, hex: "7fff 61" },
  {
    name: "a compact string of more than 32767 bytes",
    schema: lengths,
    version: 1,
    hex: `818002${"61".repeat(40_000)}`,
  },
  { name: "a varint of six bytes", schema: lengths, version: 1, hex: "ffffffffffff01" },
  { name: "a tag longer than the frame", schema: tags, version: 0, hex: "05 01 20 7f" },
  { name: "a known tag shorter than its size", schema: tags, version: 0, hex: "05 01 00 05 0000000700" },
  { name: "a known tag longer than its size", schema: tags, version: 0, hex: "05 01 00 03 00000007" },
  { name: "four billion tags", schema: tags, version: 0, hex: "05 ffffffff0f 20 00 21 00" },
];

for (const { name, schema, version, hex } of damaged) {
  test(`decoding refuses ${name}`, () => {
    assert.throws(() => decode(schema, version, hex), DecodeError);
  });
}

test("records are listed between the writer's own bytes, never copied", () => {
  const batch = Buffer.from("batch");
  const streamed: StreamedPart = { length: 3, read: () => 0, release: () => {} };
  const writer = new ByteWriter();
  const value = {
    name: "",
    id: ZERO_UUID,
    dropped: 1,
    list: [],
    data: Buffer.alloc(0),
    batch: [batch, streamed, batch],
  };
  versioned.request.encode(writer, 2, value);
  const parts = writer.finish();
  assert.deepEqual(parts.slice(1), [batch, streamed, batch, Buffer.from([0])]);
  assert.equal(parts[1], batch);
  assert.equal((parts[0] as Buffer).at(-1), batch.length * 2 + 3 + 1);
});

test("decoded bytes share memory with the frame", () => {
  const schema = twoVersions({ data: bytes("0+") });
  const frame = Buffer.from("000000017a", "hex");
  const { data } = schema.decode(new ByteReader(frame), 0);
  frame[4] = 0x41;
  assert.equal(data.toString(), "A");
});

test("the types say what decoding yields and what encoding accepts", () => {
  type Request = Decoded<typeof versioned.request>;
  type RequestInput = Input<typeof versioned.request>;
  const decoded: Request = {
    name: "",
    id: "",
    dropped: 0,
    kept: 0,
    place: { x: 0, y: 0 },
    list: null,
    data: Buffer.alloc(0),
    batch: null,
  };
  const { kept: _kept, place: _place, ...required } = decoded;
  const input: RequestInput = required;
  // @ts-expect-error -- a field without a default must be given
  const incomplete: RequestInput = { name: "" };
  // @ts-expect-error -- only nullable fields may be null
  const nulls: Request = { ...decoded, data: null };
  assert.ok(input && incomplete && nulls);
});

function encode(schema: { encode: RecordType<unknown, never>["encode"] }, version: number, value: unknown): string {
  const writer = new ByteWriter(16);
  schema.encode(writer, version, value as never);
  return writer.toBuffer().toString("hex");
}

function decode(schema: { decode: RecordType<unknown>["decode"] }, version: number, hex: string): unknown {
  return schema.decode(new ByteReader(Buffer.from(hex.replaceAll(" ", ""), "hex")), version);
}
