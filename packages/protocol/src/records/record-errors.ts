// Names the records that a batch is refused for. Runs only after the walk has found that there is at least one,
// so it may take its time and make objects. The records are known to be well formed, their timestamp deltas to be safe numbers.

import { ByteReader } from "@ottla/base";
import { errorCodes } from "../error-codes.ts";
import * as batchFormat from "./batch-format.ts";

/** As in the Produce response (KIP-467). */
export interface RecordError {
  batchIndex: number;
  batchIndexErrorMessage: string | null;
}

/** A batch with more bad records than this names only the first ones. */
export const MAX_RECORD_ERRORS = 1000;

export interface RecordRules {
  baseTimestamp: number;
  /** The timestamp of all records, in a batch that says LogAppendTime; else null. */
  batchAppendTime: number | null;
  /** Whether the topic keeps the producers' timestamps. */
  createTime: boolean;
  nowMs: number;
  timestampBeforeMaxMs: number;
  timestampAfterMaxMs: number;
  needsKeys: boolean;
}

export interface FoundErrors {
  /** INVALID_TIMESTAMP as soon as one record's timestamp is refused, as in Kafka's LogValidator, else INVALID_RECORD. */
  errorCode: number;
  recordErrors: RecordError[];
}

/** All records that break a rule, each with the first rule that it breaks; null when there is none. */
export function findRecordErrors(
  records: Buffer,
  start: number,
  end: number,
  count: number,
  rules: RecordRules,
): FoundErrors | null {
  const reader = new ByteReader(records, start, end);
  const recordErrors: RecordError[] = [];
  let timestamps = 0;
  for (let index = 0; index < count && recordErrors.length < MAX_RECORD_ERRORS; index++) {
    const length = reader.varint();
    const next = reader.offset + length;
    reader.skip(1);
    const timestamp = rules.batchAppendTime ?? rules.baseTimestamp + reader.varlong();
    if (rules.batchAppendTime !== null) reader.varlong();
    const offsetDelta = reader.varint();
    const hasKey = reader.varint() >= 0;
    const problem = structureProblem(rules, index, offsetDelta, hasKey);
    const timeProblem = problem === null ? timestampProblem(rules, timestamp) : null;
    if (timeProblem !== null) timestamps++;
    if (problem !== null || timeProblem !== null)
      recordErrors.push({ batchIndex: index, batchIndexErrorMessage: problem ?? timeProblem });
    reader.skip(next - reader.offset);
  }
  if (recordErrors.length === 0) return null;
  return { errorCode: timestamps > 0 ? errorCodes.INVALID_TIMESTAMP : errorCodes.INVALID_RECORD, recordErrors };
}

/** Whether a record with this timestamp passes. Exported for the walk's own check of the extremes. */
export function timestampInRange(rules: RecordRules, timestamp: number): boolean {
  if (!Number.isSafeInteger(timestamp)) return false;
  return rules.nowMs - timestamp <= rules.timestampBeforeMaxMs && timestamp - rules.nowMs <= rules.timestampAfterMaxMs;
}

function structureProblem(rules: RecordRules, index: number, offsetDelta: number, hasKey: boolean): string | null {
  if (offsetDelta !== index) return `Offset delta ${offsetDelta} where ${index} is due.`;
  if (rules.needsKeys && !hasKey) return "A compacted topic takes no record without a key.";
  return null;
}

function timestampProblem(rules: RecordRules, timestamp: number): string | null {
  if (rules.createTime && timestamp !== batchFormat.NO_TIMESTAMP) {
    if (timestampInRange(rules, timestamp)) return null;
    const { nowMs, timestampBeforeMaxMs, timestampAfterMaxMs } = rules;
    return `Timestamp ${timestamp} is outside of ${nowMs - timestampBeforeMaxMs} to ${nowMs + timestampAfterMaxMs}.`;
  }
  return rules.batchAppendTime === null ? null : "A producer's batch must not have the timestamp type LogAppendTime.";
}
