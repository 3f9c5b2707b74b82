// The codecs on their own: what they write they read, foreign framings are read, damage gives DecodeError and bombs stop at the limit.
// Batches that Apache Kafka compressed are read in records-read.test.ts.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { DecodeError, SeededRandom } from "@ottla/base";
import { compress, compressionNames, decompress, DecompressedTooLargeError } from "../src/compression/index.ts";
import type { CompressionName } from "../src/compression/index.ts";
import { xxhash32 } from "../src/compression/xxhash32.ts";

const MEGABYTE = 1024 * 1024;
const codecs = compressionNames.filter((name) => name !== "none");
const random = new SeededRandom(7);

const contents: Record<string, Buffer> = {
  nothing: Buffer.alloc(0),
  "one byte": Buffer.from("x"),
  "twelve bytes": Buffer.from("abcabcabcabc"),
  "a repeated byte": Buffer.alloc(100_000, 7),
  "text of exactly one 64 KB block": Buffer.alloc(65_536, "the quick brown fox "),
  "text of one byte more than a block": Buffer.alloc(65_537, "the quick brown fox "),
  "random bytes over several blocks": random.bytes(150_000),
  "lines of JSON": Buffer.from(
    Array.from({ length: 3000 }, (_, index) => {
      const word = random.pick(["apple", "pear", "plum", "cherry", "quince"]);
      return `{"id":${index},"name":"${word}-${random.below(500)}","price":${random.below(100_000)}}\n`;
    }).join(""),
  ),
  "text and random bytes mixed": Buffer.concat(
    Array.from({ length: 40 }, (_, index) => Buffer.concat([random.bytes(1000), Buffer.alloc(2000, `row ${index} `)])),
  ),
};

describe("what a codec writes it reads", () => {
  for (const name of compressionNames) {
    for (const [what, bytes] of Object.entries(contents)) {
      test(`${name} of ${what}`, () => {
        assert.deepEqual(decompress(name, compress(name, null, bytes), bytes.length), bytes);
      });
    }
  }
});

describe("levels", () => {
  const text = contents["lines of JSON"]!;
  const pairs: [CompressionName, number, number][] = [
    ["gzip", 1, 9],
    ["lz4", 1, 12],
    ["zstd", -50, 19],
  ];
  for (const [name, low, high] of pairs) {
    test(`${name} ${high} is smaller than ${name} ${low}, and both are read`, () => {
      const loose = compress(name, low, text);
      const tight = compress(name, high, text);
      assert.ok(tight.length < loose.length, `${tight.length} < ${loose.length}`);
      assert.deepEqual(decompress(name, loose, MEGABYTE), text);
      assert.deepEqual(decompress(name, tight, MEGABYTE), text);
    });
  }
  for (const level of [1, 2, 4, 9, 12, 17]) {
    test(`lz4 level ${level} is read back`, () => {
      for (const bytes of Object.values(contents))
        assert.deepEqual(decompress("lz4", compress("lz4", level, bytes), MEGABYTE), bytes);
    });
  }
});

describe("limits", () => {
  const zeros = Buffer.alloc(4 * MEGABYTE);
  for (const name of codecs) {
    test(`${name} gives exactly the limit`, () => {
      assert.equal(decompress(name, compress(name, null, zeros), zeros.length).length, zeros.length);
    });
    test(`${name} stops one byte above the limit`, () => {
      assert.throws(() => decompress(name, compress(name, null, zeros), zeros.length - 1), DecompressedTooLargeError);
    });
  }
  test("snappy does not make room for more than its bytes can unfold to", () => {
    // 17 bytes that declare 40 MB.
    const bytes = Buffer.from("c6fd8e132a14920d55e17016ca7a670011", "hex");
    assert.throws(() => decompress("snappy", bytes, 128 * MEGABYTE), /cannot unfold/);
    const dense = compress("snappy", null, Buffer.alloc(MEGABYTE));
    assert.equal(decompress("snappy", dense, MEGABYTE).length, MEGABYTE);
  });

  test("snappy does not believe a length of 4 GB", () => {
    assert.throws(() => decompress("snappy", Buffer.from("ffffffff0f00", "hex"), MEGABYTE), DecompressedTooLargeError);
  });
});

describe("damage", () => {
  for (const name of codecs) {
    test(`${name}: cut, mutated and random bytes give DecodeError or bytes, seed 11`, () => {
      const seeded = new SeededRandom(11);
      let refused = 0;
      for (let round = 0; round < 600; round++) {
        const input = damaged(seeded, name);
        try {
          assert.ok(decompress(name, input, MEGABYTE, seeded.below(3)).length <= MEGABYTE);
        } catch (error) {
          assert.ok(error instanceof DecodeError, `${name} threw ${String(error)} for ${input.toString("hex")}`);
          refused++;
        }
      }
      assert.ok(refused > 300, `only ${refused} were refused`);
    });
    test(`${name}: half of it is refused`, () => {
      const whole = compress(name, null, contents["text and random bytes mixed"]!);
      assert.throws(() => decompress(name, whole.subarray(0, whole.length >> 1), MEGABYTE), DecodeError);
    });
  }
});

function damaged(seeded: SeededRandom, name: CompressionName): Buffer {
  const samples = [Buffer.alloc(70_000, "abcdefg"), seeded.bytes(3000), Buffer.from("hello hello hello hello")];
  const whole = Buffer.from(compress(name, null, seeded.pick(samples)));
  if (seeded.chance(0.3)) return whole.subarray(0, seeded.below(whole.length));
  if (seeded.chance(0.3)) return seeded.bytes(seeded.below(200));
  for (let flips = seeded.below(8) + 1; flips > 0; flips--)
    whole[seeded.below(Math.min(60, whole.length))] = seeded.uint32() & 0xff;
  return whole;
}

describe("snappy framings", () => {
  // "hello" as one raw snappy literal.
  const raw = Buffer.from("051068656c6c6f", "hex");
  const header = Buffer.from("82534e41505059000000000100000001", "hex");
  const chunk = Buffer.concat([Buffer.from("00000007", "hex"), raw]);
  const cases: Record<string, Buffer> = {
    "raw snappy": raw,
    "snappy-java's framing": Buffer.concat([header, chunk]),
    "two streams one after the other": Buffer.concat([header, chunk, header, chunk]),
    "a rest too short for a size": Buffer.concat([header, chunk, Buffer.from("0000", "hex")]),
  };
  for (const [what, bytes] of Object.entries(cases)) {
    test(`reads ${what}`, () => {
      const expected = what.startsWith("two") ? "hellohello" : "hello";
      assert.equal(decompress("snappy", bytes, 100).toString(), expected);
    });
  }
  test("refuses a framing of version 0", () => {
    const old = Buffer.concat([header, chunk]);
    old[11] = 0;
    assert.throws(() => decompress("snappy", old, 100), DecodeError);
  });
  test("writes snappy-java's framing", () => {
    assert.deepEqual(compress("snappy", null, Buffer.from("hello")), Buffer.concat([header, chunk]));
  });
});

describe("LZ4 frames", () => {
  // Flags, block descriptor, header checksum; then one stored block "hello".
  const frame = (flags: number, extra: string, block: string): Buffer => {
    const head = Buffer.from("04224d18" + flags.toString(16).padStart(2, "0") + "40" + extra, "hex");
    const checksum = Buffer.from([(xxhash32(head, 4, head.length) >>> 8) & 0xff]);
    return Buffer.concat([head, checksum, Buffer.from(block, "hex")]);
  };
  const hello = "0500008068656c6c6f";
  const helloChecksum = Buffer.alloc(4);
  helloChecksum.writeUInt32LE(xxhash32(Buffer.from("hello"), 0, 5));

  const readable: Record<string, Buffer> = {
    "a stored block": frame(0x60, "", hello + "00000000"),
    "a content size": frame(0x68, "0500000000000000", hello + "00000000"),
    "a content checksum, which Kafka does not look at": frame(0x64, "", hello + "00000000deadbeef"),
    "a block checksum": frame(0x70, "", hello + helloChecksum.toString("hex") + "00000000"),
    "bytes behind the end mark": frame(0x60, "", hello + "00000000ffff"),
  };
  for (const [what, bytes] of Object.entries(readable)) {
    test(`reads a frame with ${what}`, () => assert.equal(decompress("lz4", bytes, 100).toString(), "hello"));
  }
  const unreadable: Record<string, Buffer> = {
    "dependent blocks": frame(0x40, "", hello + "00000000"),
    "another version": frame(0xa0, "", hello + "00000000"),
    "no end mark": frame(0x60, "", hello),
    "a wrong block checksum": frame(0x70, "", hello + "0000000100000000"),
    "a block larger than declared": frame(0x60, "", "01000180"),
  };
  for (const [what, bytes] of Object.entries(unreadable)) {
    test(`refuses a frame with ${what}`, () => assert.throws(() => decompress("lz4", bytes, 100), DecodeError));
  }
  test("a wrong header checksum is refused, except in magic 0, whose writers got it wrong", () => {
    const wrong = frame(0x60, "", hello + "00000000");
    wrong[6]! ^= 1;
    assert.throws(() => decompress("lz4", wrong, 100, 2), DecodeError);
    assert.throws(() => decompress("lz4", wrong, 100, 1), DecodeError);
    assert.equal(decompress("lz4", wrong, 100, 0).toString(), "hello");
  });
});

describe("xxhash32", () => {
  const vectors: [string, number][] = [
    ["", 0x02cc5d05],
    ["a", 0x550d7456],
    ["abc", 0x32d153ff],
    ["Nobody inspects the spammish repetition", 0xe2293b2f],
  ];
  for (const [text, hash] of vectors) {
    test(`of "${text}"`, () => assert.equal(xxhash32(Buffer.from(text), 0, text.length), hash));
  }
});

test("importing the package loads no compression code", () => {
  const script = `
    import { createRequire } from "node:module";
    await import(${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)});
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => /lz4|snappy/.test(path));
    process.stdout.write(JSON.stringify(loaded));`;
  const result = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  assert.equal(result.stdout, "[]", result.stderr);
});
