// The three indexes against bytes written by hand in Kafka's formats, and their look-ups and cuts.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DecodeError } from "@ottla/base";
import { OffsetIndex } from "../src/offset-index.ts";
import { TimeIndex } from "../src/time-index.ts";
import { TransactionIndex } from "../src/transaction-index.ts";

describe("the offset index", () => {
  test("has 8 bytes an entry: relative offset, position", () => {
    const index = new OffsetIndex(1000);
    index.append(1004, 4200);
    index.append(1258, 0x01020304);
    assert.equal(index.table.all().toString("hex"), joined("0000000400001068", "0000010201020304"));
  });

  const index = new OffsetIndex(
    100,
    Buffer.from(joined("0000000500000064", "0000000a000000c8", "000000140000012c"), "hex"),
  );
  const lookUps: [sentence: string, offset: number, position: number][] = [
    ["below the first entry the segment's beginning", 104, 0],
    ["an entry's own offset", 105, 100],
    ["between entries the lower", 109, 100],
    ["above the last entry the last", 5000, 300],
  ];
  for (const [sentence, offset, position] of lookUps) {
    test(`finds ${sentence}`, () => assert.equal(index.positionOf(offset), position));
  }

  const bounds: [position: number, offset: number | null][] = [
    [1, 105],
    [100, 105],
    [101, 110],
    [300, 120],
    [301, null],
  ];
  for (const [position, offset] of bounds) {
    test(`says that what lies before ${position} is below offset ${offset}`, () =>
      assert.equal(index.offsetAtOrAfter(position), offset));
  }

  const cuts: [offset: number, left: number][] = [
    [105, 0],
    [106, 1],
    [120, 2],
    [121, 3],
  ];
  for (const [offset, left] of cuts) {
    test(`keeps ${left} entries when cut at ${offset}`, () => {
      const copy = new OffsetIndex(100, Buffer.from(index.table.all()));
      copy.truncateTo(offset);
      assert.equal(copy.count, left);
    });
  }

  const problems: [sentence: string, bytes: string, problem: RegExp][] = [
    ["offsets that repeat", joined("0000000500000064", "00000005000000c8"), /does not increase/],
    ["positions that go back", joined("0000000500000064", "0000000600000010"), /does not increase/],
    ["a position behind the segment", "0000000500010000", /outside of the segment/],
    ["a negative offset", "ffffffff00000010", /below the base offset/],
  ];
  for (const [sentence, bytes, problem] of problems) {
    test(`refuses ${sentence}`, () =>
      assert.match(new OffsetIndex(100, Buffer.from(bytes, "hex")).problem(1000)!, problem));
  }

  test("is full when the file would be", () => {
    assert.equal(index.isFull(32, 0), false);
    assert.equal(index.isFull(32, 1), true);
    assert.equal(index.isFull(31, 0), true);
  });

  test("leaves out a half entry at the end of its file", () => {
    assert.equal(new OffsetIndex(0, Buffer.from("00000005000000640000", "hex")).count, 1);
  });
});

describe("the time index", () => {
  test("has 12 bytes an entry: timestamp, relative offset", () => {
    const index = new TimeIndex(1000);
    index.maybeAppend(0x0102030405, 1007);
    assert.equal(index.table.all().toString("hex"), joined("0000000102030405", "00000007"));
  });

  test("takes only timestamps later than the last, and never -1", () => {
    const index = new TimeIndex(0);
    index.maybeAppend(-1, 3);
    index.maybeAppend(50, 5);
    index.maybeAppend(50, 9);
    index.maybeAppend(40, 12);
    index.maybeAppend(51, 12);
    assert.deepEqual([index.count, index.lastTimestamp(), index.lastOffset()], [2, 51, 12]);
  });

  test("leads to the last entry that is not later than the time", () => {
    const index = new TimeIndex(100);
    for (const [timestamp, offset] of [
      [10, 105],
      [20, 110],
    ] as const)
      index.maybeAppend(timestamp, offset);
    assert.deepEqual(
      [9, 10, 19, 20, 99].map((time) => index.offsetOf(time)),
      [100, 105, 105, 110, 110],
    );
  });

  test("keeps a slot free for the entry of the close", () => {
    const index = new TimeIndex(0);
    index.maybeAppend(1, 1);
    assert.equal(index.isFull(36, 0), false);
    index.maybeAppend(2, 2);
    assert.equal(index.isFull(36, 0), true);
  });

  test("refuses times that do not rise and offsets that fall", () => {
    const entry = (time: number, offset: number): string =>
      time.toString(16).padStart(16, "0") + offset.toString(16).padStart(8, "0");
    assert.match(new TimeIndex(0, Buffer.from(entry(5, 1) + entry(5, 2), "hex")).problem()!, /not later/);
    assert.match(new TimeIndex(0, Buffer.from(entry(5, 3) + entry(6, 2), "hex")).problem()!, /goes back/);
    assert.equal(new TimeIndex(0, Buffer.from(entry(5, 3) + entry(6, 3), "hex")).problem(), null);
    const noTime = Buffer.from("400000000000000500000001", "hex");
    assert.throws(() => new TimeIndex(0, noTime).problem(), DecodeError);
  });
});

describe("the transaction index", () => {
  const first = { producerId: 7, firstOffset: 10, lastOffset: 20, lastStableOffset: 12 };
  const second = { producerId: 8, firstOffset: 12, lastOffset: 30, lastStableOffset: 31 };

  test("has 34 bytes an entry: version 0, producer id, first offset, last offset, last stable offset", () => {
    const index = new TransactionIndex(0);
    index.append(first);
    const hex = joined("0000", "0000000000000007", "000000000000000a", "0000000000000014", "000000000000000c");
    assert.equal(index.table.all().toString("hex"), hex);
    assert.deepEqual(new TransactionIndex(0, Buffer.from(hex, "hex")).entryAt(0), first);
  });

  const collected: [
    sentence: string,
    fetchOffset: number,
    upperBoundOffset: number,
    ids: number[],
    complete: boolean,
  ][] = [
    ["a range over both", 0, 40, [7, 8], false],
    ["a range that ends before the second begins", 0, 12, [7], true],
    ["a range behind the first", 21, 25, [8], true],
    ["a range before both", 0, 10, [], true],
  ];
  for (const [sentence, fetchOffset, upperBoundOffset, ids, complete] of collected) {
    test(`collects for ${sentence}`, () => {
      const index = new TransactionIndex(0);
      index.append(first);
      index.append(second);
      const found: { producerId: number; firstOffset: number }[] = [];
      assert.equal(index.collect({ fetchOffset, upperBoundOffset }, found), complete);
      assert.deepEqual(
        found.map(({ producerId }) => producerId),
        ids,
      );
    });
  }

  test("is cut by the offsets of the markers", () => {
    const index = new TransactionIndex(0);
    index.append(first);
    index.append(second);
    index.truncateTo(30);
    assert.equal(index.count, 1);
  });
});

/** Fields of an entry in hexadecimal, one after another. */
function joined(...fields: string[]): string {
  return fields.join("");
}
