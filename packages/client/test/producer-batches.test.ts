// Batches in the making, without a network: the bytes of records, pieces of memory, sizes, splitting; sequences that wrap.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@ottla/base";
import { batchFormat, readRecords } from "@ottla/protocol";
import type { BatchRecord } from "@ottla/protocol";
import { Accumulator } from "../src/producer/accumulator.ts";
import type { AccumulatorOptions } from "../src/producer/accumulator.ts";
import type { Batch } from "../src/producer/batch.ts";
import { BufferPool } from "../src/producer/buffer-pool.ts";
import { PendingRecord } from "../src/producer/pending-record.ts";
import { ProducerPartition } from "../src/producer/producer-partition.ts";
import { exactSize, flattenHeaders, largestSize, writeRecord } from "../src/producer/record-writer.ts";
import type { Data } from "../src/producer/record-writer.ts";
import { SendCall } from "../src/producer/send-call.ts";
import { IdempotentSequencing } from "../src/producer/sequencing.ts";
import { LARGEST_EPOCH, PartitionSequences } from "../src/producer/sequences.ts";

const texts = [
  "",
  "a",
  "x".repeat(19),
  "x".repeat(20),
  "x".repeat(21),
  "x".repeat(63),
  "x".repeat(64),
  "ä".repeat(31),
  "ä".repeat(32),
  "ä".repeat(63),
  "ä".repeat(64),
  "€".repeat(30),
  "😀".repeat(100),
  "x".repeat(8191),
  "x".repeat(8192),
  "ä".repeat(5000),
];

test("records of every shape read back as they were written, within the sizes foretold", () => {
  for (const key of [null, ...texts, Buffer.from("bytes")])
    for (const value of [null, ...texts, Buffer.alloc(300, 1)]) check({ key, value });
});

test("headers in every form", () => {
  const forms = [
    { a: "b", c: null, d: Buffer.from("e") },
    { many: ["1", "2"], none: [] },
    [
      ["a", "1"],
      ["ü", "ö".repeat(40)],
      ["a", null],
    ],
  ] as const;
  for (const headers of forms) check({ key: null, value: "v", headers: flattenHeaders(headers) });
  assert.equal(flattenHeaders({}), null);
  assert.equal(flattenHeaders(undefined), null);
});

test("timestamps before the first, long after it, and far deltas of offsets", () => {
  const times = [0, 5, -5, 63, 64, -64, -65, 2 ** 29, 2 ** 29 - 1, 2 ** 31, -(2 ** 31), 1e14, -1e14];
  for (const delta of times)
    for (const offset of [0, 63, 64, 8191, 8192, 1_000_000]) check({ key: "k", value: "v" }, delta, offset);
});

function check(fields: { key: Data; value: Data; headers?: Data[] | null }, timestampDelta = 0, offsetDelta = 0): void {
  const record = { headers: null, ...fields };
  const bound = largestSize(record);
  const target = Buffer.alloc(batchFormat.HEADER_BYTES + bound + 8, 0xee);
  const from = batchFormat.HEADER_BYTES;
  const end = writeRecord(target, from, record, timestampDelta, offsetDelta);
  assert.equal(end - from <= exactSize(record), true);
  assert.equal(exactSize(record) <= Math.max(bound, exactSize(record)) && end - from <= bound, true);
  assert.equal(target[end], 0xee, "nothing is written behind the record");
  const header = target.subarray(0, end);
  header.fill(0, 0, from);
  header[batchFormat.MAGIC_AT] = 2;
  header.writeInt32BE(end - batchFormat.LOG_OVERHEAD, batchFormat.LENGTH_AT);
  header.writeInt32BE(1, batchFormat.RECORD_COUNT_AT);
  const [read] = [...readRecords(header)];
  assert.deepEqual(bytesOf(read!.key), asBytes(fields.key));
  assert.deepEqual(bytesOf(read!.value), asBytes(fields.value));
  assert.equal(read!.timestamp, timestampDelta);
  assert.equal(read!.offset, offsetDelta);
  const flat = read!.headers.flatMap(({ key, value }) => [asBytes(key), bytesOf(value)]);
  assert.deepEqual(flat, (record.headers ?? []).map(asBytes));
}

test("a batch over several pieces has one header, one checksum and all its records", () => {
  const { accumulator, partition } = make({ maxBatchBytes: 1_000_000 });
  const values = Array.from({ length: 1000 }, (_, index) => `${index} ${"x".repeat(index % 200)}`);
  for (const value of [...values, "y".repeat(50_000), "z"]) append(accumulator, partition, value);
  assert.equal(partition.batches.length, 1);
  const records = sealed(partition.batches[0]!);
  assert.deepEqual(
    records.map(({ value }) => value!.toString()),
    [...values, "y".repeat(50_000), "z"],
  );
  assert.deepEqual(
    records.map(({ offset }) => offset),
    records.map((_, index) => index),
  );
});

test("a batch ends where the next record would make it too large; a larger record has one of its own", () => {
  const { accumulator, partition } = make({ maxBatchBytes: 540 });
  for (const value of ["x".repeat(200), "x".repeat(200), "y".repeat(2000), "z"]) append(accumulator, partition, value);
  assert.deepEqual(
    partition.batches.map(({ recordCount, state }) => [recordCount, state]),
    [
      [2, "waiting"],
      [1, "waiting"],
      [1, "open"],
    ],
  );
});

test("memory is bounded, counted, and used again", () => {
  const { accumulator, partition, pool } = make({ maxBatchBytes: 60_000 }, 50_000);
  let written = 0;
  while (append(accumulator, partition, "x".repeat(1000)) > 0) written++;
  assert.equal(written > 40 && written < 50, true);
  assert.equal(pool.availableBytes < pool.pieceBytes, true);
  for (const batch of partition.batches.slice()) {
    if (batch.state === "open") partition.closeOpen();
    batch.frame();
    batch.enter("inFlight");
    partition.remove(batch);
    batch.complete(0, -1);
    batch.release(true);
  }
  assert.equal(pool.availableBytes, 50_000);
  const before = pool.take(1)!;
  pool.give(before, true);
  assert.equal(pool.take(1), before);
});

test("compressed records give their plain memory back at once", () => {
  const { accumulator, partition, pool } = make(
    { maxBatchBytes: 100_000, compression: { name: "zstd", level: null } },
    200_000,
  );
  for (let index = 0; index < 500; index++) append(accumulator, partition, "x".repeat(100));
  const plain = pool.availableBytes;
  partition.closeOpen();
  assert.equal(pool.availableBytes > plain + 40_000, true);
  const [batch] = partition.batches;
  assert.equal(sealed(batch!).length, 500);
  batch!.enter("inFlight");
  batch!.complete(0, -1);
  batch!.release(true);
  assert.equal(pool.availableBytes, 200_000);
});

for (const name of ["none", "lz4"] as const) {
  test(`a batch split (${name}) has the same records in the same order, and sequences that go on`, () => {
    const { accumulator, partition, pool } = make({
      batchSizeBytes: 1000,
      maxBatchBytes: 100_000,
      compression: { name, level: null },
    });
    const values = Array.from({ length: 300 }, (_, index) => `${index} ${"ä".repeat(index % 50)}`);
    for (const [index, value] of values.entries()) append(accumulator, partition, value, 1_000_000 + index * 1000);
    partition.closeOpen();
    const [whole] = partition.batches;
    partition.sequences.assign(whole!, { producerId: 5, producerEpoch: 1 });
    whole!.enter("inFlight");
    const parts = accumulator.split(whole!);
    whole!.dissolve();
    accumulator.forget(whole!);
    whole!.release(true);
    assert.deepEqual(partition.batches, parts);
    assert.equal(parts.length > 5 && parts.every(({ sizeInBytes }) => sizeInBytes <= 1000), true);
    const records: BatchRecord[] = [];
    let sequence = 0;
    for (const part of parts) {
      assert.equal(part.baseSequence, sequence);
      sequence += part.recordCount;
      const read = sealed(part);
      assert.deepEqual(
        read.map(({ offset }) => offset),
        read.map((_, index) => index),
      );
      assert.equal(part.maxTimestamp, read.at(-1)!.timestamp);
      records.push(...read);
    }
    assert.deepEqual(
      records.map(({ value, timestamp }) => [value!.toString(), timestamp]),
      values.map((value, index) => [value, 1_000_000 + index * 1000]),
    );
    const again = accumulator.split(parts[0]!);
    assert.equal(again.length >= 2, true);
    for (const batch of [...partition.batches, parts[0]!]) batch.release(true);
    assert.equal(pool.availableBytes, pool.totalBytes);
  });
}

test("sequences wrap at 2^31 and are told apart across it", () => {
  const sequences = new PartitionSequences();
  const identity = { producerId: 1, producerEpoch: 0 };
  const far = sized(0x7fff_fff0);
  sequences.assign(far, identity);
  sequences.acknowledged(far);
  const across = sized(0x20);
  sequences.assign(across, identity);
  assert.equal(across.baseSequence, 0x7fff_fff0);
  assert.equal(across.lastSequence, 0xf);
  sequences.acknowledged(across);
  const behind = sized(1);
  sequences.assign(behind, identity);
  assert.equal(behind.baseSequence, 0x10);
  assert.equal(sequences.isPassed(far), true);
  assert.equal(sequences.isPassed(behind), false);
  assert.equal(sequences.isNext(0x10), true);
});

test("a gap costs an epoch once no request is out; after the largest one, another id", () => {
  let asked = 0;
  const sequencing = new IdempotentSequencing(() => void asked++);
  assert.equal(sequencing.prepare(), false);
  sequencing.acquired({ producerId: 7, producerEpoch: LARGEST_EPOCH - 1 });
  assert.equal(sequencing.prepare(), true);
  const batch = sized(3);
  const { partition } = batch;
  partition.closeOpen();
  partition.sequences.assign(batch, sequencing.identity);
  batch.enter("inFlight");
  partition.inFlight = 1;
  sequencing.needNewEpoch(partition);
  sequencing.settled(partition);
  assert.equal(sequencing.identity.producerEpoch, LARGEST_EPOCH - 1);
  batch.enter("retry");
  partition.inFlight = 0;
  sequencing.settled(partition);
  assert.deepEqual(sequencing.identity, { producerId: 7, producerEpoch: LARGEST_EPOCH });
  assert.equal(batch.producerEpoch, LARGEST_EPOCH);
  sequencing.needNewEpoch(partition);
  sequencing.settled(partition);
  assert.equal(sequencing.prepare(), false);
  assert.equal(asked, 2);
  assert.equal(partition.nextToSend(sequencing.identity, 5, false), null);
  sequencing.acquired({ producerId: 8, producerEpoch: 0 });
  assert.equal(partition.nextToSend(sequencing.identity, 5, false), batch);
  assert.deepEqual([batch.producerId, batch.producerEpoch, batch.baseSequence], [8, 0, 0]);
});

function sized(recordCount: number): Batch {
  const { accumulator, partition } = make({});
  append(accumulator, partition, "v");
  partition.batches[0]!.recordCount = recordCount;
  return partition.batches[0]!;
}

function make(options: Partial<AccumulatorOptions>, memoryBytes = 10_000_000) {
  const pool = new BufferPool(memoryBytes);
  const all = {
    batchSizeBytes: 16_384,
    maxBatchBytes: 16_384,
    compression: { name: "none", level: null },
    ...options,
  } as const;
  const accumulator = new Accumulator(pool, new ManualClock(), all);
  return { pool, accumulator, partition: new ProducerPartition("t", 0) };
}

function append(accumulator: Accumulator, partition: ProducerPartition, value: Data, timestamp = 1): number {
  const record = Object.assign(new PendingRecord(), { value, timestamp, call: new SendCall(null) });
  return accumulator.append(record, partition, largestSize(record));
}

/** The records of the batch as it goes over the wire. */
function sealed(batch: Batch): BatchRecord[] {
  if (batch.state === "open") batch.partition.closeOpen();
  const bytes = Buffer.concat(batch.frame() as Buffer[]);
  assert.equal(batchFormat.verifyCrc(bytes, 0), true);
  assert.equal(batchFormat.sizeInBytes(bytes, 0), bytes.length);
  return [...readRecords(bytes)];
}

function asBytes(data: Data): string | null {
  return data === null ? null : Buffer.from(data as string).toString("hex");
}

function bytesOf(data: Buffer | null): string | null {
  return data === null ? null : data.toString("hex");
}
