// The bytes of a producer snapshot, against a file that Apache Kafka 4.3.1's ProducerStateManager.writeSnapshot wrote.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { crc32c, DecodeError, SeededRandom } from "@ottla/base";
import { decodeProducerSnapshot, encodeProducerSnapshot } from "../src/producer-state-snapshot.ts";

const fromKafka = Buffer.from(
  [
    "AAGSGvitAAAAAwAAAAAAABCSAAYAAAACAAAAAAAAAFgAAAACAAABi8/laAL///////////////8AAAAAAAAD5wAAAAAAAAAAAAAAAABe",
    "AAAAAgAAAYvP5WgFAAAAEQAAAAAAAABGAAAAAAAAA+gAA////////////////wAAAAAAAAGLz+VoCQAAAAX//////////w==",
  ].join(""),
  "base64",
);

test("a snapshot of Kafka's is read", () => {
  const plainEntries: unknown = JSON.parse(JSON.stringify(decodeProducerSnapshot(fromKafka)));
  assert.deepEqual(plainEntries, [
    {
      producerId: 4242,
      epoch: 6,
      coordinatorEpoch: -1,
      lastTimestamp: 1_700_000_000_002,
      transactionFirstOffset: -1,
      batches: [{ firstSequence: 0, lastSequence: 2, lastOffset: 88, offsetDelta: 2, timestamp: 1_700_000_000_002 }],
    },
    {
      producerId: 999,
      epoch: 0,
      coordinatorEpoch: 17,
      lastTimestamp: 1_700_000_000_005,
      transactionFirstOffset: 70,
      batches: [
        { firstSequence: 2_147_483_646, lastSequence: 0, lastOffset: 94, offsetDelta: 2, timestamp: 1_700_000_000_005 },
      ],
    },
    {
      producerId: 1000,
      epoch: 3,
      coordinatorEpoch: 5,
      lastTimestamp: 1_700_000_000_009,
      transactionFirstOffset: -1,
      batches: [],
    },
  ]);
});

test("and written byte for byte the same", () => {
  assert.deepEqual(encodeProducerSnapshot(decodeProducerSnapshot(fromKafka)), fromKafka);
});

test("one without producers is the ten bytes that Kafka writes", () => {
  const bytes = encodeProducerSnapshot([]);
  assert.equal(bytes.toString("hex"), `0001${crc32c(Buffer.alloc(4)).toString(16).padStart(8, "0")}00000000`);
  assert.deepEqual(decodeProducerSnapshot(bytes), []);
});

describe("damage is refused", () => {
  const withChecksum = (bytes: Buffer): Buffer => {
    bytes.writeUInt32BE(crc32c(bytes.subarray(6)), 2);
    return bytes;
  };
  const version = Buffer.from(fromKafka);
  version[1] = 2;
  const count = Buffer.from(fromKafka);
  count[9] = 4;
  const cases: Record<string, Buffer> = {
    "no bytes": Buffer.alloc(0),
    "cut in front": fromKafka.subarray(0, 9),
    "cut at the end": fromKafka.subarray(0, fromKafka.length - 1),
    "cut with a checksum that fits": withChecksum(Buffer.from(fromKafka.subarray(0, fromKafka.length - 1))),
    "another version": version,
    "a count that is too high": withChecksum(count),
    "a negative count": withChecksum(Buffer.from(count).fill(0xff, 6, 10)),
  };
  for (const [sentence, bytes] of Object.entries(cases)) {
    test(sentence, () => assert.throws(() => decodeProducerSnapshot(bytes), DecodeError));
  }
  test("any flipped bit, seed 2", () => {
    const random = new SeededRandom(2);
    for (let round = 0; round < 500; round++) {
      const bytes = Buffer.from(fromKafka);
      bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
      assert.throws(() => decodeProducerSnapshot(bytes), DecodeError);
    }
  });
});
