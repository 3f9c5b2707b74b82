// The pool and the budget: sizes, bounds, and what comes back.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AssertionError } from "@ottla/base";
import { BufferPool, STREAM_CHUNK_BYTES_MIN, StreamBudget } from "@ottla/net";

describe("the buffer pool", () => {
  const sizes: [number, number][] = [
    [1, 4096],
    [4096, 4096],
    [4097, 5120],
    [8192, 8192],
    [8193, 10240],
    [16_500, 20480],
    [1_048_576, 1_048_576],
    [1_048_700, 1_310_720],
    [104_857_600, 117_440_512],
  ];
  for (const [asked, granted] of sizes) {
    it(`grants ${granted} bytes to who asks for ${asked}, and takes them back`, () => {
      const pool = new BufferPool(200_000_000);
      const buffer = pool.take(asked);
      assert.equal(buffer.length, granted);
      pool.give(buffer);
      assert.equal(pool.idleBytes(), granted);
      assert.equal(pool.has(asked), true);
      assert.equal(pool.take(asked), buffer);
      assert.equal(pool.idleBytes(), 0);
    });
  }

  it("keeps no more than its limit", () => {
    const pool = new BufferPool(10_000);
    const lent = [pool.take(4096), pool.take(4096), pool.take(4096)];
    for (const buffer of lent) pool.give(buffer);
    assert.equal(pool.idleBytes(), 8192);
  });

  it("lets go of what a whole period did not need, and keeps the rest", () => {
    const pool = new BufferPool(1_000_000);
    const lent = [pool.take(4096), pool.take(4096), pool.take(4096)];
    for (const buffer of lent) pool.give(buffer);
    pool.trim();
    assert.equal(pool.idleBytes(), 3 * 4096, "they came back in this period");
    pool.give(pool.take(4096));
    pool.trim();
    assert.equal(pool.idleBytes(), 4096, "one was used");
    pool.trim();
    assert.equal(pool.idleBytes(), 0);
  });

  it("takes back only what it lent", () => {
    assert.throws(() => new BufferPool(1_000_000).give(Buffer.alloc(5000)), AssertionError);
  });
});

describe("the stream budget", () => {
  it("grants what is wanted while there is room", () => {
    const budget = new StreamBudget(4 * 1024 * 1024, new BufferPool(0));
    assert.equal(budget.take(256 * 1024).length, 256 * 1024);
    assert.equal(budget.lentBytes(), 256 * 1024);
  });

  it("grants less as it is used up, and the smallest chunk beyond", () => {
    const budget = new StreamBudget(1024 * 1024, new BufferPool(0));
    const chunks = Array.from({ length: 30 }, () => budget.take(1024 * 1024));
    const lengths = chunks.map((chunk) => chunk.length / 1024);
    assert.deepEqual(lengths.slice(0, 6), [256, 128, 128, 128, 64, 64]);
    assert.equal(lengths.at(-1), STREAM_CHUNK_BYTES_MIN / 1024);
    for (const chunk of chunks) budget.give(chunk);
    assert.equal(budget.lentBytes(), 0);
    assert.equal(budget.take(1024 * 1024).length, 256 * 1024);
  });
});
