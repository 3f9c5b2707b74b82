// Batches, good and spoilt, and what the tests of validation say of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LONG_MAX, writeInt32 } from "@ottla/base";
import { batchFormat, errorName, RecordBatchBuilder, validateRecords } from "../../src/index.ts";
import type { BatchOptions, RecordToAppend, Validated, ValidationOptions } from "../../src/index.ts";

export const NOW = 1_800_000_000_000;
export const HOUR = 3_600_000;

export const defaults: ValidationOptions = {
  origin: "client",
  maxMessageBytes: 1_048_588,
  compressionType: "producer",
  compressionLevel: null,
  timestampType: "CreateTime",
  nowMs: NOW,
  timestampBeforeMaxMs: LONG_MAX,
  timestampAfterMaxMs: HOUR,
  compacted: false,
};

export function record(index: number, change: Partial<RecordToAppend> = {}): RecordToAppend {
  return { timestamp: NOW + index, key: Buffer.from(`k${index}`), value: Buffer.from(`value-${index}`), ...change };
}

export function batch(options: BatchOptions = {}, records = [record(0), record(1), record(2)]): Buffer {
  const builder = new RecordBatchBuilder(options);
  for (const one of records) builder.append(one);
  return builder.build();
}

/** A copy with changed bytes and a checksum that fits again. */
export function changed(original: Buffer, change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(original);
  change(bytes);
  batchFormat.writeCrc(bytes, 0);
  return bytes;
}

/** The batch with its records section replaced, sizes and checksum in order. */
export function withRecords(original: Buffer, records: Buffer): Buffer {
  const bytes = Buffer.concat([original.subarray(0, batchFormat.HEADER_BYTES), records]);
  return changed(bytes, (copy) => writeInt32(copy, batchFormat.LENGTH_AT, copy.length - batchFormat.LOG_OVERHEAD));
}

export function setCounts(bytes: Buffer, count: number, lastOffsetDelta: number): void {
  writeInt32(bytes, batchFormat.RECORD_COUNT_AT, count);
  writeInt32(bytes, batchFormat.LAST_OFFSET_DELTA_AT, lastOffsetDelta);
}

export function accepted(records: Buffer, options: Partial<ValidationOptions> = {}): Validated {
  const result = validateRecords(records, { ...defaults, ...options });
  assert.ok(result.ok, result.ok ? "" : `${errorName(result.errorCode)}: ${result.errorMessage}`);
  batchFormat.forEachBatch(result.records, (position) => assert.ok(batchFormat.verifyCrc(result.records, position)));
  return result;
}

export interface Case {
  records: Buffer;
  code: string;
  /** Indexes of the records that are named. */
  named?: number[];
  options?: Partial<ValidationOptions>;
}

export function refuses(cases: Record<string, Case>): void {
  for (const [sentence, { records, code, named, options }] of Object.entries(cases)) {
    test(`${sentence}: ${code}`, () => {
      const result = validateRecords(records, { ...defaults, ...options });
      assert.ok(!result.ok, "it was accepted");
      assert.equal(errorName(result.errorCode), code, result.errorMessage);
      assert.deepEqual(
        result.recordErrors.map((error) => error.batchIndex),
        named ?? [],
      );
    });
  }
}
