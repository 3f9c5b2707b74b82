// `kafka-producer-perf-test`: how fast records are sent, and how long each takes. Kafka: org.apache.kafka.tools.ProducerPerformance.

import { KafkaError } from "@ottla/client";
import type { Metric, Producer, Transaction } from "@ottla/client";
import { withProducer } from "../client/connect.ts";
import type { CommandIo, KafkaCommand } from "../command-io.ts";
import { reportingFailures } from "../failure.ts";
import { javaText } from "../text/java-error.ts";
import { metricLines } from "../text/metric-lines.ts";
import { Throttler } from "../text/throttler.ts";
import { readPerfArguments } from "./producer-perf/arguments.ts";
import type { PerfSettings } from "./producer-perf/arguments.ts";
import { payloadOf } from "./producer-perf/payloads.ts";
import type { Payload } from "./producer-perf/payloads.ts";
import { Statistics } from "./producer-perf/statistics.ts";

/** Records without an outcome; more wait, as they do for memory in Java. */
const MAX_UNDER_WAY = 50_000;
/** The event loop gets its turn after so many records. */
const TURN_RECORDS = 500;

export const producerPerfTest: KafkaCommand = (words, io) =>
  reportingFailures(io, async () => {
    const settings = await readPerfArguments(words, io);
    const payload = await payloadOf(settings.parsed, io);
    let metrics: readonly Metric[] = [];
    const run = new Run(io, settings, payload);
    await withProducer(settings, async (producer, kafka) => {
      await run.perform(producer);
      await producer.flush();
      metrics = kafka.metrics();
    });
    for (const line of run.totalLines()) io.out(line);
    if (settings.printsMetrics) for (const line of metricLines(metrics)) io.out(line);
  });

class Run {
  private readonly io: CommandIo;
  private readonly settings: PerfSettings;
  private readonly payload: Payload;
  private readonly startMs = Date.now();
  private readonly statistics: Statistics;
  private steady: Statistics | null = null;
  private underWay = 0;
  private resume: (() => void) | null = null;

  constructor(io: CommandIo, settings: PerfSettings, payload: Payload) {
    this.io = io;
    this.settings = settings;
    this.payload = payload;
    this.statistics = this.newStatistics(false);
  }

  async perform(producer: Producer): Promise<void> {
    const { topic, numRecords, warmupRecords, throughput } = this.settings;
    if (warmupRecords > 0) {
      this.io.out(
        `Warmup first ${warmupRecords} records. Steady state results will print after the complete test summary.`,
      );
    }
    const throttler = new Throttler(throughput, this.startMs);
    const transactions = new Transactions(producer, this.settings.transactionMs);
    for (let index = 0; index < numRecords && !this.io.signal.aborted; index++) {
      const value = this.payload(index);
      const sender = await transactions.sender();
      const nowMs = Date.now();
      if (warmupRecords > 0 && index === warmupRecords) {
        this.steady = this.newStatistics(true);
        this.statistics.isSilent = true;
      }
      this.send(sender.send({ topic, value }), nowMs, value.length);
      await transactions.commitWhenDue(nowMs);
      if (throttler.isAhead(index, nowMs)) await throttler.wait(this.io.signal);
      if (this.underWay >= MAX_UNDER_WAY) await new Promise<void>((resolve) => (this.resume = resolve));
      else if (index % TURN_RECORDS === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await transactions.commit();
  }

  totalLines(): string[] {
    const nowMs = Date.now();
    return [this.statistics, this.steady].flatMap((each) => each?.totalLine(nowMs) ?? []);
  }

  private newStatistics(isSteadyState: boolean): Statistics {
    const { numRecords, warmupRecords, reportingIntervalMs } = this.settings;
    const count = isSteadyState ? numRecords - warmupRecords : numRecords;
    return new Statistics({ numRecords: count, reportingIntervalMs, isSteadyState, startMs: Date.now() });
  }

  private send(sending: Promise<unknown>, sentMs: number, bytes: number): void {
    this.underWay += 1;
    // Which statistics a record is for is decided when it is sent.
    const { steady } = this;
    sending.then(
      () => {
        const nowMs = Date.now();
        for (const line of this.statistics.record(nowMs - sentMs, bytes, nowMs)) this.io.out(line);
        for (const line of steady?.record(nowMs - sentMs, bytes, nowMs) ?? []) this.io.out(line);
        this.ended();
      },
      (error: unknown) => {
        if (!(error instanceof KafkaError)) throw error;
        this.io.error(javaText(error));
        this.ended();
      },
    );
  }

  private ended(): void {
    this.underWay -= 1;
    if (this.resume === null || this.underWay > MAX_UNDER_WAY / 2) return;
    this.resume();
    this.resume = null;
  }
}

/** One transaction after another, each as long as it was said; or none. */
class Transactions {
  private readonly producer: Producer;
  private readonly durationMs: number | null;
  private open: Transaction | null = null;
  private begunMs = 0;

  constructor(producer: Producer, durationMs: number | null) {
    this.producer = producer;
    this.durationMs = durationMs;
  }

  async sender(): Promise<Producer | Transaction> {
    if (this.durationMs === null) return this.producer;
    if (this.open === null) {
      this.open = await this.producer.beginTransaction();
      this.begunMs = Date.now();
    }
    return this.open;
  }

  async commitWhenDue(nowMs: number): Promise<void> {
    if (this.durationMs !== null && this.durationMs <= nowMs - this.begunMs) await this.commit();
  }

  async commit(): Promise<void> {
    await this.open?.commit();
    this.open = null;
  }
}
