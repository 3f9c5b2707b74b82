// `ottla dump-log`: what is in one file of a data folder, Ottla's or Kafka's, an entry a line; the storage package reads it.
// The file is never changed. What is damaged is shown as far as it goes, and the exit code is then 1.

import { once } from "node:events";
import { basename, dirname, resolve } from "node:path";
import { DiskFileSystem, fileKindOf, inspectFile } from "@ottla/storage";
import type { InspectedEntry } from "@ottla/storage";
import { CommandError } from "../command-error.ts";
import type { CoordinatorLog } from "../wire/describe-coordinator-record.ts";
import { describeRecord } from "../wire/describe-message.ts";
import { entryLines } from "../wire/entry-lines.ts";

export interface DumpLogOptions {
  readonly json?: true;
  readonly records?: true;
  /** How keys and values are read; default as the folder's name says. Asks for records. */
  readonly decoder?: Decoder;
}

/** As Kafka's DumpLogSegments names its decoders. */
export type Decoder = CoordinatorLog | "cluster-metadata";

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

/** The records of the metadata log and of the coordinators' topics have forms of their own. */
async function recordDescriber(path: string, { records, decoder }: DumpLogOptions): Promise<DescribeRecord> {
  const used = decoder ?? (records === true ? decoderFor(path) : null);
  if (used === null) return describeRecord;
  if (used === "cluster-metadata") return (await import("../wire/describe-metadata-record.ts")).describeMetadataRecord;
  return (await import("../wire/describe-coordinator-record.ts")).describeCoordinatorRecord(used);
}

const decodersByTopic: ReadonlyMap<string, Decoder> = new Map([
  ["__cluster_metadata", "cluster-metadata"],
  ["__consumer_offsets", "offsets"],
  ["__transaction_state", "transaction-log"],
  ["__share_group_state", "share-group-state"],
]);

function decoderFor(path: string): Decoder | null {
  if (path.endsWith(".checkpoint")) return "cluster-metadata";
  const topic = basename(dirname(resolve(path))).replace(/-\d+$/, "");
  return decodersByTopic.get(topic) ?? null;
}

function* entriesOf(path: string, { records, decoder }: DumpLogOptions): Generator<InspectedEntry> {
  try {
    yield* inspectFile(new DiskFileSystem(), path, { records: records === true || decoder !== undefined });
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
