// Bytes to frames, however they are cut.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FrameReader } from "../src/network/frame-reader.ts";

function framed(...bodies: readonly Buffer[]): Buffer {
  return Buffer.concat(
    bodies.flatMap((body) => {
      const size = Buffer.alloc(4);
      size.writeInt32BE(body.length);
      return [size, body];
    }),
  );
}

/** Feeds the bytes as a socket does, at most `step` at a time. */
function read(reader: FrameReader, bytes: Buffer, step: number): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length && reader.refusal === null;) {
    const count = bytes.copy(reader.target(), 0, at, Math.min(bytes.length, at + step));
    reader.filled(count);
    at += count;
    for (let frame = reader.next(); frame !== null; frame = reader.next()) frames.push(frame);
  }
  return frames;
}

const body = (length: number, seed: number): Buffer => Buffer.alloc(length, seed);

describe("frames come whole, whatever the pieces", () => {
  const bodies = [
    body(0, 0),
    body(5, 1),
    body(70_000, 2),
    body(9_000, 3),
    body(8_191, 4),
    body(300_000, 5),
    body(1, 6),
    body(65_536, 7),
  ];
  for (const step of [1, 3, 4, 1000, 4096, 65_536, 1_000_000]) {
    test(`read by ${step} bytes`, () => {
      const frames = read(new FrameReader(1_000_000), framed(...bodies), step);
      assert.deepEqual(frames, bodies);
    });
    test(`pushed by ${step} bytes`, () => {
      const reader = new FrameReader(1_000_000);
      const bytes = framed(...bodies);
      const frames: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += step)
        reader.push(bytes.subarray(at, at + step), (frame) => frames.push(frame));
      assert.deepEqual(frames, bodies);
    });
  }
});

test("a long frame is read into its own buffer, all but the little that came with its size", () => {
  const reader = new FrameReader(2_000_000);
  const bytes = framed(body(1_000_000, 9));
  reader.filled(bytes.copy(reader.target(), 0, 0, 100));
  assert.equal(reader.next(), null);
  const target = reader.target();
  assert.equal(target.length, 1_000_000 - 96);
  reader.filled(bytes.copy(target, 0, 100));
  const frame = reader.next()!;
  assert.equal(frame.buffer, target.buffer);
  assert.equal(frame.equals(body(1_000_000, 9)), true);
});

test("after a long frame only the beginning of the next is read where it has to be copied from", () => {
  const reader = new FrameReader(2_000_000);
  read(reader, framed(body(100_000, 1)), 1_000_000);
  assert.equal(reader.target().length, 1024);
  read(reader, framed(body(10, 1)), 1_000_000);
  assert.equal(reader.target().length, 65_536);
});

test("a frame handed out is never written to again", () => {
  const reader = new FrameReader(1_000);
  const [first] = read(reader, framed(body(10, 1)), 1_000);
  read(reader, framed(body(500, 2)), 1_000);
  assert.deepEqual(first, body(10, 1));
});

describe("what is no frame is refused", () => {
  for (const [what, size] of [
    ["a negative size", -1],
    ["a size over the limit", 1_001],
    ["text of another protocol", 0x48545450],
  ] as const) {
    test(what, () => {
      const reader = new FrameReader(1_000);
      const bytes = Buffer.alloc(8);
      bytes.writeInt32BE(size);
      assert.deepEqual(read(reader, bytes, 8), []);
      assert.match(reader.refusal!, new RegExp(`announces ${size} bytes; the limit is 1000`));
    });
  }
});
