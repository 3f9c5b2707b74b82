// What one fetch answer brought for one partition, read from front to back: batches are checked, decompressed and decoded when their
// records are due, a slice at a time. Control batches and aborted records are passed over, but the position moves past them, and so it does
// past offsets that compaction left empty. Kafka's CompletedFetch is the model. A chunk belongs to one PartitionState.

import { DecodeError } from "@ottla/base";
import {
  batchFormat,
  compressionName,
  controlRecordTypes,
  decompress,
  readControlRecordType,
  readRecords,
} from "@ottla/protocol";
import { CorruptRecordError } from "../../errors.ts";
import type { WorkWindow } from "../work-window.ts";
import type { AbortedTransaction } from "./aborted-transactions.ts";
import { AbortedTransactions } from "./aborted-transactions.ts";
import type { BatchOrigin } from "./fetched-record.ts";
import { FetchedRecord } from "./fetched-record.ts";
import { RecordDecoder } from "./record-decoder.ts";

/** Records are decoded this many at a time: enough to stay in the tight loop, few enough not to fill memory with objects. */
const SLICE_RECORDS = 256;

export interface DecodeOptions {
  readonly checkCrcs: boolean;
  readonly readCommitted: boolean;
  /** What one batch may decompress to. */
  readonly maxDecompressedBatchBytes: number;
}

export interface ChunkSource {
  readonly topic: string;
  readonly partition: number;
  readonly window: WorkWindow;
  /** As the fetch asked for it; a batch may begin before. */
  readonly fetchOffset: number;
  readonly bytes: Buffer;
  readonly abortedTransactions: readonly AbortedTransaction[] | null;
}

/** Where the whole batches of an answer end. */
export interface ChunkEnd {
  /** The offset to fetch next. */
  readonly offset: number;
  /** Leader epoch of the last batch; -1 when unknown. */
  readonly leaderEpoch: number;
  /** The position in the bytes; more may follow, a batch that was cut off. */
  readonly at: number;
  /** The bytes at `at` cannot be a batch. */
  readonly isCorrupt: boolean;
}

export class FetchedChunk {
  readonly sizeInBytes: number;
  readonly end: ChunkEnd;
  /** Offset of the next record to hand out, or past what was passed over. */
  nextOffset: number;
  /** Leader epoch of what lies before `nextOffset` in this chunk; -1 while unknown. */
  nextEpoch = -1;
  /** Bytes of the records handed out so far, for the metrics. */
  bytesRead = 0;
  /** Records handed out or left out so far. */
  recordsRead = 0;
  private readonly source: ChunkSource;
  private readonly options: DecodeOptions;
  private readonly aborted: AbortedTransactions;
  private at = 0;
  private decoder: RecordDecoder | null = null;
  private batchEndOffset = 0;
  private batchEpoch = -1;
  private slice: FetchedRecord[] = [];
  private index = 0;

  constructor(source: ChunkSource, options: DecodeOptions) {
    this.source = source;
    this.options = options;
    this.sizeInBytes = source.bytes.length;
    this.nextOffset = source.fetchOffset;
    this.aborted = new AbortedTransactions(options.readCommitted ? source.abortedTransactions : null);
    this.end = findEnd(source.bytes, source.fetchOffset);
  }

  /**
   * The next record, or null when the chunk is used up; then `nextOffset` is its end. Looking twice gives the same record.
   * @throws CorruptRecordError, each time again; `nextOffset` stays before the damage
   */
  peek(): FetchedRecord | null {
    if (this.index < this.slice.length) return this.slice[this.index]!;
    return this.fill();
  }

  /** The record that `peek` answered is handed out or left out for good. */
  advance(): void {
    const record = this.slice[this.index++]!;
    this.recordsRead++;
    this.nextOffset = record.offset + 1;
    this.nextEpoch = record.leaderEpoch;
  }

  private fill(): FetchedRecord | null {
    try {
      return this.decodeSlice();
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      // Those before the damage come first; then it is met again.
      if (this.index < this.slice.length) return this.slice[this.index]!;
      throw this.corrupt(error.message, error);
    }
  }

  private decodeSlice(): FetchedRecord | null {
    for (;;) {
      if (this.decoder === null && !this.beginBatch()) return null;
      // Null still when the batch was passed over, or was read whole because it is of an old format.
      if (this.decoder !== null) {
        this.startSlice();
        this.bytesRead += this.decoder.read(this.slice, SLICE_RECORDS, this.nextOffset);
        if (this.decoder.done) this.decoder = null;
      }
      if (this.index < this.slice.length) return this.slice[this.index]!;
      if (this.decoder === null) this.passBatch();
    }
  }

  private startSlice(): void {
    this.slice = [];
    this.index = 0;
  }

  // Message format v2 keeps a batch's last offset when compaction takes its last record: going on behind it does not fetch it again.
  private passBatch(): void {
    this.nextOffset = Math.max(this.nextOffset, this.batchEndOffset);
    this.nextEpoch = this.batchEpoch;
  }

  // Opens the next batch; false when there is none.
  private beginBatch(): boolean {
    const { bytes } = this.source;
    if (this.batchEndOffset > 0) this.passBatch();
    if (this.at >= this.end.at) {
      if (this.end.isCorrupt) throw new DecodeError(`no record batch begins at byte ${this.at} of the answer`);
      this.nextOffset = Math.max(this.nextOffset, this.end.offset);
      return false;
    }
    const at = this.at;
    const size = batchFormat.sizeInBytes(bytes, at);
    if (this.options.checkCrcs && !batchFormat.verifyCrc(bytes, at))
      throw new DecodeError("its checksum does not match its content");
    const endOffset = batchFormat.lastOffset(bytes, at) + 1;
    if (batchFormat.magic(bytes, at) < 2) this.readLegacyBatch(at);
    else this.openBatch(at, size);
    this.at = at + size;
    this.batchEndOffset = endOffset;
    this.batchEpoch = batchFormat.partitionLeaderEpoch(bytes, at);
    return true;
  }

  private openBatch(at: number, size: number): void {
    const { bytes } = this.source;
    if (size < batchFormat.HEADER_BYTES) throw new DecodeError(`a batch of ${size} bytes is shorter than its header`);
    if (batchFormat.isControl(bytes, at)) {
      this.aborted.control({ ...transactionOf(bytes, at), isAbort: isAbortMarker(bytes, at) });
      return;
    }
    if (this.options.readCommitted && batchFormat.producerId(bytes, at) >= 0) {
      if (this.aborted.isAborted(transactionOf(bytes, at))) return;
    }
    const count = batchFormat.recordCount(bytes, at);
    if (count < 0) throw new DecodeError(`it claims ${count} records`);
    const name = compressionName(batchFormat.compressionType(bytes, at));
    if (name === null) throw new DecodeError("its compression type is unknown");
    const plain = name === "none";
    const records = plain
      ? bytes
      : decompress(
          name,
          bytes.subarray(at + batchFormat.RECORDS_AT, at + size),
          this.options.maxDecompressedBatchBytes,
        );
    const isAppendTime = batchFormat.timestampType(bytes, at) === "LogAppendTime";
    this.decoder = new RecordDecoder(this.originOf(at, records), {
      start: plain ? at + batchFormat.RECORDS_AT : 0,
      end: plain ? at + size : records.length,
      count,
      ignoreTimestamps: isAppendTime,
    });
  }

  private originOf(at: number, records: Buffer): BatchOrigin {
    const { bytes, topic, partition, window } = this.source;
    const timestampType = batchFormat.timestampType(bytes, at);
    return {
      topic,
      partition,
      leaderEpoch: batchFormat.partitionLeaderEpoch(bytes, at),
      timestampType,
      baseOffset: batchFormat.baseOffset(bytes, at),
      baseTimestamp:
        timestampType === "LogAppendTime" ? batchFormat.maxTimestamp(bytes, at) : batchFormat.baseTimestamp(bytes, at),
      bytes: records,
      window,
    };
  }

  // Magic 0 and 1, which brokers have not written for years: read whole, each record with an origin of its own.
  private readLegacyBatch(at: number): void {
    const { bytes, topic, partition, window } = this.source;
    this.startSlice();
    const shared = { topic, partition, window, leaderEpoch: -1, bytes };
    const timestampType = batchFormat.timestampType(bytes, at);
    for (const { offset, timestamp, key, value } of readRecords(bytes, at, this.options.maxDecompressedBatchBytes)) {
      if (offset < this.nextOffset) continue;
      const origin = { ...shared, timestampType, baseOffset: offset, baseTimestamp: timestamp };
      const record = new FetchedRecord(
        withBytes(origin, key, value),
        0,
        0,
        0,
        lengthOf(key),
        Math.max(0, lengthOf(key)),
        lengthOf(value),
        -1,
      );
      this.slice.push(record);
      this.bytesRead += Math.max(0, lengthOf(key)) + Math.max(0, lengthOf(value));
    }
  }

  private corrupt(reason: string, cause: Error): CorruptRecordError {
    const { topic, partition } = this.source;
    const offset = this.nextOffset;
    return new CorruptRecordError(
      `a record batch of ${topic}-${partition} at offset ${offset} is damaged: ${reason}; seek past it to go on`,
      { context: { topic, partition, offset }, cause },
    );
  }
}

function withBytes(origin: BatchOrigin, key: Buffer | null, value: Buffer | null): BatchOrigin {
  return { ...origin, bytes: Buffer.concat([key ?? Buffer.alloc(0), value ?? Buffer.alloc(0)]) };
}

function lengthOf(bytes: Buffer | null): number {
  return bytes === null ? -1 : bytes.length;
}

function transactionOf(
  bytes: Buffer,
  at: number,
): { producerId: number; lastOffset: number; isTransactional: boolean } {
  return {
    producerId: batchFormat.producerId(bytes, at),
    lastOffset: batchFormat.lastOffset(bytes, at),
    isTransactional: batchFormat.isTransactional(bytes, at),
  };
}

// A control batch that compaction emptied is none.
function isAbortMarker(bytes: Buffer, at: number): boolean {
  for (const record of readRecords(bytes, at)) return readControlRecordType(record.key) === controlRecordTypes.abort;
  return false;
}

// Goes over the headers alone: what to fetch next is known before anything is decoded, so that the next fetch can be under way meanwhile.
function findEnd(bytes: Buffer, fetchOffset: number): ChunkEnd {
  let offset = fetchOffset;
  let leaderEpoch = -1;
  let at = 0;
  for (;;) {
    const size = batchFormat.batchSizeAt(bytes, at);
    if (size <= 0) return { offset, leaderEpoch, at, isCorrupt: size === batchFormat.BATCH_CORRUPT };
    const endOffset = endOffsetOf(bytes, at, size);
    if (endOffset === null) return { offset, leaderEpoch, at, isCorrupt: true };
    offset = Math.max(offset, endOffset);
    leaderEpoch = batchFormat.partitionLeaderEpoch(bytes, at);
    at += size;
  }
}

// Null when the header is cut short or its offset is no number that an offset can be.
function endOffsetOf(bytes: Buffer, at: number, size: number): number | null {
  if (batchFormat.magic(bytes, at) === 2 && size < batchFormat.HEADER_BYTES) return null;
  try {
    return batchFormat.lastOffset(bytes, at) + 1;
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
