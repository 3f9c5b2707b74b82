// The table of error codes: complete, without gaps, and the properties that clients act upon.

import assert from "node:assert/strict";
import { test } from "node:test";
import { errorCodes, errorMessage, errorName, isRetriable } from "../src/error-codes.ts";

// The retriable errors of Kafka 4.3: those whose exception extends RetriableException.
const retriable = [
  2, 3, 5, 6, 7, 9, 13, 14, 15, 16, 19, 20, 41, 51, 56, 70, 71, 72, 74, 75, 78, 80, 83, 84, 88, 89, 100, 103, 106, 122,
  123, 133,
];

test("codes run from -1 to 133 without gap or repetition", () => {
  const codes = Object.values(errorCodes).sort((left, right) => left - right);
  assert.deepEqual(
    codes,
    Array.from({ length: 135 }, (_, index) => index - 1),
  );
});

test("names and codes lead to each other", () => {
  for (const [name, code] of Object.entries(errorCodes)) assert.equal(errorName(code), name);
  assert.equal(errorName(0), "NONE");
  assert.equal(errorCodes.NOT_LEADER_OR_FOLLOWER, 6);
  assert.equal(errorName(999), "UNKNOWN_ERROR_CODE_999");
});

test("exactly Kafka's retriable errors are retriable", () => {
  assert.deepEqual(
    Object.values(errorCodes)
      .filter(isRetriable)
      .sort((left, right) => left - right),
    retriable,
  );
  assert.equal(isRetriable(999), false);
});

test("every error has a sentence of its own, NONE has none", () => {
  const sentences = Object.values(errorCodes)
    .filter((code) => code !== 0)
    .map(errorMessage);
  assert.ok(sentences.every((sentence) => sentence !== null && /^\S.*\.$/.test(sentence)));
  assert.equal(new Set(sentences).size, sentences.length);
  assert.equal(errorMessage(0), null);
});
