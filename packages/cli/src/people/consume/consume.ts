// `ottla consume`: shows records as they come. It reads no faster than they can be written, and ends quietly when nobody reads them any more.

import type { Consumer, ConsumerRecord, Kafka } from "@ottla/client";
import type { CommandCall } from "../../command-definition.ts";
import { withKafka } from "../connect.ts";
import type { Session } from "../connect.ts";
import { showData } from "../record-data.ts";
import type { DataFormat } from "../record-data.ts";
import { choosePartitions, knownPartitions } from "../known-partitions.ts";
import type { PeopleIo } from "../people-io.ts";
import { rateText } from "../rates.ts";
import { recordWriter } from "../record-output.ts";
import type { RecordWriter } from "../record-output.ts";
import { startProgress } from "../terminal.ts";
import type { Progress } from "../terminal.ts";
import { countText } from "../text.ts";
import { checkFlags, startOf } from "./consume-options.ts";
import type { ConsumeFlags } from "./consume-options.ts";
import { GroupReading } from "./read-group.ts";
import { MAX_POLL_RECORDS, readRanges } from "./read-ranges.ts";
import { offsetLookup, planRanges } from "./record-ranges.ts";

/** What is fetched ahead of the output. */
const PREFETCH_BYTES = 8 * 1024 * 1024;

export async function consume({ options: flags, words, io }: CommandCall<ConsumeFlags>): Promise<number> {
  checkFlags(flags);
  const writer = recordWriter(io, flags);
  return await withKafka(flags, io, async (kafka, session) => {
    const showing = new Showing(io, flags, writer);
    try {
      if (flags.group === undefined) await showRanges(showing, { kafka, session, flags, words });
      else await showGroup(showing, { kafka, session, flags, words });
    } finally {
      showing.progress.end();
    }
    return showing.end();
  });
}

interface Work {
  readonly kafka: Kafka;
  readonly session: Session;
  readonly flags: ConsumeFlags;
  readonly words: readonly string[];
}

async function showRanges(showing: Showing, { kafka, session, flags, words }: Work): Promise<void> {
  const partitions = choosePartitions(await knownPartitions(session, words), flags.partition);
  const { isolation: isolationLevel = "read_committed" } = flags;
  const lookUp = offsetLookup(session, isolationLevel);
  const consumer = kafka.consumer({
    isolationLevel,
    maxPollRecords: MAX_POLL_RECORDS,
    prefetchBytes: PREFETCH_BYTES,
    // What is deleted while it is read is behind us.
    autoOffsetReset: "earliest",
  });
  const nowMs = Date.now();
  const { signal } = session.call;
  const range = { from: startOf(flags), untilMs: flags.until ?? null, endsAtEnd: flags.exit === true };
  const ranges = await planRanges(lookUp, partitions, range, nowMs);
  const untilMs = range.untilMs !== null && range.untilMs > nowMs ? range.untilMs : null;
  for await (const records of readRanges(consumer, ranges, { lookUp, signal, untilMs })) {
    if (!(await showing.show(records))) return;
  }
}

async function showGroup(showing: Showing, { kafka, session, flags, words }: Work): Promise<void> {
  await knownPartitions(session, words);
  const { isolation: isolationLevel = "read_committed" } = flags;
  const reading = new GroupReading(offsetLookup(session, isolationLevel));
  const consumer: Consumer = kafka.consumer({
    groupId: flags.group!,
    isolationLevel,
    maxPollRecords: MAX_POLL_RECORDS,
    prefetchBytes: PREFETCH_BYTES,
    autoOffsetReset: flags.from?.kind === "end" ? "latest" : "earliest",
    ...reading.hooks,
  });
  const options = {
    signal: session.call.signal,
    endsAtEnd: flags.exit === true,
    // No more than may be shown are taken: what is taken is committed.
    room: () => showing.room,
  };
  for await (const records of reading.records(consumer, words, options)) {
    const isMoreWanted = await showing.show(records);
    // What is still to be written is not shown, and must not be committed.
    await showing.written();
    if (!isMoreWanted || showing.isCut) break;
  }
  // What nobody read is left to the next member.
  if (!showing.isCut) await consumer.commit();
}

class Showing {
  readonly progress: Progress;
  private readonly io: PeopleIo;
  private readonly flags: ConsumeFlags;
  private readonly writer: RecordWriter;
  private readonly startMs = performance.now();
  private read = 0;
  private shown = 0;

  constructor(io: PeopleIo, flags: ConsumeFlags, writer: RecordWriter) {
    this.io = io;
    this.flags = flags;
    this.writer = writer;
    // On a terminal the records themselves are the progress.
    this.progress = io.terminal.output ? { update: () => {}, end: () => {} } : startProgress(io);
  }

  /** How many records may be taken at a time without taking too many. */
  get room(): number {
    return Math.min(MAX_POLL_RECORDS, (this.flags.max ?? Infinity) - this.shown);
  }

  /** Whoever read the output has gone. */
  get isCut(): boolean {
    return this.io.isOutputClosed;
  }

  /** Whether there is a use for more. */
  async show(records: readonly ConsumerRecord[]): Promise<boolean> {
    const { max = Infinity } = this.flags;
    for (const record of records) {
      if (this.shown >= max) break;
      this.read += 1;
      if (!this.isWanted(record)) continue;
      this.shown += 1;
      this.writer.write(record);
    }
    await this.io.drained();
    this.progress.update(() => this.progressText());
    return this.shown < max && !this.isCut;
  }

  written(): Promise<void> {
    return this.io.written();
  }

  end(): 0 | 1 {
    return this.isCut ? 0 : this.writer.end();
  }

  private isWanted({ key, value }: ConsumerRecord): boolean {
    const { grep, key: keyFormat = "string", value: valueFormat = "string" } = this.flags;
    return grep === undefined || isMatch(grep, key, keyFormat) || isMatch(grep, value, valueFormat);
  }

  private progressText(): string {
    const shown = this.flags.grep === undefined ? "" : `, ${this.shown} shown`;
    return `${countText(this.read, "record")} read${shown}, ${rateText(this.read, performance.now() - this.startMs)}`;
  }
}

function isMatch(pattern: RegExp, data: Buffer | null, format: DataFormat): boolean {
  if (data === null) return false;
  const shown = showData(data, format) ?? data;
  return pattern.test(typeof shown === "string" ? shown : shown.toString("utf8"));
}
