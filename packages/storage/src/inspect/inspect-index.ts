// The entries of index files. Kafka preallocates the indexes of an active segment with zeros; after a kill they are still there and are
// left out here.

import { LOG_SUFFIX, offsetOfFileName } from "../log-file-names.ts";
import { OFFSET_INDEX_ENTRY_BYTES, OffsetIndex } from "../offset-index.ts";
import { TIME_INDEX_ENTRY_BYTES, TimeIndex } from "../time-index.ts";
import { TRANSACTION_INDEX_ENTRY_BYTES, TransactionIndex } from "../transaction-index.ts";
import type { AbortedTransaction } from "../transaction-index.ts";
import type { ProblemEntry } from "./inspect-file.ts";

export type IndexFileEntry =
  | { kind: "offset"; offset: number; position: number }
  | { kind: "time"; timestamp: number; offset: number }
  | ({ kind: "abortedTransaction" } & AbortedTransaction);

export function* inspectOffsetIndex(path: string, bytes: Buffer): Generator<IndexFileEntry | ProblemEntry> {
  const index = new OffsetIndex(baseOffsetOf(path), withoutZeros(bytes, OFFSET_INDEX_ENTRY_BYTES));
  for (let slot = 0; slot < index.count; slot++)
    yield { kind: "offset", offset: index.offsetAt(slot), position: index.positionAt(slot) };
  yield* problemOf(index.problem(Infinity) ?? raggedEnd(bytes, OFFSET_INDEX_ENTRY_BYTES));
}

export function* inspectTimeIndex(path: string, bytes: Buffer): Generator<IndexFileEntry | ProblemEntry> {
  const index = new TimeIndex(baseOffsetOf(path), withoutZeros(bytes, TIME_INDEX_ENTRY_BYTES));
  for (let slot = 0; slot < index.count; slot++)
    yield { kind: "time", timestamp: index.timestampAt(slot), offset: index.offsetAt(slot) };
  yield* problemOf(index.problem() ?? raggedEnd(bytes, TIME_INDEX_ENTRY_BYTES));
}

export function* inspectTransactionIndex(bytes: Buffer): Generator<IndexFileEntry | ProblemEntry> {
  const index = new TransactionIndex(0, bytes);
  for (let slot = 0; slot < index.count; slot++) yield { kind: "abortedTransaction", ...index.entryAt(slot) };
  yield* problemOf(index.problem() ?? raggedEnd(bytes, TRANSACTION_INDEX_ENTRY_BYTES));
}

/** The file's name begins with the base offset that its entries are relative to; 0 when it has another name. */
function baseOffsetOf(path: string): number {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return offsetOfFileName(name.slice(0, 20) + LOG_SUFFIX, LOG_SUFFIX) ?? 0;
}

function withoutZeros(bytes: Buffer, entryBytes: number): Buffer {
  let end = bytes.length - (bytes.length % entryBytes);
  while (end > 0 && bytes.subarray(end - entryBytes, end).every((byte) => byte === 0)) end -= entryBytes;
  return bytes.subarray(0, end);
}

function raggedEnd(bytes: Buffer, entryBytes: number): string | null {
  const left = bytes.length % entryBytes;
  return left === 0 ? null : `${left} bytes at the end are no whole entry of ${entryBytes}`;
}

function* problemOf(problem: string | null): Generator<ProblemEntry> {
  if (problem !== null) yield { kind: "problem", position: null, problem };
}
