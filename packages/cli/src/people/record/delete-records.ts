// `ottla record delete`: the oldest records of partitions. What would be lost is shown first, then asked for, then deleted.

import { partitionKey, settled } from "@ottla/client";
import { CommandError, UsageError } from "../../command-error.ts";
import type { CommandCall } from "../../command-definition.ts";
import { targetText, withAdmin } from "../connect.ts";
import type { ConnectionFlags, Session } from "../connect.ts";
import { nameOf, offsetLookup } from "../consume/record-ranges.ts";
import { reportErrors } from "../failure.ts";
import { choosePartitions, partitionsOfTopic } from "../known-partitions.ts";
import { plainPage, print } from "../output.ts";
import type { OutputOptions } from "../output.ts";
import { groupedText } from "../rates.ts";
import { tableLines } from "../table.ts";
import type { Column } from "../table.ts";
import { confirm, withProgress } from "../terminal.ts";
import type { ChangeOptions } from "../terminal.ts";

export interface DeleteRecordsFlags extends ConnectionFlags, OutputOptions, ChangeOptions {
  readonly before?: number | "end";
  readonly until?: number;
  readonly partition?: readonly number[];
}

interface PartitionRow {
  readonly topic: string;
  readonly partition: number;
  /** The first offset, before anything is deleted. */
  readonly beginningOffset: number;
  readonly endOffset: number;
  /** What will be the first offset. */
  readonly beforeOffset: number;
  /** How many offsets are deleted; records may be fewer. */
  readonly offsetCount: number;
  readonly isDeleted: boolean;
}

export async function deleteRecords({ options, words, io }: CommandCall<DeleteRecordsFlags>): Promise<number> {
  if ((options.before === undefined) === (options.until === undefined)) {
    throw new UsageError("say which records: either --before with an offset or end, or --until with a time");
  }
  return await withAdmin(options, io, async (session) => {
    const { admin, call, target } = session;
    const rows = await withProgress(io, "asking for offsets", () => planRows(session, words[0]!, options));
    const doomed = rows.filter(({ offsetCount }) => offsetCount > 0);
    const count = doomed.reduce((sum, { offsetCount }) => sum + offsetCount, 0);
    if (options.dryRun === true) {
      const title = `would be deleted on ${targetText(target)}: ${offsetsText(count)}`;
      await print(io, options, { document: rows, lines: (page) => [title, ...tableLines(rows, columns, page)] });
      return 0;
    }
    if (count > 0 && options.yes !== true) {
      for (const line of tableLines(rows, columns, plainPage(io))) io.error(line);
      await confirm(
        io,
        `Delete ${offsetsText(count)} of ${words[0]} on ${targetText(target)}? The records are lost.`,
        options,
      );
    }
    const { errors } = await settled(doomed.length === 0 ? Promise.resolve() : admin.deleteRecords(doomed, call));
    const done = rows.map((row) => ({
      ...row,
      isDeleted: row.offsetCount > 0 && !errors.has(partitionKey(row.topic, row.partition)),
    }));
    await print(io, options, { document: done, lines: () => doneLines(done, words[0]!) });
    return reportErrors(io, errors);
  });
}

function doneLines(rows: readonly PartitionRow[], topic: string): string[] {
  if (rows.every(({ offsetCount }) => offsetCount === 0)) return [`${topic} has no such records`];
  return rows
    .filter(({ isDeleted }) => isDeleted)
    .map(
      ({ partition, beforeOffset, offsetCount }) =>
        `${topic}-${partition} begins at ${beforeOffset}: ${offsetsText(offsetCount)} deleted`,
    );
}

/** "1,234 offsets": how many records there are among them nobody knows without reading. */
function offsetsText(count: number): string {
  return `${groupedText(count)} ${count === 1 ? "offset" : "offsets"}`;
}

/** @throws CommandError when an offset lies behind the end of a partition: nothing is deleted then */
async function planRows(
  session: Session,
  topic: string,
  { before, until, partition }: DeleteRecordsFlags,
): Promise<PartitionRow[]> {
  const partitions = choosePartitions(await partitionsOfTopic(session, topic), partition);
  const lookUp = offsetLookup(session, "read_uncommitted");
  const ends = await lookUp(partitions, "latest");
  const beginnings = await lookUp(partitions, "earliest");
  const places = until === undefined ? ends : await lookUp(partitions, until);
  return partitions.map((each) => {
    const name = nameOf(each);
    const endOffset = ends.get(name) ?? 0;
    const beginningOffset = beginnings.get(name) ?? 0;
    const place = typeof before === "number" ? before : (places.get(name) ?? endOffset);
    if (place > endOffset) {
      throw new CommandError(
        `nothing was deleted: ${topic}-${each.partition} ends at ${endOffset}, before ${place} (OFFSET_OUT_OF_RANGE)`,
      );
    }
    const beforeOffset = Math.max(beginningOffset, place);
    const offsetCount = beforeOffset - beginningOffset;
    return { ...each, beginningOffset, endOffset, beforeOffset, offsetCount, isDeleted: false };
  });
}

const columns: readonly Column<PartitionRow>[] = [
  { title: "PARTITION", value: ({ partition }) => partition },
  { title: "BEGINNING", value: ({ beginningOffset }) => beginningOffset },
  { title: "NEW BEGINNING", value: ({ beforeOffset }) => beforeOffset },
  { title: "END", value: ({ endOffset }) => endOffset },
  { title: "DELETED", value: ({ offsetCount }) => offsetCount },
];
