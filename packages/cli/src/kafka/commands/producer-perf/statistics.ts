// What kafka-producer-perf-test counts and tells: windows of time while it runs, and all of it at the end. Times are the caller's.

import { decimals } from "../../text/java-format.ts";

const MAX_SAMPLES = 500_000;
const MEBIBYTE = 1024 * 1024;
const PERCENTILES = [0.5, 0.95, 0.99, 0.999];

export interface StatisticsOptions {
  readonly numRecords: number;
  readonly reportingIntervalMs: number;
  /** Of records behind the warm-up. */
  readonly isSteadyState: boolean;
  readonly startMs: number;
}

export class Statistics {
  isSilent = false;
  private readonly options: StatisticsOptions;
  private readonly every: number;
  private readonly samples: Uint32Array;
  private sampled = 0;
  private seen = 0;
  private count = 0;
  private bytes = 0;
  private totalLatency = 0;
  private maxLatency = 0;
  private windowStartMs: number;
  private windowCount = 0;
  private windowBytes = 0;
  private windowLatency = 0;
  private windowMaxLatency = 0;

  constructor(options: StatisticsOptions) {
    this.options = options;
    this.windowStartMs = options.startMs;
    this.every = Math.floor(options.numRecords / Math.min(options.numRecords, MAX_SAMPLES));
    this.samples = new Uint32Array(Math.floor(options.numRecords / this.every) + 1);
  }

  /** Lines to print now: none most of the time. */
  record(latencyMs: number, bytes: number, nowMs: number): string[] {
    this.count += 1;
    this.bytes += bytes;
    this.totalLatency += latencyMs;
    if (latencyMs > this.maxLatency) this.maxLatency = latencyMs;
    this.windowCount += 1;
    this.windowBytes += bytes;
    this.windowLatency += latencyMs;
    if (latencyMs > this.windowMaxLatency) this.windowMaxLatency = latencyMs;
    if (this.seen % this.every === 0) this.samples[this.sampled++] = latencyMs;
    this.seen += 1;
    return nowMs - this.windowStartMs >= this.options.reportingIntervalMs ? this.endWindow(nowMs) : [];
  }

  private endWindow(nowMs: number): string[] {
    const lines: string[] = [];
    if (this.options.isSteadyState && this.count === this.windowCount) lines.push("In steady state.");
    if (!this.isSilent) lines.push(this.windowLine(nowMs));
    this.windowStartMs = nowMs;
    this.windowCount = 0;
    this.windowBytes = 0;
    this.windowLatency = 0;
    this.windowMaxLatency = 0;
    return lines;
  }

  private windowLine(nowMs: number): string {
    const elapsed = nowMs - this.windowStartMs;
    const perSecond = (1000 * this.windowCount) / elapsed;
    const megabytes = (1000 * this.windowBytes) / elapsed / MEBIBYTE;
    return `${this.windowCount} records sent, ${decimals(perSecond, 1)} records/sec (${decimals(megabytes, 2)} MB/sec), ${decimals(this.windowLatency / this.windowCount, 1)} ms avg latency, ${decimals(this.windowMaxLatency, 1)} ms max latency.`;
  }

  totalLine(nowMs: number): string {
    const elapsed = nowMs - this.options.startMs;
    const perSecond = (1000 * this.count) / elapsed;
    const megabytes = (1000 * this.bytes) / elapsed / MEBIBYTE;
    const sorted = this.samples.slice(0, this.sampled).sort();
    const [half, p95, p99, p999] = PERCENTILES.map((part) => sorted[Math.floor(part * sorted.length)] ?? 0);
    return `${this.count}${this.options.isSteadyState ? " steady state" : ""} records sent, ${decimals(perSecond, 6)} records/sec (${decimals(megabytes, 2)} MB/sec), ${decimals(this.totalLatency / this.count, 2)} ms avg latency, ${decimals(this.maxLatency, 2)} ms max latency, ${half} ms 50th, ${p95} ms 95th, ${p99} ms 99th, ${p999} ms 99.9th.`;
  }
}
