// What is asked of a partition log and what it answers. Refusals are values with Kafka's error codes, never exceptions.

import type { FramePart } from "@ottla/base";
import type { AppendOrigin, RecordError } from "@ottla/protocol";
import type { TransactionTerms } from "./producer-rules.ts";

export interface AppendOptions extends TransactionTerms {
  /** Written into every batch, unless the origin is replication: then the batches keep theirs. */
  leaderEpoch: number;
  origin: AppendOrigin;
}

export interface AppendResult {
  errorCode: number;
  errorMessage: string | null;
  /** -1 when refused. */
  baseOffset: number;
  lastOffset: number;
  /** -1 unless the topic has LogAppendTime. */
  logAppendTimeMs: number;
  logStartOffset: number;
  recordErrors: RecordError[];
  appendedBytes: number;
  appendedRecords: number;
  /** True when the batch had been appended before: the offsets are those of then. */
  duplicate: boolean;
}

export interface ReadOptions {
  offset: number;
  maxBytes: number;
  /** Return the first batch whole even when it is larger than `maxBytes` (KIP-74). */
  minOneBatch: boolean;
  upTo: "highWatermark" | "lastStableOffset" | "logEnd";
}

export interface AbortedRange {
  producerId: number;
  firstOffset: number;
}

export interface ReadData {
  ok: true;
  /** Null when there is nothing to read. A StreamedPart must be released once. */
  part: FramePart | null;
  bytes: number;
  /** More can be read now, but not in one piece with this: a reader that waits for more bytes would wait for nothing. */
  endsEarly: boolean;
  logStartOffset: number;
  highWatermark: number;
  lastStableOffset: number;
  logEndOffset: number;
  /** Null unless read up to the last stable offset. */
  abortedTransactions: AbortedRange[] | null;
}

export interface ReadRefusal {
  ok: false;
  /** OFFSET_OUT_OF_RANGE or KAFKA_STORAGE_ERROR. */
  errorCode: number;
  logStartOffset: number;
  highWatermark: number;
}

export type ReadResult = ReadData | ReadRefusal;

/** A record found by time. */
export interface TimestampAndOffset {
  timestamp: number;
  offset: number;
  /** -1 when not known. */
  leaderEpoch: number;
}
