// What Produce accepts, refuses and rewrites. The codes were compared with an Apache Kafka 4.3.1 broker that was sent the same
// bytes; where Ottla answers otherwise on purpose, the sentence says so.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LONG_MAX, SeededRandom, writeInt32, writeInt64 } from "@ottla/base";
import {
  batchFormat,
  checkProduceRecords,
  compress,
  compressionNames,
  controlBatch,
  endTransactionBatch,
  errorName,
  MAX_RECORD_ERRORS,
  readRecords,
  RecordBatchBuilder,
  validateRecords,
} from "../src/index.ts";
import type { BatchOptions, CompressionName, RecordToAppend, Validated, ValidationOptions } from "../src/index.ts";
import { batchFromKafka } from "./records-fixtures.ts";

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;

const defaults: ValidationOptions = {
  origin: "client",
  maxMessageBytes: 1_048_588,
  compressionType: "producer",
  compressionLevel: null,
  timestampType: "CreateTime",
  nowMs: NOW,
  timestampBeforeMaxMs: LONG_MAX,
  timestampAfterMaxMs: HOUR,
  compacted: false,
};

function record(index: number, change: Partial<RecordToAppend> = {}): RecordToAppend {
  return { timestamp: NOW + index, key: Buffer.from(`k${index}`), value: Buffer.from(`value-${index}`), ...change };
}

function batch(options: BatchOptions = {}, records = [record(0), record(1), record(2)]): Buffer {
  const builder = new RecordBatchBuilder(options);
  for (const one of records) builder.append(one);
  return builder.build();
}

/** A copy with changed bytes and a checksum that fits again. */
function changed(original: Buffer, change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(original);
  change(bytes);
  batchFormat.writeCrc(bytes, 0);
  return bytes;
}

/** The batch with its records section replaced, sizes and checksum in order. */
function withRecords(original: Buffer, records: Buffer): Buffer {
  const bytes = Buffer.concat([original.subarray(0, batchFormat.HEADER_BYTES), records]);
  return changed(bytes, (copy) => writeInt32(copy, batchFormat.LENGTH_AT, copy.length - batchFormat.LOG_OVERHEAD));
}

function setCounts(bytes: Buffer, count: number, lastOffsetDelta: number): void {
  writeInt32(bytes, batchFormat.RECORD_COUNT_AT, count);
  writeInt32(bytes, batchFormat.LAST_OFFSET_DELTA_AT, lastOffsetDelta);
}

function accepted(records: Buffer, options: Partial<ValidationOptions> = {}): Validated {
  const result = validateRecords(records, { ...defaults, ...options });
  assert.ok(result.ok, result.ok ? "" : `${errorName(result.errorCode)}: ${result.errorMessage}`);
  batchFormat.forEachBatch(result.records, (position) => assert.ok(batchFormat.verifyCrc(result.records, position)));
  return result;
}

interface Case {
  records: Buffer;
  code: string;
  /** Indexes of the records that are named. */
  named?: number[];
  options?: Partial<ValidationOptions>;
}

function refuses(cases: Record<string, Case>): void {
  for (const [sentence, { records, code, named, options }] of Object.entries(cases)) {
    test(`${sentence}: ${code}`, () => {
      const result = validateRecords(records, { ...defaults, ...options });
      assert.ok(!result.ok, "it was accepted");
      assert.equal(errorName(result.errorCode), code, result.errorMessage);
      assert.deepEqual(
        result.recordErrors.map((error) => error.batchIndex),
        named ?? [],
      );
    });
  }
}

describe("refused for its frame or header", () => {
  const good = batch();
  const resized = (length: number): Buffer => {
    const bytes = Buffer.from(good);
    writeInt32(bytes, batchFormat.LENGTH_AT, length);
    return bytes;
  };
  const magic = (value: number): Buffer => {
    const bytes = Buffer.from(good);
    bytes[batchFormat.MAGIC_AT] = value;
    return bytes;
  };
  const flipped = (at: number): Buffer => {
    const bytes = Buffer.from(good);
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    return bytes;
  };
  const shifted = Buffer.from(good);
  writeInt64(shifted, 0, 5);

  refuses({
    "no bytes": { records: Buffer.alloc(0), code: "INVALID_RECORD" },
    "cut within base offset and length": { records: good.subarray(0, 11), code: "INVALID_RECORD" },
    "cut within the header": { records: good.subarray(0, 40), code: "INVALID_RECORD" },
    "cut within the records": { records: good.subarray(0, 70), code: "INVALID_RECORD" },
    "a length of one more than is there": { records: resized(good.length - 11), code: "INVALID_RECORD" },
    "a length of one less than is there": { records: resized(good.length - 13), code: "CORRUPT_MESSAGE" },
    "a length of 0": { records: resized(0), code: "CORRUPT_MESSAGE" },
    "a negative length": { records: resized(-5), code: "CORRUPT_MESSAGE" },
    "a length shorter than a header": { records: resized(48), code: "CORRUPT_MESSAGE" },
    "the largest length (Kafka overflows and says UNKNOWN_SERVER_ERROR)": {
      records: resized(0x7fff_ffff),
      code: "CORRUPT_MESSAGE",
    },
    "magic 0": { records: magic(0), code: "INVALID_RECORD" },
    "magic 1": { records: magic(1), code: "INVALID_RECORD" },
    "magic 3": { records: magic(3), code: "CORRUPT_MESSAGE" },
    "magic 255": { records: magic(255), code: "CORRUPT_MESSAGE" },
    "two batches": { records: Buffer.concat([good, good]), code: "INVALID_RECORD" },
    "a batch and zeros": { records: Buffer.concat([good, Buffer.alloc(40)]), code: "CORRUPT_MESSAGE" },
    "a base offset other than 0": { records: shifted, code: "INVALID_RECORD" },
    "a flipped bit under the checksum, in the header": { records: flipped(30), code: "CORRUPT_MESSAGE" },
    "a flipped bit under the checksum, in the records": { records: flipped(good.length - 3), code: "CORRUPT_MESSAGE" },
    "a wrong checksum of a batch that is too large as well": {
      records: flipped(30),
      options: { maxMessageBytes: 70 },
      code: "MESSAGE_TOO_LARGE",
    },
    "one byte above max.message.bytes": {
      records: good,
      options: { maxMessageBytes: good.length - 1 },
      code: "MESSAGE_TOO_LARGE",
    },
    "compression type 5": { records: changed(good, (bytes) => (bytes[22] = 5)), code: "UNKNOWN_SERVER_ERROR" },
  });

  test("exactly max.message.bytes is accepted", () =>
    void accepted(Buffer.from(good), { maxMessageBytes: good.length }));
  test("a part of another batch behind the first is cut off", () => {
    assert.deepEqual(accepted(Buffer.concat([good, good.subarray(0, 30)])).records, good);
  });
  test("zstd before Produce version 7 gets UNSUPPORTED_COMPRESSION_TYPE", () => {
    const zstd = batch({ compression: "zstd" });
    const problem = checkProduceRecords(zstd, 6);
    assert.equal(problem && errorName(problem.errorCode), "UNSUPPORTED_COMPRESSION_TYPE");
    assert.equal(checkProduceRecords(zstd, 7), null);
    assert.equal(checkProduceRecords(batch({ compression: "lz4" }), 6), null);
  });
});

describe("refused for what the header claims", () => {
  const good = batch();
  const empty = good.subarray(0, batchFormat.HEADER_BYTES);
  refuses({
    "zero records": {
      records: withRecords(
        changed(empty, (bytes) => setCounts(bytes, 0, 0)),
        Buffer.alloc(0),
      ),
      code: "INVALID_RECORD",
    },
    "zero records over offsets to -1": {
      records: withRecords(
        changed(empty, (bytes) => setCounts(bytes, 0, -1)),
        Buffer.alloc(0),
      ),
      code: "INVALID_RECORD",
    },
    "a negative count": { records: changed(good, (bytes) => setCounts(bytes, -1, 2)), code: "INVALID_RECORD" },
    "a count that the offsets do not have": {
      records: changed(good, (bytes) => setCounts(bytes, 4, 2)),
      code: "INVALID_RECORD",
    },
    "one record more than there is": {
      records: changed(good, (bytes) => setCounts(bytes, 4, 3)),
      code: "INVALID_RECORD",
    },
    "one record less than there is": {
      records: changed(good, (bytes) => setCounts(bytes, 2, 1)),
      code: "INVALID_RECORD",
    },
    "a control batch from a client": {
      records: controlBatch([{ type: 1, value: Buffer.alloc(6), timestamp: NOW }], {
        producerId: 1,
        producerEpoch: 0,
        baseSequence: 0,
      }),
      code: "INVALID_RECORD",
    },
    "a producer id without a sequence": {
      records: batch({ producerId: 77, producerEpoch: 0 }),
      code: "INVALID_RECORD",
    },
    "transactional without a producer id (Kafka takes it)": {
      records: changed(good, (bytes) => (bytes[22] = batchFormat.TRANSACTIONAL_FLAG)),
      code: "INVALID_RECORD",
    },
    "a producer id beyond 2^53 (Kafka takes it)": {
      records: changed(batch({ producerId: 77, producerEpoch: 0, baseSequence: 0 }), (bytes) => (bytes[44] = 0x40)),
      code: "INVALID_RECORD",
    },
  });
});

describe("refused for the structure of its records", () => {
  const good = batch();
  // The first record: length at 61, attributes, timestamp delta, offset delta, key length at 65, two bytes of key, value length at 68.
  const poke = (at: number, byte: number): Buffer => changed(good, (bytes) => (bytes[at] = byte));
  const withHeader = batch({}, [record(0, { headers: [{ key: "h", value: Buffer.from("v") }] })]);
  const headerCountAt = withHeader.length - 5;
  const pokeHeader = (by: number, byte: number): Buffer =>
    changed(withHeader, (bytes) => (bytes[headerCountAt + by] = byte));
  refuses({
    "a record length of one more": { records: changed(good, (bytes) => (bytes[61]! += 2)), code: "INVALID_RECORD" },
    "a record length of one less": { records: changed(good, (bytes) => (bytes[61]! -= 2)), code: "INVALID_RECORD" },
    "a record length of 0": { records: poke(61, 0), code: "INVALID_RECORD" },
    "a negative record length": { records: poke(61, 1), code: "INVALID_RECORD" },
    "a record length beyond the batch": { records: poke(61, 0x7e), code: "INVALID_RECORD" },
    "a record length of more than five bytes": {
      records: changed(good, (bytes) => bytes.fill(0xff, 61, 70)),
      code: "INVALID_RECORD",
    },
    "a key beyond its record": { records: poke(65, 0x7e), code: "INVALID_RECORD" },
    "a value beyond its record": { records: poke(68, 0x7e), code: "INVALID_RECORD" },
    "a null key where a key's bytes follow": { records: poke(65, 1), code: "INVALID_RECORD" },
    "a negative number of headers": { records: pokeHeader(0, 1), code: "INVALID_RECORD" },
    "more headers than there are": { records: pokeHeader(0, 4), code: "INVALID_RECORD" },
    "a header with a null key": { records: pokeHeader(1, 1), code: "INVALID_RECORD" },
    "a header key beyond its record": { records: pokeHeader(1, 0x7e), code: "INVALID_RECORD" },
    "a header value beyond its record": { records: pokeHeader(3, 0x7e), code: "INVALID_RECORD" },
    "bytes behind the last record": {
      records: withRecords(good, Buffer.concat([good.subarray(61), Buffer.alloc(1)])),
      code: "INVALID_RECORD",
    },
    "offset deltas 0, 2, 3 (Kafka stores them)": {
      records: changed(batch({}, [record(0), record(1, { offset: 2 }), record(2)]), (bytes) => setCounts(bytes, 3, 2)),
      code: "INVALID_RECORD",
      named: [1, 2],
    },
    "offset deltas 0, 2, 3 under lz4 (Kafka says UNKNOWN_SERVER_ERROR)": {
      records: changed(batch({ compression: "lz4" }, [record(0), record(1, { offset: 2 }), record(2)]), (bytes) =>
        setCounts(bytes, 3, 2),
      ),
      code: "INVALID_RECORD",
      named: [1, 2],
    },
  });
  test("whatever bytes a batch has, it gets an answer, and what is accepted can be read, seed 3", () => {
    const random = new SeededRandom(3);
    const samples = [good, withHeader, ...compressionNames.map((compression) => batch({ compression }))];
    let refused = 0;
    for (let round = 0; round < 4000; round++) {
      const bytes = Buffer.from(random.pick(samples));
      for (let count = random.below(4) + 1; count > 0; count--)
        bytes[21 + random.below(bytes.length - 21)] = random.uint32() & 0xff;
      batchFormat.writeCrc(bytes, 0);
      const result = validateRecords(bytes, { ...defaults, timestampAfterMaxMs: LONG_MAX });
      if (result.ok) {
        const offsets = [...readRecords(result.records)].map((one) => one.offset);
        assert.deepEqual(offsets, [...offsets.keys()], bytes.toString("hex"));
      } else refused++;
    }
    assert.ok(refused > 1000 && refused < 3900, String(refused));
  });
});

describe("keys", () => {
  const records = [record(0), record(1, { key: null }), record(2, { key: null })];
  const compacted = { compacted: true };
  refuses({
    "a null key in a compacted topic": {
      records: batch({}, records),
      options: compacted,
      code: "INVALID_RECORD",
      named: [1, 2],
    },
    "a null key in a compacted topic, gzip": {
      records: batch({ compression: "gzip" }, records),
      options: compacted,
      code: "INVALID_RECORD",
      named: [1, 2],
    },
    "more bad records than an answer names": {
      records: batch(
        {},
        Array.from({ length: MAX_RECORD_ERRORS + 1 }, () => record(0, { key: null })),
      ),
      options: compacted,
      code: "INVALID_RECORD",
      named: Array.from({ length: MAX_RECORD_ERRORS }, (_, index) => index),
    },
  });
  test("null keys elsewhere and empty keys in a compacted topic are accepted", () => {
    accepted(batch({}, records));
    accepted(batch({}, [record(0, { key: Buffer.alloc(0) })]), compacted);
  });
});

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
