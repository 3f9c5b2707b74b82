// The assembler alone: bytes in by any split, through the shared buffer and through direct reads, frames out.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BufferPool } from "../src/buffer-pool.ts";
import { DIRECT_READ_BYTES_MIN, FRAME_FIRST_BYTES, FrameAssembler } from "../src/frame-assembler.ts";
import type { Frame } from "../src/frame-assembler.ts";
import { FETCH, PRODUCE, request, sized } from "./harness.ts";

const MAX = 4 * FRAME_FIRST_BYTES;

function assembler(pool = new BufferPool(100_000_000)): FrameAssembler {
  return new FrameAssembler({ maxFrameBytes: MAX, bulkApiKeys: new Set([PRODUCE]), pool });
}

/** Feeds `stream` in pieces through one shared buffer, as a connection does, and spoils the buffer after each piece. */
function feed(into: FrameAssembler, stream: Buffer, pieces: number[]): Frame[] {
  const shared = Buffer.alloc(64 * 1024);
  const frames: Frame[] = [];
  let at = 0;
  for (const piece of pieces) {
    stream.copy(shared, 0, at, at + piece);
    into.lend(shared, piece);
    for (let frame = into.next(); frame !== null; frame = into.next()) frames.push(frame);
    into.retain();
    shared.fill(0xee);
    at += piece;
  }
  return frames;
}

/** Feeds as Node does: into the direct target when there is one. */
function feedDirectly(into: FrameAssembler, stream: Buffer): { frames: Frame[]; direct: number } {
  const shared = Buffer.alloc(64 * 1024);
  const frames: Frame[] = [];
  let direct = 0;
  for (let at = 0; at < stream.length;) {
    const target = into.target();
    const count = Math.min((target ?? shared).length, stream.length - at);
    stream.copy(target ?? shared, 0, at, at + count);
    at += count;
    if (target === null) {
      into.lend(shared, count);
    } else {
      direct += count;
      into.fill(count);
    }
    for (let frame = into.next(); frame !== null; frame = into.next()) frames.push(frame);
    into.retain();
    shared.fill(0xee);
  }
  return { frames, direct };
}

describe("the frame assembler", () => {
  const small = [
    request(FETCH, 1, 8),
    request(PRODUCE, 2, 31),
    Buffer.from([7]),
    Buffer.alloc(0),
    request(FETCH, 3, 12),
  ];
  const stream = Buffer.concat(small.map(sized));

  it("finds the same frames wherever the stream is cut in two", () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const frames = feed(assembler(), stream, [cut, stream.length - cut]);
      assert.deepEqual(
        frames.map((frame) => frame.bytes),
        small,
        `cut at ${cut}`,
      );
    }
  });

  it("finds the same frames wherever the stream is cut in three", () => {
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second++) {
        const frames = feed(assembler(), stream, [first, second - first, stream.length - second]);
        assert.deepEqual(
          frames.map((frame) => frame.bytes),
          small,
          `cut at ${first} and ${second}`,
        );
      }
    }
  });

  it("finds the frames byte by byte", () => {
    const pieces = new Array<number>(stream.length).fill(1);
    assert.deepEqual(
      feed(assembler(), stream, pieces).map((frame) => frame.bytes),
      small,
    );
  });

  it("marks as bulk only frames whose API key is in the set", () => {
    assert.deepEqual(
      feed(assembler(), stream, [stream.length]).map((frame) => frame.bulk),
      [false, true, false, false, false],
    );
  });

  it("takes the frames of bulk requests from the pool and no others", () => {
    const frames = [request(PRODUCE, 1, 20_000), request(FETCH, 2, 20_000)];
    const found = feed(assembler(), Buffer.concat(frames.map(sized)), [40_008]);
    assert.deepEqual(
      found.map((frame) => frame.pooled !== null),
      [true, false],
    );
    assert.deepEqual(
      found.map((frame) => frame.bytes),
      frames,
    );
  });

  it("keeps what was not asked for when the loan ends, and nothing of the lender's buffer", () => {
    const one = assembler();
    const lent = Buffer.from(stream);
    one.lend(lent, lent.length);
    assert.deepEqual(one.next()!.bytes, small[0]);
    one.retain();
    lent.fill(0xee);
    assert.equal(one.hasInput(), true);
    const rest = [one.next(), one.next(), one.next(), one.next(), one.next()];
    assert.deepEqual(
      rest.map((frame) => frame?.bytes),
      [...small.slice(1), undefined],
    );
    assert.equal(one.hasInput(), false);
  });
});

describe("long frames", () => {
  const sizes = [
    DIRECT_READ_BYTES_MIN - 1,
    DIRECT_READ_BYTES_MIN + 70_000,
    FRAME_FIRST_BYTES - 1,
    FRAME_FIRST_BYTES,
    FRAME_FIRST_BYTES + 1,
    FRAME_FIRST_BYTES * 2,
    FRAME_FIRST_BYTES * 3 + 17,
  ];
  for (const apiKey of [PRODUCE, FETCH]) {
    it(`are read into their own buffers and come out whole (API key ${apiKey})`, () => {
      const frames = sizes.map((bytes, index) => request(apiKey, index + 1, bytes));
      const pool = new BufferPool(100_000_000);
      const { frames: found, direct } = feedDirectly(assembler(pool), Buffer.concat(frames.map(sized)));
      assert.equal(found.length, frames.length);
      for (const [index, frame] of found.entries())
        assert.ok(frame.bytes.equals(frames[index]!), `${sizes[index]} bytes`);
      assert.ok(direct > FRAME_FIRST_BYTES * 6, `${direct} bytes were read directly`);
    });
  }

  it("cost no more memory than a first step until their bytes come", () => {
    const one = assembler();
    feed(one, sized(request(FETCH, 1, MAX)), [100]);
    assert.equal(one.target()!.length, FRAME_FIRST_BYTES - 96);
  });

  it("are taken whole from the pool when it has such a buffer", () => {
    const pool = new BufferPool(100_000_000);
    pool.give(pool.take(MAX));
    const one = assembler(pool);
    feed(one, sized(request(PRODUCE, 1, MAX)), [100]);
    assert.equal(one.target()!.length, MAX - 96);
  });

  it("give an unfinished frame's buffer back to the pool when dropped", () => {
    const pool = new BufferPool(100_000_000);
    const one = assembler(pool);
    feed(one, sized(request(PRODUCE, 1, 8192)), [100]);
    assert.equal(pool.idleBytes(), 0);
    one.drop();
    assert.equal(pool.idleBytes(), 8192);
  });
});

describe("lengths that no frame has", () => {
  const cases: [string, number, RegExp][] = [
    ["minus one", -1, /announces -1 bytes/],
    ["the smallest int32", -0x8000_0000, /announces -2147483648 bytes/],
    ["one more than the limit", MAX + 1, /more than the limit of/],
    ["the largest int32", 0x7fff_ffff, /more than the limit of/],
  ];
  for (const [name, length, refusal] of cases) {
    it(`refuse the stream for good: ${name}`, () => {
      const head = Buffer.alloc(12);
      head.writeInt32BE(length);
      const one = assembler();
      assert.deepEqual(feed(one, head, [12]), []);
      assert.match(one.refusal!, refusal);
      assert.equal(one.next(), null);
    });
  }

  it("but the limit itself is good", () => {
    const one = assembler();
    feed(one, sized(request(FETCH, 1, MAX)), [4]);
    assert.equal(one.refusal, null);
  });
});
