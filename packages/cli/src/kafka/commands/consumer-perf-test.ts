// `kafka-consumer-perf-test`: how fast records are read. Kafka: org.apache.kafka.tools.ConsumerPerformance.

import { AbortedError } from "@ottla/client";
import type { Consumer, ConsumerRecord, RebalanceHook, TopicPartition } from "@ottla/client";
import { withConsumer } from "../client/connect.ts";
import type { CommandIo, KafkaCommand } from "../command-io.ts";
import { reportingFailures } from "../failure.ts";
import { decimals, partitionText } from "../text/java-format.ts";
import { javaPattern } from "../text/java-regex.ts";
import { metricLines } from "../text/metric-lines.ts";
import { dateFormat } from "./consumer-perf/date-format.ts";
import type { WriteDate } from "./consumer-perf/date-format.ts";
import { consumerPerfProperties, readConsumerPerfOptions } from "./consumer-perf/options.ts";
import type { ConsumerPerfOptions } from "./consumer-perf/options.ts";

const POLL_MS = 100;
const MEBIBYTE = 1024 * 1024;
const MORE_COLUMNS = "rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec";

export const consumerPerfTest: KafkaCommand = (words, io) =>
  reportingFailures(io, async () => {
    const options = readConsumerPerfOptions(words, io);
    const writeDate = dateFormat(options.text("date-format")!);
    const isDetailed = options.has("show-detailed-stats");
    const properties = await consumerPerfProperties(options);
    if (!options.has("hide-header")) {
      const first = isDetailed ? "time, threadId" : "start.time, end.time";
      io.out(`${first}, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, ${MORE_COLUMNS}`);
    }
    const joining = new Joining(Date.now());
    const where = { servers: options.text("bootstrap-server")!, properties, own: joining.hooks };
    await withConsumer(where, async (consumer, kafka) => {
      const startMs = Date.now();
      const reading = new Reading(io, options, { writeDate, joining });
      await reading.perform(consumer);
      if (!isDetailed) io.out(reading.totalLine(startMs, Date.now()));
      if (options.has("print-metrics")) for (const line of metricLines(kafka.metrics())) io.out(line);
    });
  });

/** How long the consumer had no partitions: from the beginning, or from when the last one went, to the next assignment. */
class Joining {
  totalMs = 0;
  /** Since the last line of progress. */
  recentMs = 0;
  private readonly owned = new Set<string>();
  private sinceMs: number;

  constructor(nowMs: number) {
    this.sinceMs = nowMs;
  }

  get hooks(): { onAssigned: RebalanceHook; onRevoked: RebalanceHook } {
    const names = (partitions: readonly TopicPartition[]): string[] => partitions.map(partitionText);
    return {
      onAssigned: (partitions) => {
        if (this.owned.size === 0) {
          const elapsed = Date.now() - this.sinceMs;
          this.totalMs += elapsed;
          this.recentMs += elapsed;
        }
        for (const name of names(partitions)) this.owned.add(name);
      },
      onRevoked: (partitions) => {
        for (const name of names(partitions)) this.owned.delete(name);
        if (this.owned.size === 0) this.sinceMs = Date.now();
      },
    };
  }
}

class Reading {
  private readonly io: CommandIo;
  private readonly options: ConsumerPerfOptions;
  private readonly writeDate: WriteDate;
  private readonly joining: Joining;
  private records = 0;
  private bytes = 0;
  private reportedMs = Date.now();
  private reportedRecords = 0;
  private reportedBytes = 0;

  constructor(
    io: CommandIo,
    options: ConsumerPerfOptions,
    { writeDate, joining }: { readonly writeDate: WriteDate; readonly joining: Joining },
  ) {
    this.io = io;
    this.options = options;
    this.writeDate = writeDate;
    this.joining = joining;
  }

  async perform(consumer: Consumer): Promise<void> {
    const { options, io } = this;
    const wanted = options.number(options.has("messages") ? "messages" : "num-records")!;
    const limitMs = options.number("timeout")!;
    await consumer.subscribe(options.text("topic") ?? javaPattern(options.text("include")!));
    let nowMs = Date.now();
    let lastMs = nowMs;
    while (this.records < wanted && nowMs - lastMs <= limitMs && !io.signal.aborted) {
      const records = await poll(consumer, io.signal);
      nowMs = Date.now();
      if (records.length > 0) lastMs = nowMs;
      for (const record of records) this.count(record, nowMs);
    }
    if (this.records < wanted) {
      io.out(
        `WARNING: Exiting before consuming the expected number of records: timeout (${limitMs} ms) exceeded. You can use the --timeout option to increase the timeout.`,
      );
    }
  }

  private count({ key, value }: ConsumerRecord, nowMs: number): void {
    this.records += 1;
    this.bytes += (key?.length ?? 0) + (value?.length ?? 0);
    if (nowMs - this.reportedMs < this.options.number("reporting-interval")!) return;
    if (this.options.has("show-detailed-stats")) this.io.out(this.progressLine(nowMs));
    this.joining.recentMs = 0;
    this.reportedMs = nowMs;
    this.reportedRecords = this.records;
    this.reportedBytes = this.bytes;
  }

  private progressLine(nowMs: number): string {
    const elapsed = nowMs - this.reportedMs;
    const records = this.records - this.reportedRecords;
    const megabytes = (this.bytes - this.reportedBytes) / MEBIBYTE;
    const fetchMs = elapsed - this.joining.recentMs;
    const perFetchSecond = (amount: number): string => decimals(fetchMs <= 0 ? 0 : (1000 * amount) / fetchMs, 4);
    return [
      this.writeDate(nowMs),
      0,
      decimals(this.bytes / MEBIBYTE, 4),
      decimals((1000 * megabytes) / elapsed, 4),
      this.records,
      decimals((records / elapsed) * 1000, 4),
      this.joining.recentMs,
      fetchMs,
      perFetchSecond(megabytes),
      perFetchSecond(records),
    ].join(", ");
  }

  totalLine(startMs: number, endMs: number): string {
    const seconds = (endMs - startMs) / 1000;
    const megabytes = this.bytes / MEBIBYTE;
    const fetchMs = endMs - startMs - this.joining.totalMs;
    return [
      this.writeDate(startMs),
      this.writeDate(endMs),
      decimals(megabytes, 4),
      decimals(megabytes / seconds, 4),
      this.records,
      decimals(this.records / seconds, 4),
      this.joining.totalMs,
      fetchMs,
      decimals(megabytes / (fetchMs / 1000), 4),
      decimals(this.records / (fetchMs / 1000), 4),
    ].join(", ");
  }
}

/** None when the signal ended it. */
async function poll(consumer: Consumer, signal: AbortSignal): Promise<readonly ConsumerRecord[]> {
  try {
    return await consumer.poll({ timeoutMs: POLL_MS, signal });
  } catch (error) {
    if (error instanceof AbortedError) return [];
    throw error;
  }
}
