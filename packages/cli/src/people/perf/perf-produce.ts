// `ottla perf produce`: how fast records are written, and how long each takes to be acknowledged.

import { setTimeout as delay } from "node:timers/promises";
import { KafkaError } from "@ottla/client";
import type { Producer, ProducerOptions } from "@ottla/client";
import type { CommandCall } from "../../command-definition.ts";
import { withKafka } from "../connect.ts";
import type { ConnectionFlags } from "../connect.ts";
import { withName } from "../failure.ts";
import { partitionsOfTopic } from "../known-partitions.ts";
import type { OutputOptions } from "../output.ts";
import type { PeopleIo } from "../people-io.ts";
import { startProgress } from "../terminal.ts";
import type { Progress } from "../terminal.ts";
import { Latencies } from "./latencies.ts";
import { reportMeasured, speedText } from "./report.ts";

export interface PerfProduceFlags extends ConnectionFlags, OutputOptions {
  readonly records?: number;
  readonly size?: number;
  readonly keys?: number;
  readonly rate?: number;
  readonly inFlight?: number;
  readonly compression?: "none" | "gzip" | "snappy" | "lz4" | "zstd";
  readonly acks?: "all" | "1" | "0";
  readonly linger?: number;
  readonly batchSize?: number;
}

const DEFAULT_RECORDS = 1_000_000;
const DEFAULT_SIZE = 100;
const DEFAULT_IN_FLIGHT = 10_000;
/** Values begin anywhere in it. */
const POOL_BYTES = 1024 * 1024;
/** The event loop gets its turn after so many records: what was sent leaves then. */
const TURN_RECORDS = 500;
const MEBIBYTE = 1024 * 1024;

export async function perfProduce({
  options: flags,
  words: [topic],
  io,
}: CommandCall<PerfProduceFlags>): Promise<number> {
  return await withKafka(flags, io, async (kafka, session) => {
    await partitionsOfTopic(session, topic!);
    const producer = kafka.producer(producerOptions(flags));
    const progress = startProgress(io);
    const run = new Run({ io, producer, topic: topic!, flags, progress });
    try {
      await run.perform();
    } finally {
      progress.end();
    }
    const { records, failed, bytes, tookMs, latencies } = run;
    await reportMeasured(io, flags, {
      topic: topic!,
      records,
      failed,
      bytes,
      tookMs,
      latencyOf: "acknowledgement",
      latencies,
    });
    if (failed > 0)
      io.error(
        `ottla: ${failed} of ${records + failed} records were not written, the first because: ${run.firstFailure}`,
      );
    return failed === 0 ? 0 : 1;
  });
}

function producerOptions({
  compression,
  acks,
  linger,
  batchSize,
  size = DEFAULT_SIZE,
}: PerfProduceFlags): ProducerOptions {
  return {
    ...(compression === undefined ? {} : { compression }),
    ...(acks === undefined ? {} : { acks: acks === "all" ? acks : (Number(acks) as 0 | 1) }),
    ...(linger === undefined ? {} : { lingerMs: linger }),
    ...(batchSize === undefined ? {} : { batchSizeBytes: batchSize }),
    maxRequestBytes: Math.max(MEBIBYTE, size + 1024, batchSize ?? 0),
    bufferMemoryBytes: 32 * MEBIBYTE + 2 * size,
  };
}

interface RunParts {
  readonly io: PeopleIo;
  readonly producer: Producer;
  readonly topic: string;
  readonly flags: PerfProduceFlags;
  readonly progress: Progress;
}

class Run {
  readonly latencies = new Latencies();
  records = 0;
  failed = 0;
  bytes = 0;
  tookMs = 0;
  firstFailure = "";
  private readonly parts: RunParts;
  private readonly startMs = performance.now();
  private readonly pool: Buffer;
  private underWay = 0;
  private resume: (() => void) | null = null;

  constructor(parts: RunParts) {
    this.parts = parts;
    const { size = DEFAULT_SIZE } = parts.flags;
    this.pool = Buffer.allocUnsafe(POOL_BYTES + size);
    for (let at = 0; at < this.pool.length; at++) this.pool[at] = Math.floor(Math.random() * 256);
  }

  /** Until all are sent, or the signal; then until all have their outcome. */
  async perform(): Promise<void> {
    const { io, flags, producer, progress } = this.parts;
    const { records: count = DEFAULT_RECORDS, inFlight = DEFAULT_IN_FLIGHT, rate } = flags;
    const { signal } = io;
    for (let index = 0; index < count && !signal.aborted; index++) {
      this.send(index);
      if (rate !== undefined) await this.keepTo(rate, index + 1);
      while (this.underWay >= inFlight) await new Promise<void>((resolve) => (this.resume = resolve));
      if (index % TURN_RECORDS === TURN_RECORDS - 1) {
        await new Promise((resolve) => setImmediate(resolve));
        progress.update(
          () =>
            `${index + 1} of ${count} records, ${speedText({ records: this.records, bytes: this.bytes, tookMs: this.elapsedMs() })}`,
        );
      }
    }
    await producer.flush();
    this.tookMs = this.elapsedMs();
  }

  private send(index: number): void {
    const { topic, producer, flags } = this.parts;
    const { size = DEFAULT_SIZE, keys } = flags;
    const from = Math.floor(Math.random() * POOL_BYTES);
    const value = this.pool.subarray(from, from + size);
    const key = keys === undefined ? null : String(index % keys);
    const sentMs = performance.now();
    this.underWay += 1;
    producer.send({ topic, key, value }).then(
      () => {
        this.latencies.add(performance.now() - sentMs);
        this.records += 1;
        this.bytes += size + (key?.length ?? 0);
        this.ended();
      },
      (error: unknown) => {
        if (!(error instanceof KafkaError)) throw error;
        if (this.failed === 0) this.firstFailure = withName(error);
        this.failed += 1;
        this.ended();
      },
    );
  }

  private ended(): void {
    this.underWay -= 1;
    this.resume?.();
    this.resume = null;
  }

  /** Sleeps off what it is ahead of the rate, in pieces that are worth a sleep. */
  private async keepTo(perSecond: number, sent: number): Promise<void> {
    const aheadMs = (sent * 1000) / perSecond - this.elapsedMs();
    if (aheadMs < 1) return;
    const { signal } = this.parts.io;
    await delay(aheadMs, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  private elapsedMs(): number {
    return performance.now() - this.startMs;
  }
}
