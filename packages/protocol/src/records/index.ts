// Record batches: format, reading, building, validation. What the package offers of this folder.

export * as batchFormat from "./batch-format.ts";
export { summarizeBatch } from "./batch-summary.ts";
export type { BatchSummary } from "./batch-summary.ts";
export {
  controlBatch,
  controlRecordKey,
  controlRecordTypes,
  endTransactionBatch,
  readControlRecordType,
  readEndTransactionMarker,
} from "./control-batches.ts";
export type { EndTransactionMarker } from "./control-batches.ts";
export { DEFAULT_DECOMPRESSED_BYTES_LIMIT, readRecords } from "./read-records.ts";
export type { BatchRecord, RecordHeader } from "./record.ts";
export { RecordBatchBuilder } from "./record-batch-builder.ts";
export type { BatchOptions, RecordToAppend } from "./record-batch-builder.ts";
export { MAX_RECORD_ERRORS } from "./record-errors.ts";
export type { RecordError } from "./record-errors.ts";
export { checkProduceRecords, validateRecords } from "./validate-records.ts";
export type { AppendOrigin, Refused, Validated, ValidationOptions } from "./validate-records.ts";
