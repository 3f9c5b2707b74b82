// Reading batches of every magic and codec that Apache Kafka wrote, and walking and building them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DecodeError } from "@ottla/base";
import {
  batchFormat,
  compressionNames,
  endTransactionBatch,
  readRecords,
  RecordBatchBuilder,
  summarizeBatch,
} from "../src/index.ts";
import type { BatchRecord, CompressionName } from "../src/index.ts";
import { batchFromKafka } from "./records-fixtures.ts";

const utf8 = (bytes: Buffer | null): string | null => bytes?.toString() ?? null;
const plainly = (record: BatchRecord) => [record.offset, record.timestamp, utf8(record.key), utf8(record.value)];

/** All records of all batches. */
function recordsOf(buffer: Buffer): BatchRecord[] {
  const records: BatchRecord[] = [];
  const end = batchFormat.forEachBatch(buffer, (position) => {
    assert.ok(batchFormat.verifyCrc(buffer, position));
    records.push(...readRecords(buffer, position));
  });
  assert.equal(end, buffer.length);
  return records;
}

describe("Kafka's batches are read, whatever the magic and the codec", () => {
  for (const magic of [0, 1, 2]) {
    for (const name of compressionNames) {
      if (magic < 2 && name === "zstd") continue;
      test(`magic ${magic}, ${name}`, () => {
        const records = recordsOf(batchFromKafka(`magic ${magic} ${name}`));
        const timestamps = magic === 0 ? [-1, -1, -1] : [1_700_000_000_000, 1_700_000_000_250, 1_700_000_000_100];
        assert.deepEqual(records.map(plainly), [
          [100, timestamps[0], "key-0", "the first value"],
          [101, timestamps[1], null, "a value without a key"],
          [102, timestamps[2], "key-2", null],
        ]);
        if (magic < 2) return;
        const headers = records[2]!.headers.map((header) => [header.key, utf8(header.value)]);
        assert.deepEqual(headers, [
          ["trace", "abc"],
          ["none", null],
        ]);
      });
    }
  }

  for (const name of ["gzip", "snappy", "lz4", "zstd"]) {
    test(`a value over several blocks, ${name}`, () => {
      const [record] = recordsOf(batchFromKafka(`several blocks ${name}`));
      const expected = Buffer.alloc(150_000);
      for (let at = 0; at < expected.length; at++) expected[at] = 97 + (Math.floor(at / 1000) % 26);
      assert.deepEqual(record!.value, expected);
    });
  }

  test("in a magic 1 wrapper with LogAppendTime all records have the wrapper's time", () => {
    const records = recordsOf(batchFromKafka("magic 1 gzip LogAppendTime"));
    assert.deepEqual(records.map(plainly), [
      [7, 1_700_000_009_999, "a", "1"],
      [8, 1_700_000_009_999, "b", "2"],
    ]);
  });

  test("sequences go on at 0 after 2^31 - 1, and LogAppendTime is the batch's", () => {
    const records = recordsOf(batchFromKafka("magic 2 transactional LogAppendTime"));
    assert.deepEqual(
      records.map((record) => [record.offset, record.timestamp, record.sequence]),
      [
        [7, 1_700_000_009_999, 2_147_483_646],
        [8, 1_700_000_009_999, 2_147_483_647],
        [9, 1_700_000_009_999, 0],
      ],
    );
  });
});

test("the accessors read each field of a header that Kafka wrote", () => {
  const batch = Buffer.concat([Buffer.alloc(5), batchFromKafka("magic 2 transactional LogAppendTime")]);
  assert.deepEqual(
    {
      magic: batchFormat.magic(batch, 5),
      length: batchFormat.batchLength(batch, 5),
      leaderEpoch: batchFormat.partitionLeaderEpoch(batch, 5),
      compression: batchFormat.compressionType(batch, 5),
      timestampType: batchFormat.timestampType(batch, 5),
      baseTimestamp: batchFormat.baseTimestamp(batch, 5),
      lastOffset: batchFormat.lastOffset(batch, 5),
      summary: summarizeBatch(batch, 5),
    },
    {
      magic: 2,
      length: batch.length - 5 - 12,
      leaderEpoch: 5,
      compression: 0,
      timestampType: "LogAppendTime",
      baseTimestamp: 1_700_000_000_000,
      lastOffset: 9,
      summary: {
        position: 5,
        sizeInBytes: batch.length - 5,
        baseOffset: 7,
        recordCount: 3,
        lastOffsetDelta: 2,
        maxTimestamp: 1_700_000_009_999,
        producerId: 4000,
        producerEpoch: 3,
        baseSequence: 2_147_483_646,
        lastSequence: 0,
        isTransactional: true,
        isControl: false,
        marker: null,
      },
    },
  );
});

test("a magic 1 wrapper's header is answered as Kafka's legacy batches are", () => {
  const batch = batchFromKafka("magic 1 gzip");
  const { baseOffset, recordCount, maxTimestamp, producerId, baseSequence, isControl } = summarizeBatch(batch, 0);
  assert.deepEqual(
    [baseOffset, recordCount, maxTimestamp, producerId, baseSequence, isControl],
    [102, -1, 1_700_000_000_250, -1, -1, false],
  );
  assert.equal(batchFormat.partitionLeaderEpoch(batch, 0), -1);
});

describe("transaction markers", () => {
  test("are written byte for byte as Kafka writes them", () => {
    const commit = endTransactionBatch(
      { type: "commit", coordinatorEpoch: 17 },
      { producerId: 4000, producerEpoch: 3, timestamp: 1_700_000_000_000, baseOffset: 42, partitionLeaderEpoch: 5 },
    );
    assert.deepEqual(commit, batchFromKafka("commit marker"));
  });
  test("are found by the summary", () => {
    assert.deepEqual(summarizeBatch(batchFromKafka("abort marker"), 0).marker, { type: "abort", coordinatorEpoch: 18 });
  });
});

describe("the builder", () => {
  for (const compression of compressionNames) {
    test(`writes what Kafka writes, ${compression}`, () => {
      const builder = new RecordBatchBuilder({ baseOffset: 100, compression });
      for (const { timestamp, key, value, headers } of recordsOf(batchFromKafka("magic 2 none")))
        builder.append({ timestamp, key, value, headers });
      const built = builder.build();
      assert.deepEqual(recordsOf(built).map(plainly), recordsOf(batchFromKafka(`magic 2 ${compression}`)).map(plainly));
      if (compression === "none") assert.deepEqual(built, batchFromKafka("magic 2 none"));
    });
  }
  test("writes LogAppendTime, producer and transaction as Kafka writes them", () => {
    const builder = new RecordBatchBuilder({
      baseOffset: 7,
      logAppendTimeMs: 1_700_000_009_999,
      producerId: 4000,
      producerEpoch: 3,
      baseSequence: 2_147_483_646,
      isTransactional: true,
      partitionLeaderEpoch: 5,
    });
    for (const [key, value, later] of [
      ["a", "1", 0],
      ["b", "2", 250],
      ["c", "3", 250],
    ] as const) {
      builder.append({ timestamp: 1_700_000_000_000 + later, key: Buffer.from(key), value: Buffer.from(value) });
    }
    assert.deepEqual(builder.build(), batchFromKafka("magic 2 transactional LogAppendTime"));
  });
  test("keeps gaps in offsets and large steps in time", () => {
    const builder = new RecordBatchBuilder({ baseOffset: 10 });
    builder.append({ timestamp: 0, offset: 11 });
    builder.append({ timestamp: 8_000_000_000_000, offset: 500 });
    builder.append({ timestamp: 5 });
    const batch = builder.build();
    assert.deepEqual([...readRecords(batch)].map(plainly), [
      [11, 0, null, null],
      [500, 8_000_000_000_000, null, null],
      [501, 5, null, null],
    ]);
    assert.deepEqual([batchFormat.lastOffset(batch, 0), batchFormat.maxTimestamp(batch, 0)], [501, 8_000_000_000_000]);
  });
  test("refuses offsets that fall back, empty batches and transactions without a producer", () => {
    const builder = new RecordBatchBuilder();
    builder.append({ timestamp: 0, offset: 3 });
    assert.throws(() => builder.append({ timestamp: 0, offset: 3 }), /offsets/);
    assert.throws(() => new RecordBatchBuilder().build(), /at least one/);
    assert.throws(() => new RecordBatchBuilder({ isTransactional: true }), /producer id/);
  });
});

describe("walking batches", () => {
  const batch = batchFromKafka("magic 2 none");
  const two = Buffer.concat([batch, batchFromKafka("magic 1 none")]);
  test("ends before a part of a batch", () => {
    const seen: number[] = [];
    const end = batchFormat.forEachBatch(two.subarray(0, two.length - 1), (position) => void seen.push(position));
    assert.deepEqual(seen, [0, batch.length, batch.length + 54]);
    assert.equal(end, batch.length + 109);
  });
  test("ends where the visitor says", () => {
    assert.equal(
      batchFormat.forEachBatch(two, (position) => position < batch.length),
      batch.length,
    );
  });
  const corrupt: [string, number, number][] = [
    ["a length below 14", 11, 13],
    ["a negative length", 8, 0x80],
    ["a length beyond 2^31 - 13", 8, 0x7f],
    ["magic 3", 16, 3],
  ];
  for (const [what, at, byte] of corrupt) {
    test(`${what} is no batch`, () => {
      const bytes = Buffer.from(batch);
      bytes.fill(0, 8, 12);
      bytes[11] = batch.length - 12;
      if (what.includes("beyond")) bytes.fill(0xff, 9, 12);
      bytes[at] = byte;
      assert.equal(batchFormat.batchSizeAt(bytes, 0), batchFormat.BATCH_CORRUPT);
      assert.throws(() => batchFormat.forEachBatch(bytes, () => {}), DecodeError);
    });
  }
  test("sequences count around 2^31", () => {
    assert.equal(batchFormat.incrementSequence(2_147_483_646, 3), 1);
    assert.equal(batchFormat.decrementSequence(1, 3), 2_147_483_646);
  });
});

describe("damaged batches give DecodeError", () => {
  const names = ["magic 0 gzip", "magic 1 none", "magic 1 snappy", "magic 2 none", "magic 2 lz4"];
  for (const name of names) {
    test(`${name}, any byte changed to anything`, () => {
      const whole = batchFromKafka(name);
      for (let at = 0; at < whole.length; at++) {
        for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
          const bytes = Buffer.from(whole);
          bytes[at] = byte;
          try {
            for (const record of readRecords(bytes)) assert.ok(Number.isFinite(record.offset));
          } catch (error) {
            assert.ok(error instanceof DecodeError, `byte ${at} = ${byte}: ${String(error)}`);
          }
        }
      }
    });
  }
  test("a batch that decompresses beyond the limit", () => {
    assert.throws(
      () => [
        ...readRecords(batchFromKafka("several blocks zstd" satisfies `several blocks ${CompressionName}`), 0, 100_000),
      ],
      DecodeError,
    );
  });
});
