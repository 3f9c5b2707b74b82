// `ottla record find`: the records that have a key, wherever they are. Keys are compared byte by byte; a topic has no index of them, so all of
// what is asked for is read.

import { AbortedError } from "@ottla/client";
import type { ConsumerRecord } from "@ottla/client";
import { CommandError, UsageError } from "../../command-error.ts";
import type { CommandCall } from "../../command-definition.ts";
import { withKafka } from "../connect.ts";
import type { ConnectionFlags } from "../connect.ts";
import { startOf } from "../consume/consume-options.ts";
import type { RangeFlags } from "../consume/consume-options.ts";
import { MAX_POLL_RECORDS, readRanges } from "../consume/read-ranges.ts";
import { offsetLookup, planRanges } from "../consume/record-ranges.ts";
import { choosePartitions, partitionsOfTopic } from "../known-partitions.ts";
import { rateText } from "../rates.ts";
import { parseWord } from "../record-data.ts";
import type { InputFormat } from "../record-data.ts";
import { recordWriter } from "../record-output.ts";
import type { RecordWriter, RenderFlags } from "../record-output.ts";
import { startProgress } from "../terminal.ts";
import { countText } from "../text.ts";

export interface FindRecordsFlags extends ConnectionFlags, Omit<RangeFlags, "from">, Omit<RenderFlags, "key"> {
  readonly key?: InputFormat;
  readonly last?: true;
  readonly max?: number;
}

export async function findRecords({ options: flags, words, io }: CommandCall<FindRecordsFlags>): Promise<number> {
  const { key: keyFormat = "string", isolation: isolationLevel = "read_committed", last, max = Infinity } = flags;
  if (last === true && flags.max !== undefined) throw new UsageError("--last and --max cannot go together");
  const wanted = parseWord(words[1]!, keyFormat);
  const writer = recordWriter(io, { ...flags, key: keyFormat === "long" ? "int" : keyFormat });
  return await withKafka(flags, io, async (kafka, session) => {
    const partitions = choosePartitions(await partitionsOfTopic(session, words[0]!), flags.partition);
    const { signal } = session.call;
    const lookUp = offsetLookup(session, isolationLevel);
    const range = { from: startOf(flags), untilMs: flags.until ?? null, endsAtEnd: true };
    const ranges = await planRanges(lookUp, partitions, range, Date.now());
    const consumer = kafka.consumer({ isolationLevel, maxPollRecords: MAX_POLL_RECORDS, autoOffsetReset: "earliest" });
    const progress = startProgress(io);
    const startMs = performance.now();
    const found = new Found(writer, last === true, max);
    let read = 0;
    try {
      for await (const records of readRanges(consumer, ranges, { lookUp, signal })) {
        read += records.length;
        const matching = records.filter(({ key }) => key !== null && wanted.equals(key));
        // A line of progress and a record would stand in each other's way on a terminal.
        if (matching.length > 0) progress.end();
        found.add(matching);
        await io.drained();
        if (found.isEnough || io.isOutputClosed) break;
        progress.update(() => `${countText(read, "record")} read, ${rateText(read, performance.now() - startMs)}`);
      }
    } finally {
      progress.end();
    }
    if (signal.aborted) throw new AbortedError(signal);
    const code = io.isOutputClosed ? 0 : found.end();
    if (found.count === 0) {
      throw new CommandError(`none of the ${countText(read, "record")} of ${words[0]} that were read has this key`);
    }
    return code;
  });
}

class Found {
  count = 0;
  private readonly writer: RecordWriter;
  private readonly isLastOnly: boolean;
  private readonly max: number;
  private last: ConsumerRecord | null = null;

  constructor(writer: RecordWriter, isLastOnly: boolean, max: number) {
    this.writer = writer;
    this.isLastOnly = isLastOnly;
    this.max = max;
  }

  get isEnough(): boolean {
    return this.count >= this.max;
  }

  add(records: readonly ConsumerRecord[]): void {
    for (const record of records) {
      if (this.isEnough) return;
      this.count += 1;
      if (!this.isLastOnly) this.writer.write(record);
      else if (this.last === null || isYounger(record, this.last)) this.last = record;
    }
  }

  end(): 0 | 1 {
    if (this.last !== null) this.writer.write(this.last);
    return this.writer.end();
  }
}

/** In one partition by offset, across partitions by time. */
function isYounger(record: ConsumerRecord, other: ConsumerRecord): boolean {
  return record.partition === other.partition ? record.offset > other.offset : record.timestamp > other.timestamp;
}
