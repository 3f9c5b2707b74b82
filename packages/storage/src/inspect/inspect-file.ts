// Looks into one file of a log folder and says what is in it, as plain objects: for `ottla dump-log` and for tests. By the file's name
// it knows what to expect, as Kafka's DumpLogSegments does. Never changes the file, never throws for what it holds: what cannot be
// understood is an entry of its own, and the last.

import { DecodeError } from "@ottla/base";
import type { FileSystem } from "../file-system.ts";
import { CHECKPOINT_NAMES, inspectCheckpoint } from "./inspect-checkpoint.ts";
import type { CheckpointEntry } from "./inspect-checkpoint.ts";
import { inspectOffsetIndex, inspectTimeIndex, inspectTransactionIndex } from "./inspect-index.ts";
import type { IndexFileEntry } from "./inspect-index.ts";
import { inspectLog } from "./inspect-log.ts";
import type { BatchEntry } from "./inspect-log.ts";
import { inspectSnapshot } from "./inspect-snapshot.ts";
import type { SnapshotEntry } from "./inspect-snapshot.ts";

/** The rest of the file is not what its name says. */
export interface ProblemEntry {
  kind: "problem";
  /** Byte position, where it is known. */
  position: number | null;
  problem: string;
}

export type InspectedEntry = BatchEntry | IndexFileEntry | SnapshotEntry | CheckpointEntry | ProblemEntry;

export interface InspectOptions {
  /** Also the records of each batch, decompressed. Default false. */
  records?: boolean;
}

/** What a file of this name holds, or null when nothing is known of such a name. */
export type FileKind = "log" | "offsetIndex" | "timeIndex" | "transactionIndex" | "snapshot" | "checkpoint";

export function fileKindOf(path: string): FileKind | null {
  const name = path.slice(path.lastIndexOf("/") + 1).replace(/\.(?:deleted|swap|cleaned)$/, "");
  if (name.endsWith(".log") || /^(?:\d{20}-\d{10}|bootstrap)\.checkpoint$/.test(name)) return "log";
  if (name.endsWith(".timeindex")) return "timeIndex";
  if (name.endsWith(".txnindex")) return "transactionIndex";
  if (name.endsWith(".index")) return "offsetIndex";
  if (name.endsWith(".snapshot")) return "snapshot";
  return CHECKPOINT_NAMES.has(name) ? "checkpoint" : null;
}

/**
 * The entries of a file, in order. Nothing for a name of no known kind.
 * @throws the operating system's error when the file cannot be read.
 */
export function* inspectFile(
  fileSystem: FileSystem,
  path: string,
  options: InspectOptions = {},
): Generator<InspectedEntry> {
  const kind = fileKindOf(path);
  try {
    if (kind === "log") {
      yield* inspectLog(fileSystem, path, options.records ?? false);
      return;
    }
    const bytes = fileSystem.readFile(path);
    if (bytes === null) throw Object.assign(new Error(`there is no file ${path}`), { code: "ENOENT" });
    if (kind === "offsetIndex") yield* inspectOffsetIndex(path, bytes);
    else if (kind === "timeIndex") yield* inspectTimeIndex(path, bytes);
    else if (kind === "transactionIndex") yield* inspectTransactionIndex(bytes);
    else if (kind === "snapshot") yield* inspectSnapshot(bytes);
    else if (kind === "checkpoint") yield* inspectCheckpoint(path, bytes);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    yield { kind: "problem", position: null, problem: error.message };
  }
}
