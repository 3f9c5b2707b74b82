// Index files against the segment beside them: which entries there are, and which do not fit (DumpLogSegments.dumpIndex, dumpTimeIndex).

import { basename, dirname, join, resolve } from "node:path";
import { DiskFileSystem, inspectFile } from "@ottla/storage";
import type { BatchEntry, InspectedEntry } from "@ottla/storage";
import { CommandFailure } from "../../command-failure.ts";

const fileSystem = new DiskFileSystem();

export interface IndexReport {
  readonly lines: readonly string[];
  /** What is told at the end, on stderr, by the file's absolute path. */
  readonly mismatches: readonly string[];
}

export interface IndexOptions {
  readonly verifiesOnly: boolean;
  readonly checksSanityOnly: boolean;
}

interface OffsetEntry {
  readonly offset: number;
  readonly position: number;
}

export function reportOffsetIndex(path: string, options: IndexOptions): IndexReport {
  const batches = new Map(batchesBeside(path).map((batch) => [batch.position, batch]));
  const entries = offsetEntries(path);
  if (entries.length === 0) return { lines: [`${path} is empty.`], mismatches: [] };
  if (options.checksSanityOnly) return sane(path);
  const mismatches: string[] = [];
  for (const { offset, position } of [...entries].reverse()) {
    const batch = batches.get(position);
    if (batch === undefined)
      throw new CommandFailure(`${path} has an entry for position ${position}, where no batch begins`);
    if (batch.lastOffset !== offset) mismatches.push(`  Index offset: ${offset}, log offset: ${batch.lastOffset}`);
  }
  return {
    lines: options.verifiesOnly ? [] : entries.map(({ offset, position }) => `offset: ${offset} position: ${position}`),
    mismatches: mismatches.length === 0 ? [] : [`Mismatches in :${resolve(path)}`, ...mismatches],
  };
}

export function reportTimeIndex(path: string, options: IndexOptions): IndexReport {
  const batches = batchesBeside(path);
  const index = offsetEntries(path.replace(/\.timeindex$/, ".index"));
  if (options.checksSanityOnly) return sane(path);
  const entries = timeEntries(path);
  const wrongTimes: string[] = [];
  const outOfOrder: string[] = [];
  const missing: string[] = [];
  let previous = -1;
  for (const { timestamp, offset } of entries) {
    const from = index.findLast((each) => each.offset <= offset)?.position ?? 0;
    const batch = batches.find((each) => each.position >= from && each.lastOffset >= offset);
    if (batch?.lastOffset !== offset) {
      missing.push(`Indexed offset: ${offset}, found log offset: ${batch?.lastOffset ?? -1}`);
    } else {
      if (batch.maxTimestamp !== timestamp) {
        wrongTimes.push(`  Index timestamp: ${timestamp}, log timestamp: ${batch.maxTimestamp}`);
      }
      if (previous >= timestamp) {
        outOfOrder.push(`  Index timestamp: ${timestamp}, Previously indexed timestamp: ${previous}`);
      }
    }
    previous = timestamp;
  }
  const headed = (head: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [`${head} :${resolve(path)}`, ...lines];
  return {
    lines: options.verifiesOnly
      ? []
      : entries.map(({ timestamp, offset }) => `timestamp: ${timestamp} offset: ${offset}`),
    mismatches: [
      ...headed("Found timestamp mismatch in", wrongTimes),
      ...headed("Found out of order timestamp in", outOfOrder),
      ...headed("The following indexed offsets are not found in", missing),
    ],
  };
}

function sane(path: string): IndexReport {
  const problem = [...inspectFile(fileSystem, path)].find((entry) => entry.kind === "problem");
  if (problem !== undefined) throw new CommandFailure(problem.problem);
  return { lines: [`${path} passed sanity check.`], mismatches: [] };
}

function batchesBeside(path: string): BatchEntry[] {
  const log = join(dirname(path), `${basename(path).split(".")[0]}.log`);
  return [...entriesOf(log)].filter((entry) => entry.kind === "batch");
}

function* entriesOf(path: string): Generator<InspectedEntry> {
  try {
    yield* inspectFile(fileSystem, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") throw error;
    throw new CommandFailure(`java.nio.file.NoSuchFileException: ${path}`, { cause: error });
  }
}

/** A file of zeros alone, as Kafka preallocates it, is shown with its first entry. */
function offsetEntries(path: string): OffsetEntry[] {
  const entries = [...entriesOf(path)].filter((entry) => entry.kind === "offset");
  return entries.length > 0 || isEmpty(path, 8) ? entries : [{ offset: baseOffset(path), position: 0 }];
}

function timeEntries(path: string): { timestamp: number; offset: number }[] {
  const entries = [...entriesOf(path)].filter((entry) => entry.kind === "time");
  return entries.length > 0 || isEmpty(path, 12) ? entries : [{ timestamp: 0, offset: baseOffset(path) }];
}

function isEmpty(path: string, entryBytes: number): boolean {
  return (fileSystem.readFile(path)?.length ?? 0) < entryBytes;
}

function baseOffset(path: string): number {
  return Number(basename(path).split(".")[0]);
}
