// `ottla perf consume`: how fast records are read, and how long they were waited for.

import type { CommandCall } from "../../command-definition.ts";
import { withKafka } from "../connect.ts";
import type { ConnectionFlags } from "../connect.ts";
import { MAX_POLL_RECORDS, readRanges } from "../consume/read-ranges.ts";
import { offsetLookup, planRanges } from "../consume/record-ranges.ts";
import { partitionsOfTopic } from "../known-partitions.ts";
import type { OutputOptions } from "../output.ts";
import { startProgress } from "../terminal.ts";
import { Latencies } from "./latencies.ts";
import { reportMeasured, speedText } from "./report.ts";

export interface PerfConsumeFlags extends ConnectionFlags, OutputOptions {
  readonly records?: number;
  readonly live?: true;
  readonly isolation?: "read_committed" | "read_uncommitted";
  readonly prefetch?: number;
}

const DEFAULT_LIVE_RECORDS = 1_000_000;

export async function perfConsume({
  options: flags,
  words: [topic],
  io,
}: CommandCall<PerfConsumeFlags>): Promise<void> {
  await withKafka(flags, io, async (kafka, session) => {
    const { isolation: isolationLevel = "read_committed", live: isLive = false, prefetch } = flags;
    const { signal } = session.call;
    const lookUp = offsetLookup(session, isolationLevel);
    const partitions = await partitionsOfTopic(session, topic!);
    const from = { kind: isLive ? "end" : "beginning" } as const;
    const ranges = await planRanges(lookUp, partitions, { from, untilMs: null, endsAtEnd: !isLive }, Date.now());
    const consumer = kafka.consumer({
      isolationLevel,
      maxPollRecords: MAX_POLL_RECORDS,
      autoOffsetReset: "earliest",
      ...(prefetch === undefined ? {} : { prefetchBytes: prefetch }),
    });
    const wanted = flags.records ?? (isLive ? DEFAULT_LIVE_RECORDS : Infinity);
    const progress = startProgress(io);
    const reading = new Reading(isLive, wanted);
    try {
      for await (const records of readRanges(consumer, ranges, { lookUp, signal })) {
        reading.add(records);
        if (reading.records >= wanted) break;
        progress.update(() => `${reading.records} records, ${speedText(reading)}`);
      }
    } finally {
      progress.end();
    }
    const { records, bytes, tookMs, latencies } = reading;
    const latencyOf = isLive ? "end-to-end" : "wait";
    await reportMeasured(io, flags, { topic: topic!, records, failed: null, bytes, tookMs, latencyOf, latencies });
  });
}

class Reading {
  readonly latencies = new Latencies();
  records = 0;
  bytes = 0;
  private readonly isLive: boolean;
  private readonly wanted: number;
  /** With live records from the first one on: what was before is nobody's slowness. */
  private startMs: number;
  private lastMs: number;

  constructor(isLive: boolean, wanted: number) {
    this.isLive = isLive;
    this.wanted = wanted;
    this.startMs = performance.now();
    this.lastMs = this.startMs;
  }

  get tookMs(): number {
    return this.lastMs - this.startMs;
  }

  add(
    records: readonly { readonly key: Buffer | null; readonly value: Buffer | null; readonly timestamp: number }[],
  ): void {
    const nowMs = performance.now();
    if (!this.isLive) this.latencies.add(nowMs - this.lastMs);
    else if (this.records === 0) this.startMs = nowMs;
    const wallMs = Date.now();
    for (const { key, value, timestamp } of records.slice(0, this.wanted - this.records)) {
      this.records += 1;
      this.bytes += (key?.length ?? 0) + (value?.length ?? 0);
      if (this.isLive && timestamp >= 0) this.latencies.add(Math.max(0, wallMs - timestamp));
    }
    this.lastMs = performance.now();
  }
}
