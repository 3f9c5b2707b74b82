// The batches of a segment, of a metadata snapshot, or of any file that is record batches one after another: heads, checksums and, if
// asked, records. Reads one batch at a time, so that a segment of any size can be looked at.

import { DecodeError } from "@ottla/base";
import { batchFormat, compressionName, readRecords } from "@ottla/protocol";
import type { BatchRecord } from "@ottla/protocol";
import { BATCH_HEAD_BYTES, BatchHead } from "../batch-head.ts";
import type { File, FileSystem } from "../file-system.ts";
import type { ProblemEntry } from "./inspect-file.ts";

export interface BatchEntry {
  kind: "batch";
  position: number;
  baseOffset: number;
  lastOffset: number;
  /** -1 for magic 0 and 1. */
  recordCount: number;
  sizeInBytes: number;
  magic: number;
  crc: number;
  checksumMatches: boolean;
  /** Null when the codec's id names none. */
  compression: string | null;
  timestampType: "CreateTime" | "LogAppendTime";
  maxTimestamp: number;
  leaderEpoch: number;
  producerId: number;
  producerEpoch: number;
  baseSequence: number;
  lastSequence: number;
  isTransactional: boolean;
  isControl: boolean;
  /** Null unless they were asked for. */
  records: BatchRecord[] | null;
}

/** A batch may claim any size; more than this is not read into memory. */
const BATCH_LIMIT_BYTES = 512 * 1024 * 1024;

export function* inspectLog(
  fileSystem: FileSystem,
  path: string,
  withRecords: boolean,
): Generator<BatchEntry | ProblemEntry> {
  const file = fileSystem.open(path, "read");
  const head = new BatchHead();
  const headBytes = Buffer.alloc(BATCH_HEAD_BYTES);
  try {
    for (let position = 0; position < file.size; position += head.sizeInBytes) {
      const available = file.readSync(headBytes, position);
      const isBatch = head.read(headBytes, 0, available) && head.sizeInBytes <= BATCH_LIMIT_BYTES;
      const problem = !isBatch
        ? "no record batch"
        : position + head.sizeInBytes > file.size
          ? "the batch is not complete"
          : null;
      if (problem !== null) {
        yield { kind: "problem", position, problem: `${problem}; ${file.size - position} bytes are left` };
        return;
      }
      yield inspectBatch(file, { position, sizeInBytes: head.sizeInBytes }, withRecords);
    }
  } finally {
    file.close();
  }
}

function inspectBatch(
  file: File,
  at: { position: number; sizeInBytes: number },
  withRecords: boolean,
): BatchEntry | ProblemEntry {
  const bytes = Buffer.allocUnsafe(at.sizeInBytes);
  file.readSync(bytes, at.position);
  try {
    return {
      kind: "batch",
      position: at.position,
      baseOffset: batchFormat.baseOffset(bytes, 0),
      lastOffset: batchFormat.lastOffset(bytes, 0),
      recordCount: batchFormat.recordCount(bytes, 0),
      sizeInBytes: at.sizeInBytes,
      magic: batchFormat.magic(bytes, 0),
      crc: batchFormat.crc(bytes, 0),
      checksumMatches: batchFormat.verifyCrc(bytes, 0),
      compression: compressionName(batchFormat.compressionType(bytes, 0)),
      timestampType: batchFormat.timestampType(bytes, 0),
      maxTimestamp: batchFormat.maxTimestamp(bytes, 0),
      leaderEpoch: batchFormat.partitionLeaderEpoch(bytes, 0),
      producerId: batchFormat.producerId(bytes, 0),
      producerEpoch: batchFormat.producerEpoch(bytes, 0),
      baseSequence: batchFormat.baseSequence(bytes, 0),
      lastSequence: batchFormat.lastSequence(bytes, 0),
      isTransactional: batchFormat.isTransactional(bytes, 0),
      isControl: batchFormat.isControl(bytes, 0),
      records: withRecords ? [...readRecords(bytes)] : null,
    };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { kind: "problem", position: at.position, problem: error.message };
  }
}
