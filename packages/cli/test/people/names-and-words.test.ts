// Names, patterns and small values of a command line. Pure.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { expandNames, filterNames, matcher } from "../../src/people/names.ts";
import { collectOf, collectPairs, topicWord, wholeNumber } from "../../src/people/words.ts";

describe("patterns:", () => {
  const rows: readonly (readonly [pattern: string, name: string, matches: boolean])[] = [
    ["orders", "orders", true],
    ["orders", "orders-eu", false],
    ["orders*", "orders", true],
    ["*eu", "orders-eu", true],
    ["*", "", true],
    ["o*s*u", "orders-eu", true],
    ["o*s*x", "orders-eu", false],
    ["order?", "orders", true],
    ["order?", "order", false],
    ["a.b", "axb", false],
    ["a+(b)[c]", "a+(b)[c]", true],
    ["", "a", false],
  ];
  for (const [pattern, name, matches] of rows) {
    test(`"${pattern}" ${matches ? "matches" : "does not match"} "${name}"`, () => {
      assert.equal(matcher(pattern)(name), matches);
    });
  }

  test("many stars take no time", () => {
    const started = performance.now();
    assert.equal(matcher(`${"*a".repeat(50)}b`)("a".repeat(5000)), false);
    assert.equal(performance.now() - started < 500, true);
  });

  test("names stay, patterns become what they match, and each comes once", () => {
    const there = ["orders", "orders-eu", "payments"];
    assert.deepEqual(expandNames(["nowhere", "ord*", "orders"], there, "topic"), ["nowhere", "orders", "orders-eu"]);
    assert.throws(() => expandNames(["x*"], there, "topic"), { message: "no topic matches x*" });
    assert.deepEqual(filterNames([], ["b", "a"]), ["a", "b"]);
    assert.deepEqual(filterNames(["x*"], there), []);
  });
});

describe("topics with partitions:", () => {
  const rows: readonly (readonly [word: string, expected: unknown])[] = [
    ["orders", { topic: "orders", partitions: null }],
    ["orders:0", { topic: "orders", partitions: [0] }],
    ["orders:5-7,0,6", { topic: "orders", partitions: [0, 5, 6, 7] }],
  ];
  for (const [word, expected] of rows) test(word, () => assert.deepEqual(topicWord(word), expected));
  for (const word of ["orders:", "orders:x", "orders:3-1", ":1", "orders:1,", "orders:-1"]) {
    test(`${word} is refused`, () => assert.throws(() => topicWord(word), { name: "CommandError" }));
  }
});

test("numbers have their range, pairs a name, and choices any case", () => {
  assert.equal(wholeNumber(-5)("-5"), -5);
  for (const text of ["", "1.5", "0x10", "1e3", " 1", "9007199254740993"]) {
    assert.throws(() => wholeNumber(0)(text), { name: "CommandError" }, text);
  }
  assert.throws(() => wholeNumber(1, 3)("4"), { message: "4 is not a whole number from 1 to 3" });
  assert.deepEqual(collectPairs("a=b=c", [["x", ""]]), [
    ["x", ""],
    ["a", "b=c"],
  ]);
  for (const text of ["a", "=b"])
    assert.throws(() => collectPairs(text, undefined), { message: `${text} is not name=value` });
  assert.deepEqual(collectOf(["Stable", "Empty"])("sTABLE", ["Empty"]), ["Empty", "Stable"]);
});
