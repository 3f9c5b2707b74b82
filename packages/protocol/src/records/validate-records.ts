// Decides whether a batch may be appended, and makes it fit: Kafka's ProduceRequest.validateRecords, UnifiedLog's analysis and LogValidator.
// The batch is checked in place; only recompression gives another buffer. Uncompressed records are walked where they lie,
// compressed ones are decompressed and walked, as Kafka does. Base offset and leader epoch are the log's to patch afterwards.
// Messages are ours; codes, and which of two errors wins, are Kafka's. One deviation: offset deltas other than 0, 1, 2… are
// INVALID_RECORD, where Kafka stores such an uncompressed batch and serves its wrong offsets, and fails on a compressed one.

import { DecodeError, readInt32 } from "@ottla/base";
import type { CompressionName } from "../compression/index.ts";
import { compressionName, decompress, DecompressedTooLargeError } from "../compression/index.ts";
import { errorCodes } from "../error-codes.ts";
import * as batchFormat from "./batch-format.ts";
import type { BatchSummary } from "./batch-summary.ts";
import { summarizeBatch } from "./batch-summary.ts";
import { DEFAULT_DECOMPRESSED_BYTES_LIMIT } from "./read-records.ts";
import type { RecordError, RecordRules } from "./record-errors.ts";
import { findRecordErrors, timestampInRange } from "./record-errors.ts";
import type { HeaderTimestamps } from "./rewrite-batch.ts";
import { recompressed, setTimestamps } from "./rewrite-batch.ts";
import type { WalkFacts } from "./walk-records.ts";
import { walkRecords } from "./walk-records.ts";

/** Who appends: a producer, a coordinator, the controller to its log, or a follower what its leader gave it. */
export type AppendOrigin = "client" | "coordinator" | "controller" | "replication";

export interface ValidationOptions {
  origin: AppendOrigin;
  /** max.message.bytes, of one batch with its header. Not applied to controller and replication. */
  maxMessageBytes: number;
  /** What the topic stores; `producer` keeps what came. */
  compressionType: CompressionName | "producer";
  /** For recompression; null for Kafka's default of the codec. */
  compressionLevel: number | null;
  timestampType: "CreateTime" | "LogAppendTime";
  nowMs: number;
  /** Milliseconds; LONG_MAX allows any. */
  timestampBeforeMaxMs: number;
  timestampAfterMaxMs: number;
  /** Whether every record needs a key. */
  compacted: boolean;
  /** Default 128 MiB. A batch that unfolds to more gets MESSAGE_TOO_LARGE, upon which producers split it. */
  maxDecompressedBytes?: number;
}

export interface Validated {
  ok: true;
  /** What to append: the given buffer, cut behind its last whole batch, or a new one. */
  records: Buffer;
  batches: BatchSummary[];
  recordCount: number;
  maxTimestamp: number;
  /** `nowMs` with LogAppendTime, else -1. */
  logAppendTimeMs: number;
}

export interface Refused {
  ok: false;
  errorCode: number;
  errorMessage: string;
  recordErrors: RecordError[];
}

const facts: WalkFacts = { minTimestampDelta: 0, maxTimestampDelta: 0, hasNullKey: false, offsetsAreSequential: true };

/** Checks `records`, which may be changed in place. Never throws for what they contain. */
export function validateRecords(records: Buffer, options: ValidationOptions): Validated | Refused {
  try {
    return options.origin === "replication" ? validateReplicated(records) : validateOne(records, options);
  } catch (error) {
    if (error instanceof DecodeError) return refused(errorCodes.INVALID_RECORD, error.message);
    throw error;
  }
}

/**
 * What Kafka's broker checks of a partition's records before it looks at the log: one whole batch, of magic 2,
 * and zstd only from Produce version 7 on (KIP-110). null when they pass. `validateRecords` repeats all but the last.
 */
export function checkProduceRecords(records: Buffer, produceVersion: number): Refused | null {
  const size = batchFormat.batchSizeAt(records, 0);
  if (size === batchFormat.BATCH_CORRUPT)
    return refused(errorCodes.CORRUPT_MESSAGE, "The batch's length or magic is not valid.");
  if (size === batchFormat.BATCH_INCOMPLETE)
    return refused(errorCodes.INVALID_RECORD, "There is no whole record batch.");
  if (batchFormat.magic(records, 0) !== 2)
    return refused(errorCodes.INVALID_RECORD, "Only record batches of magic 2 are accepted.");
  if (produceVersion < 7 && compressionName(batchFormat.compressionType(records, 0)) === "zstd") {
    return refused(
      errorCodes.UNSUPPORTED_COMPRESSION_TYPE,
      `zstd needs Produce version 7, the request has ${produceVersion}.`,
    );
  }
  const second = batchFormat.batchSizeAt(records, size);
  if (second === batchFormat.BATCH_CORRUPT)
    return refused(errorCodes.CORRUPT_MESSAGE, "What follows the batch is none.");
  if (second !== batchFormat.BATCH_INCOMPLETE)
    return refused(errorCodes.INVALID_RECORD, "A partition gets exactly one record batch.");
  return null;
}

function validateOne(records: Buffer, options: ValidationOptions): Validated | Refused {
  const problem =
    checkProduceRecords(records, Infinity) ?? checkHeader(records, options) ?? checkClaims(records, options.origin);
  if (problem !== null) return problem;
  const size = batchFormat.sizeInBytes(records, 0);
  const batch = size === records.length ? records : records.subarray(0, size);
  const source = compressionName(batchFormat.compressionType(batch, 0))!;
  // Control records are never compressed unless they came so.
  const keep = options.compressionType === "producer" || (source === "none" && batchFormat.isControl(batch, 0));
  const target = keep ? source : (options.compressionType as CompressionName);
  return source === "none" ? validatePlain(batch, target, options) : validateCompressed(batch, source, target, options);
}

// UnifiedLog.analyzeAndValidateRecords: what the header says of itself.
function checkHeader(batch: Buffer, options: ValidationOptions): Refused | null {
  const size = batchFormat.sizeInBytes(batch, 0);
  if (size < batchFormat.HEADER_BYTES)
    return refused(errorCodes.CORRUPT_MESSAGE, `A batch of ${size} bytes is shorter than its header.`);
  if (options.origin === "client" && batchFormat.baseOffset(batch, 0) !== 0) {
    return refused(
      errorCodes.INVALID_RECORD,
      `A producer's batch has base offset 0, not ${batchFormat.baseOffset(batch, 0)}.`,
    );
  }
  if (options.origin !== "controller" && size > options.maxMessageBytes) return tooLarge(size, options);
  if (!batchFormat.verifyCrc(batch, 0))
    return refused(errorCodes.CORRUPT_MESSAGE, "The batch does not match its checksum.");
  if (compressionName(batchFormat.compressionType(batch, 0)) === null) {
    // Kafka trips over an unknown id with an IllegalArgumentException, which becomes this code.
    return refused(
      errorCodes.UNKNOWN_SERVER_ERROR,
      `Compression type ${batchFormat.compressionType(batch, 0)} does not exist.`,
    );
  }
  return null;
}

// LogValidator.validateBatch: what a client may not claim.
function checkClaims(batch: Buffer, origin: AppendOrigin): Refused | null {
  const count = batchFormat.recordCount(batch, 0);
  if (count < 0) return refused(errorCodes.INVALID_RECORD, `A batch of ${count} records.`);
  if (origin !== "client") return null;
  const fromOffsets = batchFormat.lastOffsetDelta(batch, 0) + 1;
  if (count === 0 || count !== fromOffsets) {
    return refused(errorCodes.INVALID_RECORD, `The header counts ${count} records and offsets for ${fromOffsets}.`);
  }
  if (batchFormat.isControl(batch, 0))
    return refused(errorCodes.INVALID_RECORD, "Clients may not write control records.");
  const producerId = batchFormat.producerId(batch, 0);
  const needsSequence = producerId >= 0 || batchFormat.isTransactional(batch, 0);
  if (needsSequence && (producerId < 0 || batchFormat.baseSequence(batch, 0) < 0)) {
    return refused(
      errorCodes.INVALID_RECORD,
      `Producer ${producerId} with sequence ${batchFormat.baseSequence(batch, 0)}.`,
    );
  }
  return null;
}

function validatePlain(batch: Buffer, target: CompressionName, options: ValidationOptions): Validated | Refused {
  const rules = rulesFor(batch, options);
  const problem = checkRecords(batch, batchFormat.HEADER_BYTES, batch.length, batchFormat.recordCount(batch, 0), rules);
  if (problem !== null) return problem;
  const timestamps = headerTimestamps(rules, options);
  if (target === "none") return accepted(batch, timestamps, options);
  return acceptedAnew(
    recompressed(batch, batch.subarray(batchFormat.HEADER_BYTES), target, options.compressionLevel, timestamps),
    options,
  );
}

function validateCompressed(
  batch: Buffer,
  source: CompressionName,
  target: CompressionName,
  options: ValidationOptions,
): Validated | Refused {
  const limitBytes = options.maxDecompressedBytes ?? DEFAULT_DECOMPRESSED_BYTES_LIMIT;
  const records = decompressed(batch, source, limitBytes);
  if (!Buffer.isBuffer(records)) return records;
  const rules = rulesFor(batch, options);
  const problem = checkRecords(records, 0, records.length, batchFormat.recordCount(batch, 0), rules);
  if (problem !== null) return problem;
  const timestamps = headerTimestamps(rules, options);
  if (source === target) return accepted(batch, timestamps, options);
  return acceptedAnew(recompressed(batch, records, target, options.compressionLevel, timestamps), options);
}

// What a codec cannot read is a KafkaException in Kafka, hence UNKNOWN_SERVER_ERROR to the client.
function decompressed(batch: Buffer, source: CompressionName, limitBytes: number): Buffer | Refused {
  try {
    return decompress(source, batch.subarray(batchFormat.HEADER_BYTES), limitBytes);
  } catch (error) {
    if (error instanceof DecompressedTooLargeError)
      return refused(errorCodes.MESSAGE_TOO_LARGE, `The batch's records: ${error.message}.`);
    if (error instanceof DecodeError)
      return refused(errorCodes.UNKNOWN_SERVER_ERROR, `The records do not decompress: ${error.message}.`);
    throw error;
  }
}

function rulesFor(batch: Buffer, options: ValidationOptions): RecordRules {
  const appendTime = batchFormat.timestampType(batch, 0) === "LogAppendTime";
  return {
    baseTimestamp: inexactInt64(batch, batchFormat.BASE_TIMESTAMP_AT),
    batchAppendTime: appendTime ? inexactInt64(batch, batchFormat.MAX_TIMESTAMP_AT) : null,
    createTime: options.timestampType === "CreateTime",
    nowMs: options.nowMs,
    timestampBeforeMaxMs: options.timestampBeforeMaxMs,
    timestampAfterMaxMs: options.timestampAfterMaxMs,
    needsKeys: options.compacted,
  };
}

// Walks the records and, when the walk finds something off, names the records.
function checkRecords(records: Buffer, start: number, end: number, count: number, rules: RecordRules): Refused | null {
  const structure = walkRecords(records, start, end, count, facts);
  if (structure !== null) return refused(errorCodes.INVALID_RECORD, `The batch is malformed: ${structure}.`);
  const lowest = rules.baseTimestamp + facts.minTimestampDelta;
  const highest = rules.baseTimestamp + facts.maxTimestampDelta;
  const suspicious =
    (rules.needsKeys && facts.hasNullKey) ||
    !facts.offsetsAreSequential ||
    rules.batchAppendTime !== null ||
    (rules.createTime && !(timestampInRange(rules, lowest) && timestampInRange(rules, highest)));
  const deltasAreSafe = Number.isSafeInteger(facts.minTimestampDelta) && Number.isSafeInteger(facts.maxTimestampDelta);
  const found = suspicious && deltasAreSafe ? findRecordErrors(records, start, end, count, rules) : null;
  if (found !== null) {
    const errorMessage = `${found.recordErrors.length} records of the batch are not acceptable.`;
    return { ok: false, errorMessage, ...found };
  }
  if (Number.isSafeInteger(lowest) && Number.isSafeInteger(highest)) return null;
  return refused(errorCodes.INVALID_TIMESTAMP, "The records' timestamps are beyond what a number holds.");
}

function headerTimestamps(rules: RecordRules, options: ValidationOptions): HeaderTimestamps {
  if (options.timestampType === "LogAppendTime") return { appendTime: true, maxTimestamp: options.nowMs };
  const highestOfRecords = rules.batchAppendTime ?? rules.baseTimestamp + facts.maxTimestampDelta;
  return { appendTime: false, maxTimestamp: Math.max(batchFormat.NO_TIMESTAMP, highestOfRecords) };
}

function accepted(batch: Buffer, timestamps: HeaderTimestamps, options: ValidationOptions): Validated {
  setTimestamps(batch, 0, timestamps);
  const summary = summarizeBatch(batch, 0);
  return {
    ok: true,
    records: batch,
    batches: [summary],
    recordCount: summary.recordCount,
    maxTimestamp: summary.maxTimestamp,
    logAppendTimeMs: options.timestampType === "LogAppendTime" ? options.nowMs : batchFormat.NO_TIMESTAMP,
  };
}

// A rebuilt batch can have grown beyond the limit.
function acceptedAnew(batch: Buffer, options: ValidationOptions): Validated | Refused {
  if (options.origin !== "controller" && batch.length > options.maxMessageBytes) return tooLarge(batch.length, options);
  const appendTime = options.timestampType === "LogAppendTime";
  return accepted(batch, { appendTime, maxTimestamp: batchFormat.maxTimestamp(batch, 0) }, options);
}

// A follower takes the leader's batches as they are, of any magic, as long as checksums match and offsets rise.
function validateReplicated(records: Buffer): Validated | Refused {
  const batches: BatchSummary[] = [];
  let nextOffset = 0;
  let recordCount = 0;
  let maxTimestamp: number = batchFormat.NO_TIMESTAMP;
  let position = 0;
  for (;;) {
    const size = batchFormat.batchSizeAt(records, position);
    if (size === batchFormat.BATCH_INCOMPLETE) break;
    if (size === batchFormat.BATCH_CORRUPT || !batchFormat.verifyCrc(records, position)) {
      return refused(errorCodes.CORRUPT_MESSAGE, `The batch at ${position} is damaged.`);
    }
    const summary = summarizeBatch(records, position);
    if (summary.baseOffset < nextOffset) {
      return refused(errorCodes.INVALID_RECORD, `Offset ${summary.baseOffset} comes where ${nextOffset} is due.`);
    }
    batches.push(summary);
    nextOffset = summary.baseOffset + summary.lastOffsetDelta + 1;
    recordCount += Math.max(1, summary.recordCount);
    maxTimestamp = Math.max(maxTimestamp, summary.maxTimestamp);
    position += size;
  }
  const logAppendTimeMs = batchFormat.NO_TIMESTAMP;
  return { ok: true, records: records.subarray(0, position), batches, recordCount, maxTimestamp, logAppendTimeMs };
}

// A timestamp for comparing: beyond 2^53 inexact, and refused for that.
function inexactInt64(buffer: Buffer, at: number): number {
  return readInt32(buffer, at) * 0x1_0000_0000 + (readInt32(buffer, at + 4) >>> 0);
}

function tooLarge(size: number, options: ValidationOptions): Refused {
  return refused(errorCodes.MESSAGE_TOO_LARGE, `A batch of ${size} bytes; the topic takes ${options.maxMessageBytes}.`);
}

function refused(errorCode: number, errorMessage: string): Refused {
  return { ok: false, errorCode, errorMessage, recordErrors: [] };
}
