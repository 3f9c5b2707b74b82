// Record batches with one defect each: what a broker must refuse to append, because it could not be read back or because only
// brokers write it. Built from a good batch, so that nothing but the defect is wrong; where the defect lies under the
// checksum, the checksum is made right again.

import type { SeededRandom } from "@ottla/base";
import { batchFormat, RecordBatchBuilder } from "@ottla/protocol";
import type { BatchOptions } from "@ottla/protocol";

export interface BadBatch {
  readonly name: string;
  build(random: SeededRandom): Buffer | null;
}

const CODECS = ["gzip", "snappy", "lz4", "zstd"] as const;
const HUGE_VARINT = Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x0f]);

/** A batch that is in order: one to four small records. */
export function goodBatch(random: SeededRandom, options: BatchOptions = {}): Buffer {
  const builder = new RecordBatchBuilder(options);
  for (let left = 1 + random.below(4); left > 0; left--) {
    const value = random.bytes(random.below(60));
    builder.append({
      timestamp: 1_700_000_000_000 + random.below(1000),
      key: random.chance(0.5) ? value : null,
      value,
    });
  }
  return builder.build();
}

/** A good batch after `change`, with its checksum made right. */
function changed(
  name: string,
  change: (batch: Buffer, random: SeededRandom) => void,
  options: BatchOptions = {},
): BadBatch {
  return {
    name,
    build(random) {
      const batch = goodBatch(random, options);
      change(batch, random);
      batchFormat.writeCrc(batch, 0);
      return batch;
    },
  };
}

/** A good batch whose records are replaced by these bytes. */
function withRecords(name: string, recordsOf: (random: SeededRandom) => Buffer, options: BatchOptions = {}): BadBatch {
  return {
    name,
    build(random) {
      const records = recordsOf(random);
      const batch = Buffer.concat([goodBatch(random, options).subarray(0, batchFormat.HEADER_BYTES), records]);
      batch.writeInt32BE(batch.length - batchFormat.LOG_OVERHEAD, batchFormat.LENGTH_AT);
      batch.writeInt32BE(0, batchFormat.LAST_OFFSET_DELTA_AT);
      batch.writeInt32BE(1, batchFormat.RECORD_COUNT_AT);
      batchFormat.writeCrc(batch, 0);
      return batch;
    },
  };
}

/** A good batch with bytes changed and the checksum left as it was. */
function spoiled(name: string, change: (batch: Buffer, random: SeededRandom) => Buffer): BadBatch {
  return { name, build: (random) => change(goodBatch(random), random) };
}

function withLength(name: string, length: (batch: Buffer) => number): BadBatch {
  return spoiled(name, (batch) => {
    batch.writeInt32BE(length(batch), batchFormat.LENGTH_AT);
    return batch;
  });
}

/** One record: length, attributes, timestamp delta, offset delta, then `rest`. */
function record(rest: Buffer, offsetDelta = 0): Buffer {
  const body = Buffer.concat([Buffer.from([0, 0, offsetDelta * 2]), rest]);
  return Buffer.concat([Buffer.from([body.length * 2]), body]);
}

const headerDefects: BadBatch[] = [
  spoiled("wrong checksum", (batch, random) => {
    batch[batchFormat.CRC_AT + random.below(4)]! ^= 1 + random.below(255);
    return batch;
  }),
  spoiled("a flipped bit under the checksum", (batch, random) => {
    batch[batchFormat.ATTRIBUTES_AT + random.below(batch.length - batchFormat.ATTRIBUTES_AT)]! ^= 1 << random.below(8);
    return batch;
  }),
  withLength("length one too small", (batch) => batch.length - batchFormat.LOG_OVERHEAD - 1),
  withLength("length one too large", (batch) => batch.length - batchFormat.LOG_OVERHEAD + 1),
  withLength("length zero", () => 0),
  withLength("length negative", () => -1),
  withLength("length at its largest", () => 0x7fff_ffff),
  withLength("length of half a header", () => 30),
  spoiled("cut short", (batch, random) => batch.subarray(0, random.below(batch.length))),
  spoiled("a second batch behind it", (batch, random) => Buffer.concat([batch, goodBatch(random)])),
  spoiled("magic 3", (batch) => {
    batch[batchFormat.MAGIC_AT] = 3;
    return batch;
  }),
  spoiled("magic of an older format", (batch, random) => {
    batch[batchFormat.MAGIC_AT] = random.below(2);
    return batch;
  }),
  { name: "no bytes", build: () => Buffer.alloc(0) },
  { name: "null", build: () => null },
  { name: "noise", build: (random) => random.bytes(random.below(200)) },
];

const countDefects: BadBatch[] = [
  changed("zero records stated", (batch) => batch.writeInt32BE(0, batchFormat.RECORD_COUNT_AT)),
  changed("negative records stated", (batch) => batch.writeInt32BE(-3, batchFormat.RECORD_COUNT_AT)),
  changed("more records stated than there are", (batch) => {
    batch.writeInt32BE(batchFormat.recordCount(batch, 0) + 1, batchFormat.RECORD_COUNT_AT);
    batch.writeInt32BE(batchFormat.lastOffsetDelta(batch, 0) + 1, batchFormat.LAST_OFFSET_DELTA_AT);
  }),
  changed("two thousand million records stated", (batch) => {
    batch.writeInt32BE(0x7fff_ffff, batchFormat.RECORD_COUNT_AT);
    batch.writeInt32BE(0x7fff_fffe, batchFormat.LAST_OFFSET_DELTA_AT);
  }),
  changed("last offset delta that does not match the count", (batch) =>
    batch.writeInt32BE(77, batchFormat.LAST_OFFSET_DELTA_AT),
  ),
  changed("last offset delta negative", (batch) => batch.writeInt32BE(-1, batchFormat.LAST_OFFSET_DELTA_AT)),
  changed("control batch of a client", () => {}, { isControl: true }),
  changed("codec that does not exist", (batch, random) => {
    batch[batchFormat.ATTRIBUTES_AT + 1] = 5 + random.below(3);
  }),
  changed("producer id without a sequence", (batch) => batch.writeBigInt64BE(4711n, batchFormat.PRODUCER_ID_AT)),
];

const recordDefects: BadBatch[] = [
  withRecords("a record of zero records", () => Buffer.alloc(0)),
  withRecords("record length negative", () => Buffer.from([1, 0, 0, 0])),
  withRecords("record length of gigabytes", () => Buffer.concat([HUGE_VARINT, Buffer.alloc(20)])),
  withRecords("varint that does not end", () => Buffer.alloc(30, 0xff)),
  withRecords("key longer than the record", () => record(Buffer.concat([HUGE_VARINT, Buffer.from([1, 0])]))),
  withRecords("header count negative", () => record(Buffer.from([1, 1, 1]))),
  withRecords("header count of gigabytes", () => record(Buffer.concat([Buffer.from([1, 1]), HUGE_VARINT]))),
  withRecords("header key of no length", () => record(Buffer.from([1, 1, 2, 1, 1]))),
  withRecords("bytes behind the last record", () =>
    Buffer.concat([record(Buffer.from([1, 1, 0])), Buffer.from([7, 7])]),
  ),
  withRecords("record longer than its fields", () => record(Buffer.from([1, 1, 0, 9, 9]))),
  withRecords("offset that is not in its place", () => record(Buffer.from([1, 1, 0]), 5)),
  withRecords("noise for records", (random) => random.bytes(5 + random.below(60))),
  ...CODECS.flatMap((compression) => [
    withRecords(`garbage for ${compression}`, (random) => random.bytes(5 + random.below(100)), { compression }),
    spoiledCompression(compression),
  ]),
];

/** Compressed records with bytes changed in the middle of the compressed data. */
function spoiledCompression(compression: (typeof CODECS)[number]): BadBatch {
  return {
    name: `${compression} cut short`,
    build(random) {
      const whole = goodBatch(random, { compression });
      const batch = Buffer.from(whole.subarray(0, whole.length - 1 - random.below(8)));
      batch.writeInt32BE(batch.length - batchFormat.LOG_OVERHEAD, batchFormat.LENGTH_AT);
      batchFormat.writeCrc(batch, 0);
      return batch;
    },
  };
}

/** Over the default message.max.bytes of 1,048,588. Rare, because it is long. */
export const tooLargeBatch: BadBatch = {
  name: "more than message.max.bytes",
  build(random) {
    const builder = new RecordBatchBuilder();
    builder.append({ timestamp: 0, value: Buffer.alloc(1_100_000, random.below(256)) });
    return builder.build();
  },
};

/** Kafka cuts off what cannot be another batch and appends the rest; what could be one is refused. */
export const batchWithBytesBehind: BadBatch = spoiled("bytes behind it", (batch, random) =>
  Buffer.concat([batch, random.bytes(1 + random.below(70))]),
);

/** Those whose checksum is right: only who looks further can refuse them. */
export const badUnderTheChecksum: readonly BadBatch[] = [...countDefects, ...recordDefects];

/** All but the long one. */
export const badBatches: readonly BadBatch[] = [...headerDefects, ...badUnderTheChecksum];
