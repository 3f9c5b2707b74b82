// What a measurement came to: one set of numbers, for people and for programs.

import { print } from "../output.ts";
import type { OutputOptions } from "../output.ts";
import type { PeopleIo } from "../people-io.ts";
import { groupedText } from "../rates.ts";
import { fieldLines } from "../table.ts";
import type { Latencies } from "./latencies.ts";

const MEGABYTE = 1_000_000;

export interface Measured {
  readonly topic: string;
  readonly records: number;
  /** null where nothing can fail. */
  readonly failed: number | null;
  /** Of keys and values. */
  readonly bytes: number;
  readonly tookMs: number;
  /** What the latencies are of. */
  readonly latencyOf: "acknowledgement" | "wait" | "end-to-end";
  readonly latencies: Latencies;
}

/** "523,112 records/s, 52.3 MB/s". */
export function speedText({ records, bytes, tookMs }: Pick<Measured, "records" | "bytes" | "tookMs">): string {
  return `${groupedText(perSecond(records, tookMs))} records/s, ${perSecond(bytes / MEGABYTE, tookMs).toFixed(1)} MB/s`;
}

export async function reportMeasured(io: PeopleIo, options: OutputOptions, measured: Measured): Promise<void> {
  const { topic, records, failed, bytes, tookMs, latencyOf, latencies } = measured;
  const latencyMs = {
    of: latencyOf,
    mean: rounded(latencies.meanMs),
    p50: rounded(latencies.percentileMs(50)),
    p95: rounded(latencies.percentileMs(95)),
    p99: rounded(latencies.percentileMs(99)),
    max: rounded(latencies.maxMs),
  };
  await print(io, options, {
    document: {
      topic,
      records,
      ...(failed === null ? {} : { failed }),
      bytes,
      tookMs: Math.round(tookMs),
      recordsPerSecond: Math.round(perSecond(records, tookMs)),
      megabytesPerSecond: rounded(perSecond(bytes / MEGABYTE, tookMs)),
      latencyMs,
    },
    lines: (page) =>
      fieldLines(
        [
          ["records", groupedText(records)],
          ["failed", failed === null || failed === 0 ? null : groupedText(failed)],
          ["time", `${(tookMs / 1000).toFixed(2)} s`],
          ["speed", speedText(measured)],
          [`latency (${latencyOf})`, latencyText(latencyMs)],
        ],
        page,
      ),
  });
}

function latencyText({ p50, p95, p99, max }: Readonly<Record<"p50" | "p95" | "p99" | "max", number>>): string {
  return `p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms, max ${max} ms`;
}

function perSecond(amount: number, ms: number): number {
  return ms <= 0 ? 0 : (amount * 1000) / ms;
}

/** To three significant digits behind the point at most. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
