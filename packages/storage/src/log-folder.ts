// What lies in a partition's folder, after the leftovers of interrupted deletions and compactions are gone (the first passes of
// Kafka's LogLoader). Names that are not Kafka's are left alone.

import type { FileSystem } from "./file-system.ts";
import {
  CLEANED_SUFFIX,
  DELETED_SUFFIX,
  LOG_SUFFIX,
  offsetOfFileName,
  OFFSET_INDEX_SUFFIX,
  SNAPSHOT_SUFFIX,
  SWAP_SUFFIX,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from "./log-file-names.ts";
import { BatchHead } from "./batch-head.ts";
import { scanHeads } from "./segment-scan.ts";

/** A snapshot of the metadata log that waits to be deleted is that log's own business. */
const DELETED_CHECKPOINT_SUFFIX = ".checkpoint.deleted";

export interface FoundSegment {
  baseOffset: number;
  size: number;
  modifiedMs: number;
  hasTransactionIndex: boolean;
}

export interface LogFolder {
  /** In order of base offset. */
  segments: FoundSegment[];
  snapshotOffsets: number[];
  names: ReadonlySet<string>;
}

/** Cleans up and lists. */
export function readLogFolder(fileSystem: FileSystem, folder: string): LogFolder {
  const names = new Set<string>();
  let swaps = false;
  for (const { name, isFolder } of fileSystem.list(folder)) {
    if (isFolder) continue;
    const isLeftover =
      name.endsWith(CLEANED_SUFFIX) || (name.endsWith(DELETED_SUFFIX) && !name.endsWith(DELETED_CHECKPOINT_SUFFIX));
    if (isLeftover) fileSystem.removeSync(`${folder}/${name}`);
    else names.add(name);
    swaps ||= name.endsWith(SWAP_SUFFIX);
  }
  if (swaps) finishSwap(fileSystem, folder, names);
  const segments: FoundSegment[] = [];
  const snapshotOffsets: number[] = [];
  for (const name of names) {
    const snapshot = offsetOfFileName(name, SNAPSHOT_SUFFIX);
    if (snapshot !== null) snapshotOffsets.push(snapshot);
    const baseOffset = offsetOfFileName(name, LOG_SUFFIX);
    if (baseOffset === null) continue;
    const { bytes, modifiedMs } = fileSystem.status(`${folder}/${name}`)!;
    const hasTransactionIndex = names.has(name.replace(LOG_SUFFIX, TRANSACTION_INDEX_SUFFIX));
    segments.push({ baseOffset, size: bytes, modifiedMs, hasTransactionIndex });
  }
  removeOrphans(fileSystem, folder, names);
  segments.sort((left, right) => left.baseOffset - right.baseOffset);
  return { segments, snapshotOffsets, names };
}

// Compaction writes .cleaned files, renames them to .swap once complete, then removes what they replace, then drops the suffix.
// A crash in between leaves .swap files: they replace every segment whose base offset lies in their range.
function finishSwap(fileSystem: FileSystem, folder: string, names: Set<string>): void {
  const swaps = [...names].filter((name) => name.endsWith(SWAP_SUFFIX));
  let first = Infinity;
  let end = -Infinity;
  for (const name of swaps) {
    const baseOffset = offsetOfFileName(name, LOG_SUFFIX + SWAP_SUFFIX);
    if (baseOffset === null) continue;
    first = Math.min(first, baseOffset);
    end = Math.max(end, endOfSwap(fileSystem, `${folder}/${name}`, baseOffset));
  }
  for (const name of names) {
    const digits = /^(\d{20})\.(?:log|index|timeindex|txnindex)$/.exec(name)?.[1];
    if (digits === undefined || Number(digits) < first || Number(digits) >= end) continue;
    fileSystem.removeSync(`${folder}/${name}`);
    names.delete(name);
  }
  for (const name of swaps) {
    const target = name.slice(0, -SWAP_SUFFIX.length);
    fileSystem.rename(`${folder}/${name}`, `${folder}/${target}`);
    names.delete(name);
    names.add(target);
  }
}

function endOfSwap(fileSystem: FileSystem, path: string, baseOffset: number): number {
  const file = fileSystem.open(path, "read");
  let end = baseOffset;
  try {
    scanHeads(file, { from: 0, to: file.size }, new BatchHead(), (head) => {
      end = head.lastOffset + 1;
      return false;
    });
  } finally {
    file.close();
  }
  return end;
}

/** An index without its segment is of no use and would be taken for that of a later segment. */
function removeOrphans(fileSystem: FileSystem, folder: string, names: Set<string>): void {
  for (const name of names) {
    for (const suffix of [OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX]) {
      const offset = offsetOfFileName(name, suffix);
      if (offset === null || names.has(name.slice(0, -suffix.length) + LOG_SUFFIX)) continue;
      fileSystem.removeSync(`${folder}/${name}`);
      names.delete(name);
    }
  }
}
