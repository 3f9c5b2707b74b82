// The limit of a writer: what is larger is refused while it is written, not after its memory was taken.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter } from "../src/index.ts";

test("a writer takes as many bytes as its limit says, and no more", () => {
  const writer = new ByteWriter(4, 1000);
  for (let written = 0; written < 1000; written += 100) writer.bytes(Buffer.alloc(100));
  assert.equal(writer.size(), 1000);
  assert.throws(() => writer.int8(1), RangeError);
});

test("bytes of others that a writer only lists are not its own", () => {
  const writer = new ByteWriter(4, 1000);
  writer.foreign(Buffer.alloc(5000));
  writer.bytes(Buffer.alloc(1000));
  assert.equal(writer.size(), 6000);
});
