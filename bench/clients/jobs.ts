// The jobs of the client benchmark and how one is done in a process of its own, whose CPU time and memory are the library's.

import { performance } from "node:perf_hooks";
import type { BenchClient, BenchProducer, BenchSettings } from "./bench-client.ts";

export type ClientJob =
  | { kind: "produce"; style: "single" | "many" | "batches"; recordBytes: number; records: number }
  | { kind: "consume"; records: number; recordBytes: number }
  | { kind: "latency"; recordsPerSecond: number; seconds: number; recordBytes: number };

export interface ClientJobResult {
  records: number;
  seconds: number;
  cpuSeconds: number;
  peakRssBytes: number;
  /** Milliseconds from send to the record at the consumer. */
  latency?: { p50: number; p99: number };
}

/** How many sends are under way at once in "many". */
const IN_FLIGHT = 10_000;
const BATCH = 1_000;
const PAYLOADS = 1_000;
const RSS_EVERY_MS = 10;

/** Does the job once for warming up, on a tenth of the records, and once measured. */
export async function runJob(client: BenchClient, job: ClientJob, settings: BenchSettings): Promise<ClientJobResult> {
  if (job.kind === "latency") return latency(client, job, settings);
  if (job.kind === "consume") return measured(job.records, () => consume(client, job.records, settings));
  const producer = await client.producer(settings);
  const values = payloads(job.recordBytes);
  await produce(producer, job.style, values, Math.ceil(job.records / 10));
  const result = await measured(job.records, () => produce(producer, job.style, values, job.records));
  await producer.close();
  return result;
}

/** Values that compress badly and are made before the clock runs. */
function payloads(bytes: number): Buffer[] {
  let seed = 1;
  return Array.from({ length: PAYLOADS }, () => {
    const value = Buffer.allocUnsafe(bytes);
    for (let at = 0; at < bytes; at++) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      value[at] = seed >> 16;
    }
    return value;
  });
}

async function measured(records: number, action: () => Promise<number>): Promise<ClientJobResult> {
  let peakRssBytes = process.memoryUsage.rss();
  const timer = setInterval(() => (peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss())), RSS_EVERY_MS);
  const before = process.cpuUsage();
  const seconds = await action();
  const used = process.cpuUsage(before);
  clearInterval(timer);
  return { records, seconds, cpuSeconds: (used.user + used.system) / 1e6, peakRssBytes };
}

async function produce(
  producer: BenchProducer,
  style: "single" | "many" | "batches",
  values: Buffer[],
  records: number,
): Promise<number> {
  const startedMs = performance.now();
  if (style === "single") for (let index = 0; index < records; index++) await producer.send(values[index % PAYLOADS]!);
  else if (style === "batches")
    for (let index = 0; index < records; index += BATCH) await producer.sendAll(values.slice(0, BATCH));
  else await produceMany(producer, values, records);
  return (performance.now() - startedMs) / 1000;
}

/** Keeps up to IN_FLIGHT sends under way, each with its own promise. */
function produceMany(producer: BenchProducer, values: Buffer[], records: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let done = 0;
    const onDone = (): void => {
      done++;
      if (done === records) resolve();
      else if (sent - done <= IN_FLIGHT / 2) fill();
    };
    const fill = (): void => {
      while (sent < records && sent - done < IN_FLIGHT) {
        producer.send(values[sent % PAYLOADS]!).then(onDone, reject);
        sent++;
      }
    };
    fill();
  });
}

/** Seconds from the first record to the last. */
async function consume(client: BenchClient, records: number, settings: BenchSettings): Promise<number> {
  let firstMs = 0;
  let seen = 0;
  const { promise, resolve } = pending<number>();
  const consumer = await client.consumer({ ...settings, group: `bench-${process.pid}` }, (count) => {
    if (seen === 0) firstMs = performance.now();
    seen += count;
    if (seen >= records) resolve((performance.now() - firstMs) / 1000);
  });
  const seconds = await promise;
  await consumer.close();
  return seconds;
}

/** As Promise.withResolvers, which Node 20 lacks: an addon may need that. */
function pending<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** Sends at a steady pace and reads in the same process, so that both ends have one clock. */
async function latency(
  client: BenchClient,
  job: { recordsPerSecond: number; seconds: number; recordBytes: number },
  settings: BenchSettings,
): Promise<ClientJobResult> {
  const total = job.recordsPerSecond * job.seconds;
  const taken: number[] = [];
  const started = pending<void>();
  const ended = pending<void>();
  const consumer = await client.consumer({ ...settings, group: `bench-${process.pid}` }, (count, last) => {
    started.resolve();
    const sentMs = last.readDoubleBE(0);
    if (sentMs <= 0) return;
    for (let index = 0; index < count; index++) taken.push(performance.now() - sentMs);
    if (taken.length >= total) ended.resolve();
  });
  const producer = await client.producer(settings);
  await producer.send(Buffer.alloc(job.recordBytes));
  await started.promise;
  const result = await measured(total, async () => {
    const startedMs = performance.now();
    await pace(total, job.recordsPerSecond, () => {
      const value = Buffer.alloc(job.recordBytes);
      value.writeDoubleBE(performance.now());
      return producer.send(value);
    });
    await Promise.race([ended.promise, new Promise((resolve) => setTimeout(resolve, 5000).unref())]);
    return (performance.now() - startedMs) / 1000;
  });
  await producer.close();
  await consumer.close();
  const sorted = taken.sort((left, right) => left - right);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { ...result, records: sorted.length, latency: { p50: at(0.5), p99: at(0.99) } };
}

/** Calls `action` as often as the clock says, without waiting for what it starts. */
function pace(total: number, perSecond: number, action: () => Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    let sent = 0;
    const tick = (): void => {
      const due = Math.min(total, Math.floor(((performance.now() - startedMs) * perSecond) / 1000));
      for (; sent < due; sent++) action().catch(reject);
      if (sent === total) resolve();
      else setImmediate(tick);
    };
    tick();
  });
}
