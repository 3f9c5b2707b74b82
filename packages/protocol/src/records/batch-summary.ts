// What the log and the producer state need of a batch, read once from its header.

import { controlRecordTypes, readControlRecordType, readEndTransactionMarker } from "./control-batches.ts";
import type { EndTransactionMarker } from "./control-batches.ts";
import * as batchFormat from "./batch-format.ts";
import { DEFAULT_DECOMPRESSED_BYTES_LIMIT, readRecords } from "./read-records.ts";

export interface BatchSummary {
  /** Where the batch begins in its buffer. */
  position: number;
  sizeInBytes: number;
  /** As in the header: in a batch that is about to be appended, not yet its offset in the log. */
  baseOffset: number;
  /** -1 for magic 0 and 1. */
  recordCount: number;
  lastOffsetDelta: number;
  maxTimestamp: number;
  /** -1 when the producer is not idempotent; then the epoch and the sequences are -1 too. */
  producerId: number;
  producerEpoch: number;
  baseSequence: number;
  lastSequence: number;
  isTransactional: boolean;
  isControl: boolean;
  /** Set in a control batch that ends a transaction. */
  marker: EndTransactionMarker | null;
}

/**
 * Reads the whole batch at `position`, of any magic.
 * @throws DecodeError when a control batch holds no control record.
 */
export function summarizeBatch(buffer: Buffer, position: number): BatchSummary {
  const isControl = batchFormat.isControl(buffer, position);
  return {
    position,
    sizeInBytes: batchFormat.sizeInBytes(buffer, position),
    baseOffset: batchFormat.baseOffset(buffer, position),
    recordCount: batchFormat.recordCount(buffer, position),
    lastOffsetDelta: batchFormat.lastOffsetDelta(buffer, position),
    maxTimestamp: batchFormat.maxTimestamp(buffer, position),
    producerId: batchFormat.producerId(buffer, position),
    producerEpoch: batchFormat.producerEpoch(buffer, position),
    baseSequence: batchFormat.baseSequence(buffer, position),
    lastSequence: batchFormat.lastSequence(buffer, position),
    isTransactional: batchFormat.isTransactional(buffer, position),
    isControl,
    marker: isControl ? markerIn(buffer, position) : null,
  };
}

// An empty control batch is what compaction leaves of a marker, and ends nothing any more.
function markerIn(buffer: Buffer, position: number): EndTransactionMarker | null {
  for (const record of readRecords(buffer, position, DEFAULT_DECOMPRESSED_BYTES_LIMIT)) {
    const type = readControlRecordType(record.key);
    const ends = type === controlRecordTypes.commit || type === controlRecordTypes.abort;
    return ends ? readEndTransactionMarker(record) : null;
  }
  return null;
}
