// The records of ranges as they come, until all ranges are read to their ends or the signal ends it. Partitions are assigned by hand.

import { AbortedError } from "@ottla/client";
import type { Consumer, ConsumerRecord } from "@ottla/client";
import { mayHaveRecords, nameOf } from "./record-ranges.ts";
import type { OffsetLookup, RecordRange } from "./record-ranges.ts";

/** One wait for records, when nothing but the signal can end it sooner. */
const LONG_POLL_MS = 60_000;
/** One wait when the end of a range may be reached without a record: behind it are markers of transactions, or what was compacted away. */
const SHORT_POLL_MS = 100;
/** Records handed out at a time. */
export const MAX_POLL_RECORDS = 2_000;

export interface ReadOptions {
  readonly lookUp: OffsetLookup;
  readonly signal: AbortSignal;
  /** A time to come, at which ranges without an end get theirs. */
  readonly untilMs?: number | null;
}

/** In groups, those of a partition in order. The groups belong to the consumer until the next one is asked for. */
export async function* readRanges(
  consumer: Consumer,
  ranges: readonly RecordRange[],
  options: ReadOptions,
): AsyncGenerator<readonly ConsumerRecord[]> {
  const reading = new Reading(consumer, ranges, options);
  await reading.begin();
  for (;;) {
    const records = await reading.next();
    if (records === null) return;
    if (records.length > 0) yield records;
  }
}

class Reading {
  private readonly consumer: Consumer;
  private readonly open: Map<string, RecordRange>;
  private readonly signal: AbortSignal;
  private readonly lookUp: OffsetLookup;
  private untilMs: number | null;
  /** The range of the last record, which most often is that of the next one. */
  private lastRange: RecordRange | undefined;

  constructor(consumer: Consumer, ranges: readonly RecordRange[], { lookUp, signal, untilMs = null }: ReadOptions) {
    this.lookUp = lookUp;
    this.consumer = consumer;
    this.signal = signal;
    this.untilMs = untilMs;
    this.open = new Map(ranges.filter(mayHaveRecords).map((range) => [nameOf(range), range]));
  }

  async begin(): Promise<void> {
    if (this.open.size === 0) return;
    const ranges = [...this.open.values()];
    await this.consumer.assign(ranges.map(({ topic, partition }) => ({ topic, partition })));
    for (const range of ranges) this.consumer.seek(range, range.start);
  }

  /** null at the end. */
  async next(): Promise<readonly ConsumerRecord[] | null> {
    if (this.untilMs !== null && Date.now() >= this.untilMs) await this.closeAt(this.untilMs);
    if (this.open.size === 0 || this.signal.aborted) return null;
    const records = await pollUntilAborted(this.consumer, { timeoutMs: this.waitMs(), signal: this.signal });
    if (records.length > 0) return records.filter((record) => this.isMeant(record));
    await this.closeReached();
    return records;
  }

  private waitMs(): number {
    for (const { to } of this.open.values()) if (to !== null) return SHORT_POLL_MS;
    return this.untilMs === null ? LONG_POLL_MS : Math.max(0, Math.min(LONG_POLL_MS, this.untilMs - Date.now()));
  }

  private isMeant(record: ConsumerRecord): boolean {
    const range = this.rangeOf(record);
    if (range === undefined || record.offset < range.from) return false;
    const isBehind =
      (range.to !== null && record.offset >= range.to) || (this.untilMs !== null && record.timestamp >= this.untilMs);
    if (isBehind || record.offset + 1 === range.to) this.close(range);
    return !isBehind;
  }

  private rangeOf(record: ConsumerRecord): RecordRange | undefined {
    const last = this.lastRange;
    if (last !== undefined && last.partition === record.partition && last.topic === record.topic) return last;
    return (this.lastRange = this.open.get(nameOf(record)));
  }

  private close(range: RecordRange): void {
    this.open.delete(nameOf(range));
    this.lastRange = undefined;
    this.consumer.pause(range);
  }

  /** The time has come: what is there now, up to it, is what is left to read. */
  private async closeAt(timestampMs: number): Promise<void> {
    const ranges = [...this.open.values()];
    const [found, ends] = await Promise.all([this.lookUp(ranges, timestampMs), this.lookUp(ranges, "latest")]);
    for (const range of ranges) range.to ??= found.get(nameOf(range)) ?? ends.get(nameOf(range)) ?? null;
    this.untilMs = null;
    await this.closeReached();
  }

  private async closeReached(): Promise<void> {
    for (const range of this.open.values()) {
      if (range.to === null) continue;
      if ((await this.consumer.position(range, { signal: this.signal })) >= range.to) this.close(range);
    }
  }
}

/** None when the signal came. */
export async function pollUntilAborted(
  consumer: Consumer,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal; readonly maxRecords?: number },
): Promise<readonly ConsumerRecord[]> {
  try {
    return await consumer.poll(options);
  } catch (error) {
    if (error instanceof AbortedError) return [];
    throw error;
  }
}
