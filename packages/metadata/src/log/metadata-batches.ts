// Record batches of the metadata log: from metadata records to bytes and back, and the walk over a file that holds them.
// The walk tells a torn tail, which a crash leaves and which may be cut, from damage in the middle, which may not.

import { DecodeError } from "@ottla/base";
import { batchFormat, readControlRecordType, readRecords, RecordBatchBuilder } from "@ottla/protocol";
import { decodeRecord, encodeRecord } from "../records/metadata-record.ts";
import type { MetadataRecord } from "../records/metadata-record.ts";
import { MetadataLogError } from "./metadata-log.ts";

/** KafkaRaftClient.MAX_BATCH_SIZE_BYTES: readers of the metadata log take no larger batch. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024;

export interface BatchPlace {
  readonly baseOffset: number;
  readonly leaderEpoch: number;
  readonly timestampMs: number;
}

/** What a reader of a metadata file learns, in order. */
export interface BatchVisitor {
  record(record: MetadataRecord, offset: number, epoch: number): void;
  control(type: number, value: Buffer): void;
  /** After the records of a batch. */
  batchEnd(lastOffset: number, epoch: number, maxTimestampMs: number): void;
}

/** One batch, or several when it would be larger than Kafka's readers take. */
export function encodeBatches(records: readonly MetadataRecord[], place: BatchPlace): Buffer[] {
  const batches: Buffer[] = [];
  let builder = newBuilder(place, 0);
  for (const [index, record] of records.entries()) {
    const value = encodeRecord(record);
    if (builder.recordCount > 0 && builder.sizeInBytes() + value.length > MAX_BATCH_BYTES - 1024) {
      batches.push(builder.build());
      builder = newBuilder(place, index);
    }
    builder.append({ timestamp: place.timestampMs, value });
  }
  if (builder.recordCount > 0) batches.push(builder.build());
  return batches;
}

export interface WholeBatches {
  /** How many bytes of the file they take. */
  readonly bytes: number;
  /** Behind the last of them; 0 without any. */
  readonly nextOffset: number;
}

/**
 * Visits the batches of a file and returns where they end. What is behind them was torn by a crash.
 * @param fromOffset batches that end before it are skipped.
 * @throws MetadataLogError when a batch is broken and whole ones follow: no crash leaves that behind.
 */
export function readBatches(path: string, bytes: Buffer, fromOffset: number, visitor: BatchVisitor): WholeBatches {
  let position = 0;
  let nextOffset = 0;
  for (let size = wholeBatch(bytes, position); size > 0; size = wholeBatch(bytes, position)) {
    nextOffset = batchFormat.lastOffset(bytes, position) + 1;
    if (nextOffset > fromOffset) visitBatch(path, bytes, position, fromOffset, visitor);
    position += size;
  }
  if (batchesFollow(bytes, position)) {
    throw new MetadataLogError(`${path} is damaged at byte ${position}: a broken batch with whole ones behind it`);
  }
  return { bytes: position, nextOffset };
}

function newBuilder({ baseOffset, leaderEpoch }: BatchPlace, after: number): RecordBatchBuilder {
  return new RecordBatchBuilder({ baseOffset: baseOffset + after, partitionLeaderEpoch: leaderEpoch });
}

/** The size of a batch that is all there and has the checksum that it says, else 0. */
function wholeBatch(bytes: Buffer, position: number): number {
  const size = batchFormat.batchSizeAt(bytes, position);
  if (size < batchFormat.HEADER_BYTES || batchFormat.magic(bytes, position) !== 2) return 0;
  return batchFormat.verifyCrc(bytes, position) ? size : 0;
}

function visitBatch(path: string, bytes: Buffer, position: number, fromOffset: number, visitor: BatchVisitor): void {
  const epoch = batchFormat.partitionLeaderEpoch(bytes, position);
  const isControl = batchFormat.isControl(bytes, position);
  try {
    for (const { key, value, offset } of readRecords(bytes, position)) {
      if (value === null) throw new DecodeError(`record ${offset} has no value`);
      if (isControl) visitor.control(readControlRecordType(key), Buffer.from(value));
      else if (offset >= fromOffset) visitor.record(decodeRecord(value), offset, epoch);
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new MetadataLogError(`${path} cannot be read at byte ${position}: ${error.message}`);
  }
  visitor.batchEnd(batchFormat.lastOffset(bytes, position), epoch, batchFormat.maxTimestamp(bytes, position));
}

/** Whether there is a whole batch anywhere behind the broken one at `position`. */
function batchesFollow(bytes: Buffer, position: number): boolean {
  for (let at = position + 1; at + batchFormat.HEADER_BYTES <= bytes.length; at++) {
    if (bytes[at + batchFormat.MAGIC_AT] === 2 && wholeBatch(bytes, at) > 0) return true;
  }
  return false;
}
