// The partition of a key, as Apache Kafka 4.3's brokers compute it (Utils.abs(key.hashCode()) % partitions).

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { partitionFor } from "../src/runtime/partition-for.ts";

describe("the partition of a key among 50", () => {
  const table: [key: string, hash: string, partition: number][] = [
    ["", "0", 0],
    ["a", "97", 47],
    ["buyers", "negative", 20],
    ["polygenelubricants", "Integer.MIN_VALUE", 0],
  ];
  for (const [key, hash, partition] of table) {
    test(`"${key}", whose hash is ${hash}`, () => assert.equal(partitionFor(key, 50), partition));
  }
});
