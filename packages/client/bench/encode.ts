// How many records a second the producer encodes, checksum included, with no network: accumulator, batches, CRC, as `send` uses them.
// node packages/client/bench/encode.ts [bytes of a value]

import { performance } from "node:perf_hooks";
import { Accumulator } from "../src/producer/accumulator.ts";
import { BufferPool } from "../src/producer/buffer-pool.ts";
import { PendingRecord } from "../src/producer/pending-record.ts";
import { ProducerPartition } from "../src/producer/producer-partition.ts";
import { largestSize } from "../src/producer/record-writer.ts";
import { SendCall } from "../src/producer/send-call.ts";
import { systemClock } from "../src/network/system-clock.ts";

const valueBytes = Number(process.argv[2] ?? 100);
const ROUNDS = 5;
const RECORDS = 2_000_000;
const BATCH = 1_000;

for (const [name, value, key] of [
  ["bytes", Buffer.alloc(valueBytes, 7), null],
  ["text", "v".repeat(valueBytes), null],
  ["bytes with a key of text", Buffer.alloc(valueBytes, 7), "customer-4711"],
] as const) {
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) best = Math.max(best, encode(value, key));
  console.log(`${valueBytes} B, ${name}: ${Math.round(best).toLocaleString("en")} records a second`);
}

function encode(value: Uint8Array | string, key: string | null): number {
  const pool = new BufferPool(64 * 1024 * 1024);
  const options = {
    batchSizeBytes: 16_384,
    maxBatchBytes: 524_288,
    compression: { name: "none", level: null },
  } as const;
  const accumulator = new Accumulator(pool, systemClock, options);
  const partition = new ProducerPartition("t", 0);
  const record = new PendingRecord();
  const startedMs = performance.now();
  for (let sent = 0; sent < RECORDS;) {
    record.call = new SendCall(BATCH);
    for (let ordinal = 0; ordinal < BATCH; ordinal++, sent++) {
      record.ordinal = ordinal;
      record.key = key;
      record.value = value;
      record.timestamp = 1_700_000_000_000 + (sent & 7);
      accumulator.append(record, partition, largestSize(record));
    }
    if (partition.open!.sizeInBytes > 200_000) {
      const batch = partition.open!;
      partition.closeOpen();
      batch.frame();
      batch.enter("inFlight");
      partition.remove(batch);
      batch.complete(0, -1);
      accumulator.forget(batch);
      batch.release(true);
    }
  }
  return RECORDS / ((performance.now() - startedMs) / 1000);
}
