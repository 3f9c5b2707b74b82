// What one fetch answer becomes: records in order, what is left out, where the position is afterwards, and what damage does.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { batchFormat, compress, endTransactionBatch, RecordBatchBuilder } from "@ottla/protocol";
import type { BatchOptions, CompressionName } from "@ottla/protocol";
import type { AbortedTransaction } from "../src/consumer/decode/aborted-transactions.ts";
import { FetchedChunk } from "../src/consumer/decode/fetched-chunk.ts";
import type { DecodeOptions } from "../src/consumer/decode/fetched-chunk.ts";
import { WorkWindow } from "../src/consumer/work-window.ts";
import { CorruptRecordError } from "../src/errors.ts";

const DECODE: DecodeOptions = { checkCrcs: true, readCommitted: true, maxDecompressedBatchBytes: 1 << 20 };

function chunkOf(
  batches: readonly Buffer[],
  more: { fetchOffset?: number; aborted?: readonly AbortedTransaction[] | null; decode?: Partial<DecodeOptions> } = {},
): FetchedChunk {
  return new FetchedChunk(
    {
      topic: "orders",
      partition: 3,
      window: new WorkWindow(),
      fetchOffset: more.fetchOffset ?? 0,
      bytes: Buffer.concat(batches),
      abortedTransactions: more.aborted ?? null,
    },
    { ...DECODE, ...more.decode },
  );
}

function batch(baseOffset: number, values: readonly string[], options: BatchOptions = {}): Buffer {
  const builder = new RecordBatchBuilder({ baseOffset, partitionLeaderEpoch: 5, ...options });
  for (const [index, value] of values.entries())
    builder.append({ timestamp: 1_000 + index, value: Buffer.from(value) });
  return builder.build();
}

function transactional(baseOffset: number, producerId: number, values: readonly string[]): Buffer {
  return batch(baseOffset, values, { producerId, producerEpoch: 0, baseSequence: 0, isTransactional: true });
}

function marker(baseOffset: number, producerId: number, type: "abort" | "commit"): Buffer {
  return endTransactionBatch(
    { type, coordinatorEpoch: 0 },
    { baseOffset, producerId, producerEpoch: 0, timestamp: 2_000 },
  );
}

/** "offset:value" of all records that the chunk still has. */
function drain(chunk: FetchedChunk): string[] {
  const found: string[] = [];
  for (let record = chunk.peek(); record !== null; record = chunk.peek()) {
    found.push(`${record.offset}:${String(record.value)}`);
    chunk.advance();
  }
  return found;
}

describe("read_committed", () => {
  const cases: {
    name: string;
    batches: Buffer[];
    aborted: AbortedTransaction[] | null;
    fetchOffset?: number;
    expected: string[];
    end: number;
  }[] = [
    {
      name: "two aborted transactions of one producer in one fetch: neither's records come (peers' fault 3b-1)",
      batches: [transactional(0, 7, ["x"]), marker(1, 7, "abort"), transactional(2, 7, ["y"]), marker(3, 7, "abort")],
      aborted: [
        { producerId: 7, firstOffset: 0 },
        { producerId: 7, firstOffset: 2 },
      ],
      expected: [],
      end: 4,
    },
    {
      name: "the abort marker comes in a later fetch: the records do not come (peers' fault 3b-2)",
      batches: [transactional(0, 7, ["x", "y"])],
      aborted: [{ producerId: 7, firstOffset: 0 }],
      expected: [],
      end: 2,
    },
    {
      name: "a fetch that starts at an abort marker goes on behind it (peers' fault 3b-8)",
      batches: [marker(5, 7, "abort"), batch(6, ["a"])],
      aborted: [{ producerId: 7, firstOffset: 2 }],
      fetchOffset: 5,
      expected: ["6:a"],
      end: 7,
    },
    {
      name: "only control records are left: nothing comes, and the position is behind them",
      batches: [marker(0, 7, "commit"), marker(1, 8, "abort")],
      aborted: [],
      expected: [],
      end: 2,
    },
    {
      name: "an aborted transaction, then a committed one of the same producer",
      batches: [transactional(0, 7, ["x"]), marker(1, 7, "abort"), transactional(2, 7, ["a"]), marker(3, 7, "commit")],
      aborted: [{ producerId: 7, firstOffset: 0 }],
      expected: ["2:a"],
      end: 4,
    },
    {
      name: "a committed transaction, then an aborted one of the same producer",
      batches: [transactional(0, 7, ["a"]), marker(1, 7, "commit"), transactional(2, 7, ["x"]), marker(3, 7, "abort")],
      aborted: [{ producerId: 7, firstOffset: 2 }],
      expected: ["0:a"],
      end: 4,
    },
    {
      name: "transactions of two producers interleaved, one aborted, plain records between",
      batches: [
        transactional(0, 7, ["x"]),
        transactional(1, 8, ["a"]),
        batch(2, ["b"]),
        transactional(3, 7, ["y"]),
        marker(4, 8, "commit"),
        marker(5, 7, "abort"),
        batch(6, ["c"]),
      ],
      aborted: [{ producerId: 7, firstOffset: 0 }],
      expected: ["1:a", "2:b", "6:c"],
      end: 7,
    },
    {
      name: "the list of aborted transactions is out of order",
      batches: [transactional(0, 8, ["x"]), marker(1, 8, "abort"), transactional(2, 7, ["y"]), marker(3, 7, "abort")],
      aborted: [
        { producerId: 7, firstOffset: 2 },
        { producerId: 8, firstOffset: 0 },
      ],
      expected: [],
      end: 4,
    },
    {
      name: "idempotent records that are not transactional come, though their producer aborted something",
      batches: [
        transactional(0, 7, ["x"]),
        batch(1, ["a"], { producerId: 7, producerEpoch: 0, baseSequence: 1 }),
        marker(2, 7, "abort"),
      ],
      aborted: [{ producerId: 7, firstOffset: 0 }],
      expected: ["1:a"],
      end: 3,
    },
    {
      name: "an aborted transaction of several batches, fetched from its middle",
      batches: [transactional(4, 7, ["x", "y"]), transactional(6, 7, ["z"]), marker(7, 7, "abort"), batch(8, ["a"])],
      aborted: [{ producerId: 7, firstOffset: 2 }],
      fetchOffset: 5,
      expected: ["8:a"],
      end: 9,
    },
  ];
  for (const { name, batches, aborted, fetchOffset = 0, expected, end } of cases) {
    test(name, () => {
      const chunk = chunkOf(batches, { aborted, fetchOffset });
      assert.equal(chunk.end.offset, end);
      assert.deepEqual(drain(chunk), expected);
      assert.equal(chunk.nextOffset, end);
    });
  }

  test("read_uncommitted gives aborted records, but never control records", () => {
    const batches = [transactional(0, 7, ["x"]), marker(1, 7, "abort"), batch(2, ["a"])];
    const aborted = [{ producerId: 7, firstOffset: 0 }];
    assert.deepEqual(drain(chunkOf(batches, { aborted, decode: { readCommitted: false } })), ["0:x", "2:a"]);
  });
});

describe("batches", () => {
  for (const compression of ["none", "gzip", "snappy", "lz4", "zstd"] as const satisfies CompressionName[]) {
    test(`${compression}: records below the position are left out, and several batches of one answer all come`, () => {
      const batches = [batch(0, ["a", "b", "c"], { compression }), batch(3, ["d"], { compression })];
      const chunk = chunkOf(batches, { fetchOffset: 1 });
      assert.deepEqual(drain(chunk), ["1:b", "2:c", "3:d"]);
      assert.equal(chunk.nextEpoch, 5);
    });
  }

  test("more records than a slice come in order", () => {
    const values = Array.from({ length: 1_000 }, (_, index) => String(index));
    const expected = values.map((value, index) => `${index}:${value}`);
    assert.deepEqual(drain(chunkOf([batch(0, values)])), expected);
  });

  test("keys, nulls, headers, timestamps and epochs are what was written", () => {
    const builder = new RecordBatchBuilder({ baseOffset: 10, partitionLeaderEpoch: 4 });
    const headers = [
      { key: "traceparent", value: Buffer.from("00-1") },
      { key: "empty", value: null },
    ];
    builder.append({ timestamp: 5_000, key: Buffer.from("k"), value: null, headers });
    builder.append({ timestamp: 4_000, key: null, value: Buffer.alloc(0) });
    const chunk = chunkOf([builder.build()], { fetchOffset: 10 });
    const first = chunk.peek()!;
    chunk.advance();
    const second = chunk.peek()!;
    assert.deepEqual(first.toJSON(), {
      topic: "orders",
      partition: 3,
      offset: 10,
      timestamp: 5_000,
      timestampType: "CreateTime",
      key: Buffer.from("k"),
      value: null,
      headers,
      leaderEpoch: 4,
    });
    assert.equal(second.timestamp, 4_000);
    assert.equal(second.key, null);
    assert.deepEqual(second.value, Buffer.alloc(0));
    assert.deepEqual(second.headers, []);
  });

  test("the log's append time is every record's", () => {
    const chunk = chunkOf([batch(0, ["a", "b"], { logAppendTimeMs: 9_999 })]);
    chunk.peek();
    chunk.advance();
    const record = chunk.peek()!;
    assert.deepEqual([record.timestamp, record.timestampType], [9_999, "LogAppendTime"]);
  });

  test("offsets that compaction left empty at a batch's end are passed: the next fetch does not ask for it again", () => {
    const builder = new RecordBatchBuilder({ baseOffset: 0 });
    builder.append({ timestamp: 1, value: Buffer.from("a"), offset: 2 });
    const bytes = builder.build();
    bytes.writeInt32BE(9, batchFormat.LAST_OFFSET_DELTA_AT);
    batchFormat.writeCrc(bytes, 0);
    const chunk = chunkOf([bytes]);
    assert.deepEqual(drain(chunk), ["2:a"]);
    assert.equal(chunk.nextOffset, 10);
  });

  test("a batch that was cut off at the end of the answer is left for the next fetch", () => {
    const whole = batch(0, ["a"]);
    const chunk = chunkOf([whole, batch(1, ["b"]).subarray(0, 40)]);
    assert.equal(chunk.end.offset, 1);
    assert.deepEqual(drain(chunk), ["0:a"]);
  });

  for (const magic of [0, 1] as const) {
    test(`magic ${magic}: plain and wrapped records come, those below the position do not`, () => {
      const plain = legacy(magic, 4, "a", 0);
      const inner = [0, 1, 2].map((offset) => legacy(magic, magic === 1 ? offset : 5 + offset, `w${offset}`, 0));
      const wrapper = legacy(magic, 7, compress("gzip", null, Buffer.concat(inner)), 1);
      const chunk = chunkOf([plain, wrapper], { fetchOffset: 4 });
      assert.equal(chunk.end.offset, 8);
      assert.deepEqual(drain(chunk), ["4:a", "5:w0", "6:w1", "7:w2"]);
      assert.deepEqual(drain(chunkOf([plain, wrapper], { fetchOffset: 6 })), ["6:w1", "7:w2"]);
    });
  }
});

describe("damage", () => {
  function damaged(change: (bytes: Buffer) => void): Buffer {
    const bytes = batch(2, ["b", "c"]);
    change(bytes);
    return bytes;
  }

  const cases: { name: string; bytes: Buffer; reason: RegExp }[] = [
    { name: "a flipped bit", bytes: damaged((bytes) => (bytes[70]! ^= 1)), reason: /checksum/ },
    {
      name: "a record that claims too much, under a right checksum",
      bytes: damaged((bytes) => {
        bytes[batchFormat.RECORDS_AT] = 0x7e;
        batchFormat.writeCrc(bytes, 0);
      }),
      reason: /record 0 of the batch claims 63 bytes/,
    },
    {
      name: "fewer records than the header says",
      bytes: damaged((bytes) => {
        bytes.writeInt32BE(3, batchFormat.RECORD_COUNT_AT);
        batchFormat.writeCrc(bytes, 0);
      }),
      reason: /record 2 of the batch/,
    },
    {
      name: "a magic that no batch has",
      bytes: damaged((bytes) => (bytes[batchFormat.MAGIC_AT] = 9)),
      reason: /no record batch begins/,
    },
  ];
  for (const { name, bytes, reason } of cases) {
    test(`${name}: what is before it comes, then CorruptRecordError at its offset, as often as it is tried`, () => {
      const chunk = chunkOf([batch(0, ["a", "a"]), bytes, batch(4, ["d"])]);
      const found: number[] = [];
      const read = (): void => {
        for (let record = chunk.peek(); record !== null; record = chunk.peek()) {
          found.push(record.offset);
          chunk.advance();
        }
      };
      for (let attempt = 0; attempt < 2; attempt++) {
        assert.throws(read, (error) => error instanceof CorruptRecordError && reason.test(error.message));
        assert.ok(chunk.nextOffset >= 2 && chunk.nextOffset <= 4);
        assert.equal(found[0], 0);
        assert.ok(!found.includes(4));
      }
      assert.equal(new Set(found).size, found.length);
    });
  }

  test("without checkCrcs a wrong checksum is not looked at", () => {
    const bytes = batch(0, ["a"]);
    bytes.writeInt32BE(1, batchFormat.CRC_AT);
    assert.deepEqual(drain(chunkOf([bytes], { decode: { checkCrcs: false } })), ["0:a"]);
  });

  test("a batch that unfolds beyond the limit is refused before it takes the memory", () => {
    const bytes = batch(0, ["z".repeat(100_000)], { compression: "gzip" });
    const chunk = chunkOf([bytes], { decode: { maxDecompressedBatchBytes: 10_000 } });
    assert.throws(() => chunk.peek(), /exceeds 10000 bytes/);
  });

  test("the error tells topic, partition and offset", () => {
    const bytes = batch(6, ["a"]);
    bytes[65]! ^= 1;
    const chunk = chunkOf([bytes], { fetchOffset: 6 });
    assert.throws(
      () => chunk.peek(),
      (error) => {
        assert.ok(error instanceof CorruptRecordError);
        assert.deepEqual(error.context, { topic: "orders", partition: 3, offset: 6 });
        assert.equal(error.code, "CORRUPT_RECORD");
        return true;
      },
    );
  });
});

/** One record of magic 0 or 1, whose checksum is right. */
function legacy(magic: 0 | 1, offset: number, value: string | Buffer, compressionId: number): Buffer {
  const bytes = Buffer.from(value);
  const at = magic === 1 ? 26 : 18;
  const record = Buffer.alloc(at + 8 + bytes.length);
  record.writeBigInt64BE(BigInt(offset), 0);
  record.writeInt32BE(record.length - 12, 8);
  record[16] = magic;
  record[17] = compressionId;
  if (magic === 1) record.writeBigInt64BE(1_234n, 18);
  record.writeInt32BE(-1, at);
  record.writeInt32BE(bytes.length, at + 4);
  bytes.copy(record, at + 8);
  record.writeUInt32BE(crc32(record.subarray(16)), 12);
  return record;
}

function crc32(bytes: Buffer): number {
  let sum = 0xffff_ffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (0xedb8_8320 & -(sum & 1));
  }
  return (sum ^ 0xffff_ffff) >>> 0;
}
