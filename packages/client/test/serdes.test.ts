// Java's serdes: the bytes are what the serializers of kafka-clients 4.3.1 wrote.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  bigintSerde,
  booleanSerde,
  doubleSerde,
  floatSerde,
  integerSerde,
  listSerde,
  longSerde,
  shortSerde,
  uuidSerde,
  voidSerde,
} from "../src/fixed-serdes.ts";
import { bytesSerde, jsonSerde, stringSerde } from "../src/serdes.ts";
import type { Serde } from "../src/serdes.ts";

const anyContext = { topic: "t", part: "value" as const, headers: [] };
const uuid = "0b8c1b1e-6f2b-4b6e-9b57-1b0a4f2d9a11";
const uuidHex = Buffer.from(uuid).toString("hex");

const written: readonly [what: string, serde: unknown, data: unknown, hex: string][] = [
  ["a short", shortSerde, -2, "fffe"],
  ["an integer", integerSerde, -2, "fffffffe"],
  ["a long", longSerde, -2, "fffffffffffffffe"],
  ["the largest long that a number tells", longSerde, Number.MAX_SAFE_INTEGER, "001fffffffffffff"],
  ["the smallest long", bigintSerde, -(2n ** 63n), "8000000000000000"],
  ["a float", floatSerde, 1.5, "3fc00000"],
  ["a double", doubleSerde, -0.1, "bfb999999999999a"],
  ["true", booleanSerde, true, "01"],
  ["false", booleanSerde, false, "00"],
  ["a UUID", uuidSerde, uuid, uuidHex],
  ["text", stringSerde, "grüß", "6772c3bcc39f"],
  ["bytes", bytesSerde, Buffer.from("0102", "hex"), "0102"],
  ["JSON", jsonSerde(), { a: 1 }, Buffer.from('{"a":1}').toString("hex")],
  ["a list of integers", listSerde(integerSerde), [1, null, 3], "000000000100000001000000030000000100000003"],
  ["a list of texts", listSerde(stringSerde), ["a", null, "bcd"], "01000000030000000161ffffffff00000003626364"],
  ["a list of UUIDs", listSerde(uuidSerde), [uuid], `000000000000000001${uuidHex}`],
  ["a list of booleans", listSerde(booleanSerde), [true, false], "010000000200000001010000000100"],
  ["an empty list", listSerde(longSerde), [], "000000000000000000"],
];

describe("is written and read as Java does", () => {
  for (const [what, serde, data, hex] of written) {
    test(what, () => {
      const tried = serde as Serde<unknown>;
      assert.equal((tried.serialize(data, anyContext) as Buffer).toString("hex"), hex);
      assert.deepEqual(tried.deserialize(Buffer.from(hex, "hex"), anyContext), data);
      assert.equal(tried.serialize(null, anyContext), null);
      assert.equal(tried.deserialize(null, anyContext), null);
    });
  }

  test("nothing", () => {
    assert.equal(voidSerde.serialize(null, anyContext), null);
    assert.equal(voidSerde.deserialize(null, anyContext), null);
    assert.throws(() => voidSerde.deserialize(Buffer.alloc(0), anyContext));
  });
});

describe("what does not fit is refused", () => {
  const write: readonly [string, unknown, unknown][] = [
    ["a short of 40,000", shortSerde, 40_000],
    ["an integer of 2^31", integerSerde, 2 ** 31],
    ["a long of 2^60 as a number", longSerde, 2 ** 60],
    ["a long of 1.5", longSerde, 1.5],
    ["a UUID of other text", uuidSerde, "abc"],
  ];
  for (const [what, serde, data] of write) {
    test(what, () => assert.throws(() => (serde as Serde<unknown>).serialize(data, anyContext)));
  }

  const read: readonly [string, unknown, string][] = [
    ["an integer of three bytes", integerSerde, "000000"],
    ["a long of five", longSerde, "0000000000"],
    ["a long that no number tells", longSerde, "7fffffffffffffff"],
    ["a boolean of 2", booleanSerde, "02"],
    ["a list of another kind", listSerde(stringSerde), "000000000000000000"],
    ["a list that ends within an entry", listSerde(stringSerde), "0100000001000000056162"],
    ["a list that ends before its entries", listSerde(integerSerde), "00000000000000000200000001"],
    ["a list with an entry of negative size", listSerde(stringSerde), "0100000001fffffffe"],
    ["a list of no bytes", listSerde(stringSerde), ""],
  ];
  for (const [what, serde, hex] of read) {
    test(what, () => assert.throws(() => (serde as Serde<unknown>).deserialize(Buffer.from(hex, "hex"), anyContext)));
  }
});
