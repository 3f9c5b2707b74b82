// The hash over a group's topics against values that hash4j 0.22 gave, the library that Kafka 4.3 computes it with.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MetadataHashes, NO_TOPICS_HASH, topicHash } from "../src/group/consumer/metadata-hash.ts";
import { xxh3 } from "../src/group/consumer/xxh3.ts";
import { topicsView } from "./support/group-context.ts";

// Bytes 3, 10, 17, … of each length: every branch of the algorithm, and both sides of each of its limits.
const vectors = `
  0 2d06800538d394c2
  1 13e608bc156defed
  2 1c9074b93943b86c
  3 a9088dda485b481c
  4 6d9253b16c8b1ed3
  5 998620e10e3a4b37
  8 60539db630471163
  9 feff668361d723a8
  16 b8c859b0f030b585
  17 714a04408e79b80f
  32 19ff4ee1d6ba1a55
  33 3e44983ad21679c8
  64 287eb1fa9e4be2c1
  65 829218de4d798646
  96 f084e7cfbc624743
  97 1daa83271a8e7b7c
  128 67425a03650261bf
  129 c664bf3311c6abc4
  130 a620cbbc569eeeab
  160 d70dea8de694b883
  200 746cd0025327bf5b
  240 64556dc6b462a6cf
  241 8beadd3a8874fe17
  242 6a06414a9f40bc71
  256 3c38817f6d79c0da
  300 fd9aa0f0d62e0227
  511 e3fca5c97aa72e1b
  512 f58202b8d9019d1d
  1023 d26986a0b85dcc44
  1024 9b81661c641c72b1
  1025 806c2072ed713576
  1088 2f8781e01841f0da
  2000 71f8268c6d856c4a
  4096 d7428746842be37e
  5000 799aaddd7339581d
`;

describe("XXH3 of", () => {
  for (const line of vectors.trim().split("\n")) {
    const [length, hash] = line.trim().split(" ") as [string, string];
    test(`${length} bytes`, () => {
      const input = Buffer.from(Array.from({ length: Number(length) }, (_, index) => (index * 7 + 3) & 0xff));
      assert.equal(xxh3(input), hash);
    });
  }
});

const id = Buffer.from("0123456789abcdef1122334455667788", "hex").toString("base64url");

describe("a topic's hash", () => {
  const cases = [
    { name: "without racks", topic: { name: "foo", partitions: 1 }, hash: "335b9949fefa4e6e" },
    { name: "with letters beyond ASCII", topic: { name: "fooé", partitions: 3 }, hash: "582004b572425b52" },
    {
      name: "with racks, in whatever order",
      topic: { name: "foo", partitions: 2, racks: ["r22", "r1"] },
      hash: "e30f147d2ed17869",
    },
    { name: "with 500 partitions", topic: { name: "foo", partitions: 500 }, hash: "0c15eda1aba5f3ed" },
  ];
  for (const { name, topic, hash } of cases) {
    test(name, () => assert.equal(topicHash(topicsView([{ id, ...topic }]).topic(topic.name)!), hash));
  }
});

describe("a group's hash", () => {
  const topics = topicsView([
    { id, name: "b", partitions: 1 },
    { id: Buffer.from("1123456789abcdef1122334455667788", "hex").toString("base64url"), name: "a", partitions: 2 },
  ]);

  test("is 0 when none of its topics exists", () => {
    assert.equal(new MetadataHashes().ofGroup(["x", "y"], topics), NO_TOPICS_HASH);
    assert.equal(new MetadataHashes().ofGroup([], topics), NO_TOPICS_HASH);
  });

  test("is over the hashes of its topics by name", () => {
    const hashes = new MetadataHashes();
    assert.equal(hashes.ofGroup(["b", "gone", "a"], topics), "0c3999f55a938991");
    assert.equal(hashes.ofGroup(["a", "b"], topics), "0c3999f55a938991");
  });

  test("changes with its topics, once it was told that they changed", () => {
    const hashes = new MetadataHashes();
    const before = hashes.ofGroup(["b"], topics);
    const grown = topicsView([{ id, name: "b", partitions: 2 }]);
    assert.equal(hashes.ofGroup(["b"], grown), before);
    hashes.topicChanged("b");
    assert.notEqual(hashes.ofGroup(["b"], grown), before);
  });
});
