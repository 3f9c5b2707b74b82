// What Produce makes of keys' and records' values: timestamps, compression, recompression, origins. Compared with Kafka as in
// records-validate.test.ts.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SeededRandom, writeInt64 } from "@ottla/base";
import {
  batchFormat,
  compress,
  compressionNames,
  endTransactionBatch,
  errorName,
  readRecords,
  validateRecords,
} from "../src/index.ts";
import type { BatchOptions, CompressionName } from "../src/index.ts";
import { batchFromKafka } from "./records-fixtures.ts";
import {
  NOW,
  HOUR,
  defaults,
  record,
  batch,
  changed,
  withRecords,
  accepted,
  refuses,
} from "./support/validate-cases.ts";

describe("timestamps", () => {
  const tight = { timestampBeforeMaxMs: 1000, timestampAfterMaxMs: 1000 };
  const appendTime = { timestampType: "LogAppendTime" } as const;
  const byBase = (byte: number): Buffer => changed(batch(), (bytes) => (bytes[28] = byte));
  refuses({
    "an hour and a millisecond ahead": {
      records: batch({}, [record(0), record(HOUR + 1)]),
      code: "INVALID_TIMESTAMP",
      named: [1],
    },
    "too old and too new": {
      records: batch({}, [record(-1001), record(0), record(1001)]),
      options: tight,
      code: "INVALID_TIMESTAMP",
      named: [0, 2],
    },
    "too old under snappy": {
      records: batch({ compression: "snappy" }, [record(0), record(-1001)]),
      options: tight,
      code: "INVALID_TIMESTAMP",
      named: [1],
    },
    "no key and too old: the timestamp wins": {
      records: batch({}, [record(0, { key: null }), record(-1001)]),
      options: { ...tight, compacted: true },
      code: "INVALID_TIMESTAMP",
      named: [0, 1],
    },
    "the type LogAppendTime in a topic with LogAppendTime": {
      records: batch({ logAppendTimeMs: NOW }),
      options: appendTime,
      code: "INVALID_TIMESTAMP",
      named: [0, 1, 2],
    },
    "the type LogAppendTime without a time": {
      records: batch({ logAppendTimeMs: -1 }),
      code: "INVALID_TIMESTAMP",
      named: [0, 1, 2],
    },
    "a base beyond 2^53": { records: byBase(0x40), code: "INVALID_TIMESTAMP", named: [0, 1, 2] },
    "a base beyond 2^53 with LogAppendTime (Kafka takes it)": {
      records: byBase(0x40),
      options: appendTime,
      code: "INVALID_TIMESTAMP",
    },
    "a delta beyond 2^53": {
      records: withRecords(
        batch({}, [record(0)]),
        Buffer.from("1c00ffffffffffffffffff0100010100", "hex").fill(0x1e, 0, 1),
      ),
      code: "INVALID_TIMESTAMP",
    },
  });

  test("exactly at the bounds is accepted", () => void accepted(batch({}, [record(-1000), record(1000)]), tight));
  test("-1 is no timestamp, and accepted", () => {
    assert.equal(accepted(batch({}, [record(0, { timestamp: -1 })]), tight).maxTimestamp, -1);
  });
  test("a wrong maximum is corrected, under any codec", () => {
    for (const compression of compressionNames) {
      const wrong = changed(batch({ compression }), (bytes) => writeInt64(bytes, batchFormat.MAX_TIMESTAMP_AT, 5));
      const result = accepted(wrong);
      assert.equal(result.records, wrong);
      assert.deepEqual(
        [result.maxTimestamp, batchFormat.maxTimestamp(wrong, 0), result.logAppendTimeMs],
        [NOW + 2, NOW + 2, -1],
      );
    }
  });
  test("a maximum beyond 2^53 is corrected", () => {
    assert.equal(accepted(changed(batch(), (bytes) => (bytes[36] = 0x40))).maxTimestamp, NOW + 2);
  });
  test("the type LogAppendTime in a topic with CreateTime becomes CreateTime", () => {
    const result = accepted(batch({ logAppendTimeMs: NOW - 5 }));
    assert.equal(batchFormat.timestampType(result.records, 0), "CreateTime");
    assert.equal(result.maxTimestamp, NOW - 5);
  });
  test("LogAppendTime is written into the header, and the records read with it, under any codec", () => {
    for (const compression of compressionNames) {
      const sent = batch({ compression }, [record(0, { timestamp: 1 }), record(0, { timestamp: NOW * 2 })]);
      const result = accepted(sent, appendTime);
      assert.equal(result.records, sent);
      assert.deepEqual(
        [result.logAppendTimeMs, result.maxTimestamp, batchFormat.baseTimestamp(sent, 0)],
        [NOW, NOW, 1],
      );
      assert.deepEqual(
        [...readRecords(sent)].map((one) => one.timestamp),
        [NOW, NOW],
      );
    }
  });
  test("a good batch is not touched", () => {
    for (const compression of compressionNames) {
      const sent = batch({ compression, producerId: 5, producerEpoch: 1, baseSequence: 9 });
      const before = Buffer.from(sent);
      assert.equal(accepted(sent).records, sent);
      assert.deepEqual(sent, before);
    }
  });
});

describe("compressed records", () => {
  const plain = batch().subarray(batchFormat.HEADER_BYTES);
  for (const compression of ["gzip", "snappy", "lz4", "zstd"] as const) {
    const good = batch({ compression });
    const payload = good.subarray(batchFormat.HEADER_BYTES);
    const pack = (records: Buffer): Buffer => withRecords(good, compress(compression, null, records));
    const noise = Buffer.from(payload.map((_, index) => (index * 37) & 0xff));
    refuses({
      [`${compression}: noise`]: { records: withRecords(good, noise), code: "UNKNOWN_SERVER_ERROR" },
      [`${compression}: cut in half`]: {
        records: withRecords(good, payload.subarray(0, payload.length >> 1)),
        code: "UNKNOWN_SERVER_ERROR",
      },
      [`${compression}: garbage inside`]: {
        records: pack(Buffer.from("this is no record, is it? no no no")),
        code: "INVALID_RECORD",
      },
      [`${compression}: fewer records inside`]: { records: pack(plain.subarray(0, 20)), code: "INVALID_RECORD" },
      [`${compression}: nothing inside`]: { records: pack(Buffer.alloc(0)), code: "INVALID_RECORD" },
      [`${compression}: a byte behind the records`]: {
        records: pack(Buffer.concat([plain, Buffer.alloc(1)])),
        code: "INVALID_RECORD",
      },
      [`${compression}: more than the limit inside`]: {
        records: batch({ compression }, [record(0, { value: Buffer.alloc(100_000) })]),
        options: { maxDecompressedBytes: 50_000 },
        code: "MESSAGE_TOO_LARGE",
      },
    });
  }
});

describe("recompression", () => {
  const headers = [{ key: "h", value: Buffer.from("v") }];
  const options: BatchOptions = { producerId: 4000, producerEpoch: 2, baseSequence: 10, isTransactional: true };
  for (const source of compressionNames) {
    for (const target of compressionNames) {
      test(`${source} to ${target} keeps records, producer and sequence`, () => {
        const records = [record(0, { headers }), record(-50, { key: null }), record(7, { value: null })];
        const sent = batch({ ...options, compression: source }, records);
        const result = accepted(sent, { compressionType: target });
        assert.equal(compressionNames[batchFormat.compressionType(result.records, 0)], target);
        const [summary] = result.batches;
        assert.deepEqual(
          [
            summary!.producerId,
            summary!.producerEpoch,
            summary!.baseSequence,
            summary!.lastSequence,
            summary!.isTransactional,
          ],
          [4000, 2, 10, 12, true],
        );
        assert.deepEqual([...readRecords(result.records)], [...readRecords(batch(options, records))]);
        assert.equal(result.maxTimestamp, NOW + 7);
        if (source === target) assert.equal(result.records, sent);
      });
    }
  }
  test("sets LogAppendTime on the way", () => {
    const result = accepted(batch({ compression: "gzip" }), {
      compressionType: "zstd",
      timestampType: "LogAppendTime",
    });
    assert.deepEqual([result.maxTimestamp, batchFormat.timestampType(result.records, 0)], [NOW, "LogAppendTime"]);
  });
  test("uses the level", () => {
    const random = new SeededRandom(5);
    const words = Array.from(
      { length: 20_000 },
      () => random.pick(["apple", "pear", "plum", "cherry"]) + random.below(300),
    );
    const sent = batch({}, [record(0, { value: Buffer.from(words.join(" ")) })]);
    const size = (level: number): number =>
      accepted(Buffer.from(sent), { compressionType: "gzip", compressionLevel: level }).records.length;
    assert.ok(size(9) < size(1));
  });
  test("refuses what grows beyond max.message.bytes", () => {
    const sent = batch({ compression: "gzip" }, [record(0, { value: Buffer.alloc(2000) })]);
    const result = validateRecords(sent, { ...defaults, compressionType: "none", maxMessageBytes: 1000 });
    assert.equal(result.ok || errorName(result.errorCode), "MESSAGE_TOO_LARGE");
  });
  test("leaves control batches as they are", () => {
    const marker = endTransactionBatch(
      { type: "abort", coordinatorEpoch: 3 },
      { producerId: 1, producerEpoch: 0, timestamp: NOW },
    );
    const result = accepted(marker, { origin: "coordinator", compressionType: "lz4" });
    assert.equal(result.records, marker);
    assert.deepEqual(result.batches[0]!.marker, { type: "abort", coordinatorEpoch: 3 });
  });
});

describe("origins", () => {
  test("the controller's batches have no size limit and any base offset", () => {
    accepted(batch({ baseOffset: 9 }), { origin: "controller", maxMessageBytes: 10 });
  });
  test("a coordinator's batches have a limit", () => {
    const result = validateRecords(batch(), { ...defaults, origin: "coordinator", maxMessageBytes: 10 });
    assert.equal(result.ok || errorName(result.errorCode), "MESSAGE_TOO_LARGE");
  });
  test("a follower takes several batches of any magic as they are", () => {
    const fetched = Buffer.concat([
      batchFromKafka("magic 0 gzip"),
      batch({ baseOffset: 200 }),
      batchFromKafka("commit marker").fill(0xff, 7, 8),
    ]);
    const before = Buffer.from(fetched);
    const result = accepted(Buffer.concat([fetched, fetched.subarray(0, 50)]), {
      origin: "replication",
      compressionType: "lz4",
    });
    assert.deepEqual(result.records, before);
    assert.deepEqual(
      result.batches.map(({ baseOffset, recordCount }) => [baseOffset, recordCount]),
      [
        [102, -1],
        [200, 3],
        [255, 1],
      ],
    );
  });
  const falling = Buffer.concat([batch({ baseOffset: 200 }), batch({ baseOffset: 202 })]);
  const damaged = batch({ baseOffset: 200 });
  damaged[70]! ^= 1;
  refuses({
    "offsets that fall, from a leader": {
      records: falling,
      options: { origin: "replication" },
      code: "INVALID_RECORD",
    },
    "a wrong checksum, from a leader": {
      records: damaged,
      options: { origin: "replication" },
      code: "CORRUPT_MESSAGE",
    },
  });
});

test("every codec's name is one that a batch can carry", () => {
  const names: CompressionName[] = [...compressionNames];
  for (const compression of names) assert.equal(accepted(batch({ compression })).recordCount, 3);
});
