// What a producer counts, named and grouped as Java's SenderMetricsRegistry and BufferPool name it. Nothing is recorded for each record:
// batches carry sums.

import type { Clock } from "@ottla/base";
import type { MetricRegistry } from "../metrics.ts";
import type { Batch } from "./batch.ts";
import type { BufferPool } from "./buffer-pool.ts";
import { Sampled } from "../sampled.ts";

const GROUP = "producer-metrics";
const TOPIC_GROUP = "producer-topic-metrics";

/** Calls whose time is counted. */
export type TimedCall = "flush" | "txn-init" | "txn-send-offsets" | "txn-commit" | "txn-abort";

interface TopicMeters {
  readonly sends: Sampled;
  readonly bytes: Sampled;
  readonly compression: Sampled;
  readonly retries: Sampled;
  readonly errors: Sampled;
}

export class ProducerMeters {
  private readonly registry: MetricRegistry;
  private readonly clock: Clock;
  private readonly tags: Readonly<Record<string, string>>;
  private readonly byTopic = new Map<string, TopicMeters>();
  private readonly removals: (() => void)[] = [];
  private readonly batchSize: Sampled;
  private readonly compression: Sampled;
  private readonly queueTime: Sampled;
  private readonly latency: Sampled;
  private readonly perRequest: Sampled;
  private readonly recordSize: Sampled;
  private readonly retries: Sampled;
  private readonly errors: Sampled;
  private readonly splits: Sampled;
  private readonly throttle: Sampled;
  private readonly exhausted: Sampled;
  private readonly callTimes: Record<TimedCall, number> = {
    flush: 0,
    "txn-init": 0,
    "txn-send-offsets": 0,
    "txn-commit": 0,
    "txn-abort": 0,
  };
  requestsInFlight = 0;

  constructor(registry: MetricRegistry, clock: Clock, tags: Readonly<Record<string, string>>) {
    this.registry = registry;
    this.clock = clock;
    this.tags = tags;
    this.batchSize = this.averageAndMax("batch-size");
    this.compression = this.averageOnly("compression-rate");
    this.queueTime = this.averageAndMax("record-queue-time");
    this.latency = this.averageAndMax("request-latency");
    this.perRequest = this.rateAndTotal("record-send");
    this.add("records-per-request-avg", () => this.perRequest.average(this.now()));
    this.recordSize = this.averageAndMax("record-size");
    this.retries = this.rateAndTotal("record-retry");
    this.errors = this.rateAndTotal("record-error");
    this.splits = this.rateAndTotal("batch-split");
    this.throttle = this.averageAndMax("produce-throttle-time");
    this.exhausted = this.rateAndTotal("buffer-exhausted");
    this.add("requests-in-flight", () => this.requestsInFlight);
    for (const call of Object.keys(this.callTimes) as TimedCall[])
      this.add(`${call}-time-ns-total`, () => this.callTimes[call] * 1e6);
  }

  /** Metrics of the memory; `waiting` answers how many records wait for some. */
  watchMemory(pool: BufferPool, waiting: () => number): void {
    this.add("buffer-total-bytes", () => pool.totalBytes);
    this.add("buffer-available-bytes", () => Math.max(0, pool.availableBytes));
    this.add("waiting-threads", waiting);
  }

  requestSent(batches: readonly Batch[], nowMs: number): void {
    let records = 0;
    for (const batch of batches) {
      records += batch.recordCount;
      const compressed = batch.wireBytes / batch.sizeInBytes;
      this.batchSize.record(batch.wireBytes, nowMs);
      this.queueTime.record(nowMs - batch.createdMs, nowMs);
      this.compression.record(compressed, nowMs);
      this.recordSize.record(batch.largestRecordBytes, nowMs);
      const topic = this.topic(batch.partition.topic);
      topic.sends.record(batch.recordCount, nowMs);
      topic.bytes.record(batch.wireBytes, nowMs);
      topic.compression.record(compressed, nowMs);
    }
    this.perRequest.record(records, nowMs);
    this.requestsInFlight++;
  }

  requestEnded(latencyMs: number | null, throttleMs: number): void {
    this.requestsInFlight--;
    if (latencyMs === null) return;
    const nowMs = this.now();
    this.latency.record(latencyMs, nowMs);
    this.throttle.record(throttleMs, nowMs);
  }

  retried(batch: Batch): void {
    const nowMs = this.now();
    this.retries.record(batch.recordCount, nowMs);
    this.topic(batch.partition.topic).retries.record(batch.recordCount, nowMs);
  }

  failed(topic: string, records: number): void {
    const nowMs = this.now();
    this.errors.record(records, nowMs);
    this.topic(topic).errors.record(records, nowMs);
  }

  split(): void {
    this.splits.record(1, this.now());
  }

  /** Adds the time that `work` takes to a total in nanoseconds, as KafkaProducerMetrics does for calls that block in Java. */
  async timed<T>(call: TimedCall, work: Promise<T>): Promise<T> {
    const startedMs = this.now();
    try {
      return await work;
    } finally {
      this.callTimes[call] += this.now() - startedMs;
    }
  }

  /** A record was given up because there was no memory for it in time. */
  memoryExhausted(): void {
    this.exhausted.record(1, this.now());
  }

  close(): void {
    for (const remove of this.removals.splice(0)) remove();
  }

  private topic(name: string): TopicMeters {
    const known = this.byTopic.get(name);
    if (known !== undefined) return known;
    const nowMs = this.now();
    const meters = {
      sends: new Sampled(nowMs),
      bytes: new Sampled(nowMs),
      compression: new Sampled(nowMs),
      retries: new Sampled(nowMs),
      errors: new Sampled(nowMs),
    };
    this.byTopic.set(name, meters);
    const tags = { ...this.tags, topic: name };
    const list = (metric: string, meter: Sampled): void => {
      this.add(`${metric}-total`, () => meter.total, TOPIC_GROUP, tags);
      this.add(`${metric}-rate`, () => meter.ratePerSecond(this.now()), TOPIC_GROUP, tags);
    };
    list("record-send", meters.sends);
    list("byte", meters.bytes);
    list("record-retry", meters.retries);
    list("record-error", meters.errors);
    this.add("compression-rate", () => meters.compression.average(this.now()), TOPIC_GROUP, tags);
    return meters;
  }

  private averageOnly(name: string): Sampled {
    const meter = this.meter();
    this.add(`${name}-avg`, () => meter.average(this.now()));
    return meter;
  }

  private averageAndMax(name: string): Sampled {
    const meter = this.averageOnly(name);
    this.add(`${name}-max`, () => meter.max(this.now()));
    return meter;
  }

  private rateAndTotal(name: string): Sampled {
    const meter = this.meter();
    this.add(`${name}-rate`, () => meter.ratePerSecond(this.now()));
    this.add(`${name}-total`, () => meter.total);
    return meter;
  }

  private meter(): Sampled {
    return new Sampled(this.now());
  }

  private add(name: string, read: () => number, group = GROUP, tags = this.tags): void {
    this.removals.push(this.registry.register({ name, group, tags }, read));
  }

  private now(): number {
    return this.clock.monotonicMs();
  }
}
