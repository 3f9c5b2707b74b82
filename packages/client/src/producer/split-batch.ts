// Splits a batch that the broker called too large into smaller ones, with the same records in the same order. Pure but for the memory
// it takes, which is counted in the pool though it did not come from there. Follows ProducerBatch.split of Java's client.

import { batchFormat } from "@ottla/protocol";
import { Batch } from "./batch.ts";
import type { BufferPool } from "./buffer-pool.ts";
import { unsignedSize, writeUnsigned } from "./record-writer.ts";

/** Where one record lies among the plain records of the batch. */
interface RecordSpan {
  /** Behind length and attributes: the timestamp delta. */
  timestampAt: number;
  offsetAt: number;
  restAt: number;
  end: number;
}

/** Batches of at most `targetBytes` each, unless one record alone is larger. Sequences go on as in the whole. */
export function splitBatch(whole: Batch, pool: BufferPool, targetBytes: number): Batch[] {
  const source = whole.plainRecords();
  const spans = readSpans(source, whole.recordCount);
  const batches: Batch[] = [];
  for (let from = 0; from < spans.length;) {
    const to = lastFitting(spans, from, targetBytes);
    batches.push(copyRecords(whole, pool, source, spans, from, to));
    from = to;
  }
  return batches;
}

function lastFitting(spans: readonly RecordSpan[], from: number, targetBytes: number): number {
  let bytes = batchFormat.HEADER_BYTES;
  let to = from;
  while (to < spans.length) {
    bytes += writtenSize(spans[to]!, to - from);
    if (bytes > targetBytes && to > from) break;
    to++;
  }
  return to;
}

function copyRecords(
  whole: Batch,
  pool: BufferPool,
  source: Buffer,
  spans: readonly RecordSpan[],
  from: number,
  to: number,
): Batch {
  let size = batchFormat.HEADER_BYTES;
  for (let index = from; index < to; index++) size += writtenSize(spans[index]!, index - from);
  const piece = Buffer.allocUnsafeSlow(size);
  pool.charge(size);
  let end = batchFormat.HEADER_BYTES;
  let largestRecordBytes = 0;
  for (let index = from; index < to; index++) {
    const start = end;
    end = writeSpan(piece, end, source, spans[index]!, index - from);
    largestRecordBytes = Math.max(largestRecordBytes, end - start);
  }
  const batch = new Batch(whole.partition, pool, piece, {
    compression: whole.compressionChoice,
    createdMs: whole.createdMs,
  });
  batch.adopt(whole, { from, to, end, largestRecordBytes });
  batch.isTransactional = whole.isTransactional;
  if (whole.hasSequence) {
    const baseSequence = batchFormat.incrementSequence(whole.baseSequence, from);
    batch.setProducer({ producerId: whole.producerId, producerEpoch: whole.producerEpoch, baseSequence });
    batch.serial = whole.serial;
  }
  batch.close();
  return batch;
}

function bodySize(span: RecordSpan, offsetDelta: number): number {
  return 1 + (span.offsetAt - span.timestampAt) + unsignedSize(offsetDelta * 2) + (span.end - span.restAt);
}

function writtenSize(span: RecordSpan, offsetDelta: number): number {
  const body = bodySize(span, offsetDelta);
  return unsignedSize(body * 2) + body;
}

function writeSpan(target: Buffer, at: number, source: Buffer, span: RecordSpan, offsetDelta: number): number {
  let end = writeUnsigned(target, at, bodySize(span, offsetDelta) * 2);
  target[end++] = 0;
  end += source.copy(target, end, span.timestampAt, span.offsetAt);
  end = writeUnsigned(target, end, offsetDelta * 2);
  return end + source.copy(target, end, span.restAt, span.end);
}

function readSpans(source: Buffer, count: number): RecordSpan[] {
  const spans: RecordSpan[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    const bodyAt = skipVarint(source, at);
    const timestampAt = bodyAt + 1;
    const offsetAt = skipVarint(source, timestampAt);
    const end = bodyAt + readLength(source, at);
    spans.push({ timestampAt, offsetAt, restAt: skipVarint(source, offsetAt), end });
    at = end;
  }
  return spans;
}

function skipVarint(source: Buffer, at: number): number {
  let end = at;
  while (source[end]! >= 0x80) end++;
  return end + 1;
}

// The records are our own, so a length is never negative and fits 31 bits.
function readLength(source: Buffer, at: number): number {
  let value = 0;
  for (let position = at, shift = 0; ; position++, shift += 7) {
    value |= (source[position]! & 0x7f) << shift;
    if (source[position]! < 0x80) return value >>> 1;
  }
}
