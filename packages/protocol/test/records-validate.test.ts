// What Produce accepts, refuses and rewrites. The codes were compared with an Apache Kafka 4.3.1 broker that was sent the same
// bytes; where Ottla answers otherwise on purpose, the sentence says so.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LONG_MAX, SeededRandom, writeInt32, writeInt64 } from "@ottla/base";
import {
  batchFormat,
  checkProduceRecords,
  compressionNames,
  controlBatch,
  errorName,
  MAX_RECORD_ERRORS,
  readRecords,
  validateRecords,
} from "../src/index.ts";
import {
  NOW,
  defaults,
  record,
  batch,
  changed,
  withRecords,
  setCounts,
  accepted,
  refuses,
} from "./support/validate-cases.ts";

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
