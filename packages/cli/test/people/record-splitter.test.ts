// The splitter gives the same pieces however its input is cut into chunks.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RecordSplitter } from "../../src/people/record-splitter.ts";

function split(input: string, delimiter: string, chunkBytes: number, limitBytes = 1000): (string | number)[] {
  const splitter = new RecordSplitter({ delimiter: Buffer.from(delimiter), limitBytes });
  const bytes = Buffer.from(input);
  const pieces = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    for (const piece of splitter.add(bytes.subarray(at, at + chunkBytes))) pieces.push(piece);
  }
  const last = splitter.end();
  if (last !== null) pieces.push(last);
  return pieces.map((piece) => (Buffer.isBuffer(piece) ? piece.toString() : piece.tooLongBytes));
}

const rows: readonly (readonly [sentence: string, input: string, delimiter: string, pieces: readonly string[]])[] = [
  ["lines", "a\nbc\n\ndef\n", "\n", ["a", "bc", "", "def"]],
  ["a last line without its end", "a\nb", "\n", ["a", "b"]],
  ["nothing", "", "\n", []],
  ["one empty line", "\n", "\n", [""]],
  ["no delimiter: one piece", "a\nb\n", "", ["a\nb\n"]],
  ["a delimiter of three bytes", "a--|b--|--|c-", "--|", ["a", "b", "", "c-"]],
  ["a delimiter that repeats itself", "xaaaay", "aa", ["x", "", "y"]],
  ["a beginning of a delimiter that is none", "a-|-b--|c", "--|", ["a-|-b", "c"]],
  ["carriage returns are kept", "a\r\nb\r\n", "\n", ["a\r", "b\r"]],
];

describe("the splitter finds", () => {
  for (const [sentence, input, delimiter, pieces] of rows) {
    test(sentence, () => {
      for (const chunkBytes of [1, 2, 3, 5, 100]) {
        assert.deepEqual(split(input, delimiter, chunkBytes), pieces, `in chunks of ${chunkBytes}`);
      }
    });
  }

  test("pieces over the limit, which it counts and does not keep", () => {
    for (const chunkBytes of [1, 2, 3, 7, 100]) {
      assert.deepEqual(split("1234|123456789|12345|12", "|", chunkBytes, 5), ["1234", 9, "12345", "12"]);
      assert.deepEqual(split("12345--|123456--|1", "--|", chunkBytes, 5), ["12345", 6, "1"]);
      assert.deepEqual(split("123456789", "|", chunkBytes, 5), [9]);
    }
  });

  test("no more in memory than the limit of an endless piece", () => {
    const splitter = new RecordSplitter({ delimiter: Buffer.from("\n"), limitBytes: 1000 });
    const chunk = Buffer.alloc(64 * 1024, "x");
    for (let index = 0; index < 1000; index++) assert.deepEqual(splitter.add(chunk), []);
    assert.deepEqual(splitter.add(Buffer.from("\nnext\n")).map(String), ["[object Object]", "next"]);
  });
});
