// What the reading side measures, named as Java's FetchMetricsRegistry has it (group consumer-fetch-manager-metrics). Recording adds numbers
// to fields, once per answer or per slice of records, never per record. Averages and maxima are over the last one to two windows of 30 s,
// as metrics.sample.window.ms and metrics.num.samples are by default; totals are since the start.

import type { Clock } from "@ottla/base";
import type { MetricRegistry } from "../../metrics.ts";
import type { PartitionState } from "../partition-state.ts";

const WINDOW_MS = 30_000;
const GROUP = "consumer-fetch-manager-metrics";

/** Sum, number and maximum of the values of the current window and of the one before. */
export class SampledValue {
  private readonly clock: Clock;
  private startedMs: number;
  private current = { sum: 0, count: 0, max: NaN, min: NaN };
  private before = { sum: 0, count: 0, max: NaN, min: NaN };
  /** Length of the window before; 0 when there is none yet. */
  private beforeMs = 0;

  constructor(clock: Clock) {
    this.clock = clock;
    this.startedMs = clock.monotonicMs();
  }

  record(value: number): void {
    this.roll();
    const { current } = this;
    current.sum += value;
    current.count++;
    if (!(current.max >= value)) current.max = value;
    if (!(current.min <= value)) current.min = value;
  }

  /** NaN when there was nothing. */
  average(): number {
    this.roll();
    return (this.current.sum + this.before.sum) / (this.current.count + this.before.count);
  }

  max(): number {
    this.roll();
    return larger(this.current.max, this.before.max);
  }

  min(): number {
    this.roll();
    return -larger(-this.current.min, -this.before.min);
  }

  /** Of the sum, per second. */
  rate(): number {
    return this.perSecond(this.current.sum + this.before.sum);
  }

  /** Of the number of values, per second. */
  countRate(): number {
    return this.perSecond(this.current.count + this.before.count);
  }

  private perSecond(total: number): number {
    this.roll();
    const elapsedMs = this.clock.monotonicMs() - this.startedMs + this.beforeMs;
    // As if a window had passed at least: one value after a millisecond is not a thousand a second.
    return (total / Math.max(elapsedMs, WINDOW_MS)) * 1_000;
  }

  private roll(): void {
    const nowMs = this.clock.monotonicMs();
    const passedMs = nowMs - this.startedMs;
    if (passedMs < WINDOW_MS) return;
    const empty = { sum: 0, count: 0, max: NaN, min: NaN };
    this.before = passedMs < 2 * WINDOW_MS ? this.current : empty;
    this.current = { ...empty };
    this.beforeMs = WINDOW_MS;
    this.startedMs = nowMs;
  }
}

function larger(a: number, b: number): number {
  return Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.max(a, b);
}

export class FetchMetrics {
  private readonly registry: MetricRegistry;
  private readonly clientId: string;
  private readonly latency: SampledValue;
  private readonly size: SampledValue;
  private readonly throttle: SampledValue;
  private readonly records: SampledValue;
  private readonly lag: SampledValue;
  private readonly lead: SampledValue;
  private fetches = 0;
  private recordsConsumed = 0;
  private bytesConsumed = 0;
  private readonly removals: (() => void)[] = [];
  private readonly ofPartitions = new Map<PartitionState, (() => void)[]>();

  constructor(options: { registry: MetricRegistry; clock: Clock; clientId: string }) {
    const sampled = (): SampledValue => new SampledValue(options.clock);
    this.registry = options.registry;
    this.clientId = options.clientId;
    this.latency = sampled();
    this.size = sampled();
    this.throttle = sampled();
    this.records = sampled();
    this.lag = sampled();
    this.lead = sampled();
    this.registerAll();
  }

  /** A fetch was answered. */
  answered(fetch: { latencyMs: number; bytes: number; throttleTimeMs: number }): void {
    this.fetches++;
    this.latency.record(fetch.latencyMs);
    this.size.record(fetch.bytes);
    this.throttle.record(fetch.throttleTimeMs);
  }

  /** A chunk's records, all of them, went to the application; the partition's position is behind them. */
  consumed(state: PartitionState, records: number, bytes: number, lag: number | null): void {
    this.recordsConsumed += records;
    this.bytesConsumed += bytes;
    this.records.record(records);
    if (lag !== null) this.lag.record(lag);
    if (state.logStartOffset >= 0) this.lead.record(state.position - state.logStartOffset);
  }

  /** Adds the metrics of a partition, until `removePartition`. */
  addPartition(state: PartitionState, lag: () => number | null): void {
    const tags = { "client-id": this.clientId, topic: state.topic, partition: String(state.partition) };
    const add = (name: string, read: () => number): (() => void) =>
      this.registry.register({ name, group: GROUP, tags }, read);
    this.ofPartitions.set(state, [
      add("records-lag", () => lag() ?? NaN),
      add("records-lead", () => (state.logStartOffset < 0 ? NaN : state.position - state.logStartOffset)),
      add("preferred-read-replica", () => state.preferredReplica),
    ]);
  }

  removePartition(state: PartitionState): void {
    for (const remove of this.ofPartitions.get(state) ?? []) remove();
    this.ofPartitions.delete(state);
  }

  close(): void {
    for (const state of this.ofPartitions.keys()) this.removePartition(state);
    for (const remove of this.removals.splice(0)) remove();
  }

  private registerAll(): void {
    const table: readonly [name: string, read: () => number][] = [
      ["fetch-latency-avg", () => this.latency.average()],
      ["fetch-latency-max", () => this.latency.max()],
      ["fetch-rate", () => this.latency.countRate()],
      ["fetch-total", () => this.fetches],
      ["fetch-size-avg", () => this.size.average()],
      ["fetch-size-max", () => this.size.max()],
      ["fetch-throttle-time-avg", () => this.throttle.average()],
      ["fetch-throttle-time-max", () => this.throttle.max()],
      ["records-per-request-avg", () => this.records.average()],
      ["records-consumed-rate", () => this.records.rate()],
      ["records-consumed-total", () => this.recordsConsumed],
      ["bytes-consumed-rate", () => this.size.rate()],
      ["bytes-consumed-total", () => this.bytesConsumed],
      ["records-lag-max", () => this.lag.max()],
      ["records-lead-min", () => this.lead.min()],
    ];
    const tags = { "client-id": this.clientId };
    for (const [name, read] of table) this.removals.push(this.registry.register({ name, group: GROUP, tags }, read));
  }
}
