// `ottla record get`: one record, by its place. What is not there is told with what is next to it.

import { AbortedError } from "@ottla/client";
import type { ConsumerRecord } from "@ottla/client";
import { CommandError, UsageError } from "../../command-error.ts";
import type { CommandCall } from "../../command-definition.ts";
import { withKafka } from "../connect.ts";
import type { ConnectionFlags } from "../connect.ts";
import { readRanges } from "../consume/read-ranges.ts";
import { nameOf, offsetLookup } from "../consume/record-ranges.ts";
import { dataText } from "../format.ts";
import type { DataFormats } from "../format.ts";
import { recordJson } from "../json-records.ts";
import { choosePartitions, partitionsOfTopic } from "../known-partitions.ts";
import { print } from "../output.ts";
import type { OutputOptions } from "../output.ts";
import type { PeopleIo } from "../people-io.ts";
import { checkNullText, recordWriter, shownText } from "../record-output.ts";
import type { RenderFlags } from "../record-output.ts";
import { fieldLines } from "../table.ts";
import type { Page } from "../table.ts";
import { countText, timeText } from "../text.ts";
import { wholeNumber } from "../words.ts";

export interface GetRecordFlags extends ConnectionFlags, OutputOptions, Omit<RenderFlags, "output"> {
  readonly isolation?: "read_committed" | "read_uncommitted";
}

export async function getRecord({ options: flags, words, io }: CommandCall<GetRecordFlags>): Promise<number> {
  const { output, ...render } = flags;
  if (render.format !== undefined && output !== undefined)
    throw new UsageError("--format and --output cannot go together");
  checkNullText(flags);
  const [topic, partitionText, offsetText] = words;
  const partition = numberOf("partition", partitionText!);
  const offset = numberOf("offset", offsetText!);
  // A format that is wrong is told before anything is asked.
  const writer = render.format === undefined ? null : recordWriter(io, render);
  return await withKafka(flags, io, async (kafka, session) => {
    const { isolation: isolationLevel = "read_uncommitted" } = flags;
    const [place] = choosePartitions(await partitionsOfTopic(session, topic!), [partition]);
    const lookUp = offsetLookup(session, isolationLevel);
    const [end, beginning] = [await lookUp([place!], "latest"), await lookUp([place!], "earliest")].map(
      (offsets) => offsets.get(nameOf(place!)) ?? 0,
    );
    if (offset < beginning! || offset >= end!) {
      throw new CommandError(
        `${topic}-${partition} has no offset ${offset}: ${holding(beginning!, end!)} (OFFSET_OUT_OF_RANGE)`,
      );
    }
    const consumer = kafka.consumer({ isolationLevel, maxPollRecords: 1, autoOffsetReset: "earliest" });
    const range = { ...place!, start: offset, from: offset, to: end! };
    const record = await firstOf(readRanges(consumer, [range], { lookUp, signal: session.call.signal }));
    if (record?.offset !== offset) {
      if (session.call.signal.aborted) throw new AbortedError(session.call.signal);
      const next = record === null ? "none comes behind it" : `the next one is ${record.offset}`;
      throw new CommandError(
        `${topic}-${partition} has no record at offset ${offset}, which was compacted away or belongs to a transaction: ${next}`,
      );
    }
    if (writer === null) return await show(io, flags, record);
    writer.write(record);
    return writer.end();
  });
}

function numberOf(name: string, text: string): number {
  try {
    return wholeNumber(0)(text);
  } catch (error) {
    throw new UsageError(`the ${name}: ${(error as Error).message}`);
  }
}

function holding(beginning: number, end: number): string {
  return beginning === end ? "it is empty" : `it has ${beginning} to ${end - 1}`;
}

async function firstOf(groups: AsyncIterable<readonly ConsumerRecord[]>): Promise<ConsumerRecord | null> {
  for await (const [record] of groups) return record!;
  return null;
}

async function show(io: PeopleIo, flags: GetRecordFlags, record: ConsumerRecord): Promise<0 | 1> {
  let mismatches = 0;
  const formats: DataFormats = {
    key: flags.key ?? "string",
    value: flags.value ?? "string",
    nullText: flags.nullText ?? "null",
    onMismatch: (_, part) => {
      mismatches += 1;
      io.error(`ottla: the ${part} is no ${flags[part]}, and shown as text`);
    },
  };
  // As it is, so that no digit of a number is lost.
  if (flags.output === "json") io.out(recordJson(record, formats));
  else if (flags.output === "yaml") {
    await print(io, flags, { document: JSON.parse(recordJson(record, formats)), lines: () => [] });
  } else await print(io, flags, { document: null, lines: (page) => recordLines(record, formats, page) });
  return mismatches === 0 ? 0 : 1;
}

function recordLines(record: ConsumerRecord, formats: DataFormats, page: Page): string[] {
  const { topic, partition, offset, timestamp, timestampType, leaderEpoch, headers } = record;
  const sized = (part: "key" | "value"): string => {
    const bytes = record[part];
    return bytes === null ? "null" : countText(bytes.length, "byte");
  };
  return fieldLines(
    [
      ["topic", topic],
      ["partition", partition],
      ["offset", offset],
      ["timestamp", `${timeText(timestamp) ?? "none"} (${timestampType})`],
      ["leader epoch", leaderEpoch < 0 ? null : leaderEpoch],
      ["key size", sized("key")],
      ["value size", sized("value")],
      ...headers.map(({ key, value }) => [`header ${key}`, value === null ? "null" : shownText(value)] as const),
      ["key", shownText(dataText(record, "key", formats))],
      ["value", shownText(dataText(record, "value", formats))],
    ],
    page,
  );
}
