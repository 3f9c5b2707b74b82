// Interned texts and Uuids: always the right value, whatever came before into the same place of the table.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom, ZERO_UUID } from "@ottla/base";
import { internText, internUuid } from "../src/schema/interning.ts";

test("a text comes out as it is written, in ASCII and beyond, short and long, many more than the table holds", () => {
  const random = new SeededRandom(5);
  const frame = Buffer.alloc(400);
  for (let round = 0; round < 20_000; round++) {
    const base = random.pick(["topic-", "", "é", "日本", "x".repeat(30), "y".repeat(33)]);
    const text = base + (random.chance(0.5) ? "" : String(random.below(5000)));
    const start = random.below(20);
    const length = frame.write(text, start);
    assert.equal(internText(frame, start, start + length), text);
  }
});

test("bytes that are not UTF-8 are replaced as everywhere in Node", () => {
  assert.equal(internText(Buffer.from([0x61, 0xff]), 0, 2), "a\ufffd");
});

test("a Uuid comes out as its 16 bytes say, many more than the table holds", () => {
  const random = new SeededRandom(6);
  const known = Array.from({ length: 3000 }, () => random.bytes(16));
  for (let round = 0; round < 20_000; round++) {
    const bytes = random.pick(known);
    assert.equal(internUuid(bytes, 0), bytes.toString("base64url"));
  }
  assert.equal(internUuid(Buffer.alloc(16), 0), ZERO_UUID);
});
