// Decoding beside @platformatic/kafka's: batches of 100-byte records with one header, as they come in a fetch answer. Ours checks the
// checksum and hands out each record's key, value and header; theirs reads neither checksum nor structure. The second table is the loop
// `for await (const record of consumer)` over records that were fetched before, against a broker in this process.
// Run: node packages/client/bench/decode.ts [seconds per figure]

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { RecordBatchBuilder } from "@ottla/protocol";
import { startBroker } from "@ottla/testkit";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { ZERO_UUID } from "@ottla/base";
import { FetchedChunk } from "../src/consumer/decode/fetched-chunk.ts";
import { Consumer } from "../src/consumer/consumer.ts";
import { WorkWindow } from "../src/consumer/work-window.ts";
import { Admin } from "../src/admin/admin.ts";
import { startCluster } from "../src/network/cluster-connection.ts";
import type { Cluster, PartitionMetadata } from "../src/network/cluster.ts";
import { resolveOptions } from "../src/options.ts";

const RECORDS_PER_BATCH = 100;
const BATCHES = 100;
const SECONDS = Number(process.argv[2] ?? 2);

interface ForeignReader {
  new (buffer: Buffer): object;
}

function batchOf(baseOffset: number, valueBytes: number, count = RECORDS_PER_BATCH): Buffer {
  const builder = new RecordBatchBuilder({ baseOffset });
  const headers = [{ key: "trace", value: Buffer.from("00-0123456789") }];
  for (let index = 0; index < count; index++) {
    const key = Buffer.from(`key-${index}`);
    builder.append({ timestamp: 1_700_000_000_000 + index, key, value: Buffer.alloc(valueBytes, "x"), headers });
  }
  return builder.build();
}

/** Millions of records a second, the best of three. */
function measure(decode: () => number): number {
  let best = 0;
  for (let round = 0; round < 4; round++) {
    const startMs = performance.now();
    let records = 0;
    while (performance.now() - startMs < (SECONDS * 1_000) / 4) records += decode();
    best = Math.max(best, records / (performance.now() - startMs) / 1_000);
  }
  return best;
}

function ours(bytes: Buffer, checkCrcs: boolean, reads: boolean): number {
  const source = {
    topic: "t",
    partition: 0,
    window: new WorkWindow(),
    fetchOffset: 0,
    bytes,
    abortedTransactions: null,
  };
  const chunk = new FetchedChunk(source, { checkCrcs, readCommitted: true, maxDecompressedBatchBytes: 1 << 27 });
  let seen = 0;
  let count = 0;
  for (let record = chunk.peek(); record !== null; record = chunk.peek()) {
    if (reads) seen += (record.value as Buffer).length + (record.key as Buffer).length;
    else seen += record.offset;
    count++;
    chunk.advance();
  }
  if (seen === 0) throw new Error("nothing was read");
  return count;
}

async function foreign(bytes: Buffer): Promise<() => number> {
  const require = createRequire(import.meta.url);
  const root = require.resolve("@platformatic/kafka").replace(/\/dist\/.*$/, "");
  const load = (file: string): Promise<Record<string, unknown>> => import(pathToFileURL(`${root}/dist/${file}`).href);
  const theirs = (await load("protocol/records.js")) as {
    readRecordsBatches(reader: object): { records: unknown[] }[];
  };
  const { Reader } = (await load("protocol/reader.js")) as unknown as {
    Reader: ForeignReader & { from(buffer: Buffer): object };
  };
  return () => theirs.readRecordsBatches(Reader.from(bytes)).reduce((sum, { records }) => sum + records.length, 0);
}

async function fill(cluster: Cluster, topic: string, batches: number): Promise<void> {
  const [{ leaderId }] = (await cluster.topicMetadata(topic)).partitions as [PartitionMetadata];
  for (let index = 0; index < batches; index++) {
    const partitionData = [{ index: 0, records: batchOf(0, 100, 1_000) }];
    const body = {
      transactionalId: null,
      acks: -1,
      timeoutMs: 10_000,
      topicData: [{ name: topic, topicId: ZERO_UUID, partitionData }],
    };
    await cluster.send(leaderId, produceApi, body, { maxVersion: 11 });
  }
}

async function loops(): Promise<void> {
  const broker = await startBroker();
  const cluster = startCluster(resolveOptions({ bootstrapServers: broker.bootstrap }));
  const admin = new Admin(cluster);
  await admin.createTopics(["decode"]);
  const total = 1_000_000;
  await fill(cluster, "decode", total / 1_000);
  for (const style of ["for await records", "for await batches", "poll"] as const) {
    const consumer = new Consumer(cluster, { autoOffsetReset: "earliest" });
    await consumer.assign([{ topic: "decode", partition: 0 }]);
    const startMs = performance.now();
    let count = 0;
    if (style === "for await records") {
      for await (const record of consumer) if (record.value !== null && ++count === total) break;
    } else if (style === "for await batches") {
      for await (const batch of consumer.batches()) if ((count += batch.records.length) === total) break;
    } else while (count < total) count += (await consumer.poll()).length;
    console.log(`${style.padEnd(34)}${(total / (performance.now() - startMs) / 1_000).toFixed(2)} M records/s`);
    await consumer.close();
  }
  await admin.close();
  await cluster.close();
  await broker.close();
}

for (const valueBytes of [100, 1_000]) {
  const bytes = Buffer.concat(
    Array.from({ length: BATCHES }, (_, index) => batchOf(index * RECORDS_PER_BATCH, valueBytes)),
  );
  const theirs = await foreign(bytes);
  console.log(`${valueBytes}-byte values, M records/s`);
  console.log(`  ours, checksum, values read     ${measure(() => ours(bytes, true, true)).toFixed(2)}`);
  console.log(`  ours, checksum                  ${measure(() => ours(bytes, true, false)).toFixed(2)}`);
  console.log(`  ours, no checksum, values read  ${measure(() => ours(bytes, false, true)).toFixed(2)}`);
  console.log(`  @platformatic/kafka, no checksum ${measure(theirs).toFixed(2)}`);
}
await loops();
