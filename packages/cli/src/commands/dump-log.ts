// `ottla dump-log`: what is in one file of a data folder, Ottla's or Kafka's, an entry a line; the storage package reads it.
// The file is never changed. What is damaged is shown as far as it goes, and the exit code is then 1.

import { once } from "node:events";
import { basename, dirname, resolve } from "node:path";
import { DiskFileSystem, fileKindOf, inspectFile } from "@ottla/storage";
import type { InspectedEntry } from "@ottla/storage";
import { CommandError } from "../command-error.ts";
import { describeRecord } from "../wire/describe-message.ts";
import { entryLines } from "../wire/entry-lines.ts";

export interface DumpLogOptions {
  readonly json?: true;
  readonly records?: true;
}

/** Lines are gathered to pieces of this size before they are written. */
const PIECE_CHARACTERS = 64 * 1024;

/** @throws CommandError when the file cannot be read, or its name does not say what it is. */
export async function dumpLog(path: string, options: DumpLogOptions): Promise<void> {
  if (fileKindOf(path) === null) {
    throw new CommandError(
      `${basename(path)} is not the name of a file in a data folder: those end with .log, .index, .timeindex, .txnindex, .snapshot or -checkpoint`,
    );
  }
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // Whoever reads has seen enough.
    process.exit(error.code === "EPIPE" ? 0 : 1);
  });
  const describe = await recordDescriber(path, options);
  let piece = "";
  let problems = 0;
  let isEmpty = true;
  for (const entry of entriesOf(path, options)) {
    isEmpty = false;
    if (entry.kind === "problem" || (entry.kind === "batch" && !entry.checksumMatches)) problems++;
    piece += text(entry, options, describe);
    if (piece.length < PIECE_CHARACTERS) continue;
    await write(piece);
    piece = "";
  }
  if (piece !== "") await write(piece);
  else if (isEmpty && options.json !== true) await write("no entries\n");
  if (problems > 0) throw new CommandError(`${path} has ${problems} ${problems === 1 ? "problem" : "problems"}`);
}

type DescribeRecord = typeof describeRecord;

/** The records of the metadata log have a form of their own. */
async function recordDescriber(path: string, { records }: DumpLogOptions): Promise<DescribeRecord> {
  const isMetadata = basename(dirname(resolve(path))) === "__cluster_metadata-0" || path.endsWith(".checkpoint");
  if (records !== true || !isMetadata) return describeRecord;
  return (await import("../wire/describe-metadata-record.ts")).describeMetadataRecord;
}

function* entriesOf(path: string, { records }: DumpLogOptions): Generator<InspectedEntry> {
  try {
    yield* inspectFile(new DiskFileSystem(), path, { records: records === true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new CommandError(`cannot read ${path}: ${code === "ENOENT" ? "there is no such file" : message}`);
  }
}

function text(entry: InspectedEntry, { json }: DumpLogOptions, describe: DescribeRecord): string {
  const { records: read, ...fields } = entry.kind === "batch" ? entry : { ...entry, records: null };
  const records = read?.map((record) => describe(record, entry.kind === "batch" && entry.isControl)) ?? null;
  if (json !== true) return entryLines(fields, records);
  return `${JSON.stringify(records === null ? fields : { ...fields, records })}\n`;
}

async function write(piece: string): Promise<void> {
  if (!process.stdout.write(piece)) await once(process.stdout, "drain");
}
