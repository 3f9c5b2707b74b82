// Walks the batch heads of a segment file, without the records. One head is read per step, into a head that the caller owns.
// Batches that lie close together come from one read of the file.

import { BATCH_HEAD_BYTES } from "./batch-head.ts";
import type { BatchHead } from "./batch-head.ts";
import type { File } from "./file-system.ts";

/** A look-up walks about index.interval.bytes; larger reads would fetch what is not looked at. */
const WINDOW_BYTES = 4 * 1024;
/** One window serves all scans, because none of them is left and taken up again after another. */
const sharedWindow = Buffer.allocUnsafeSlow(WINDOW_BYTES);

export interface ScanRange {
  from: number;
  to: number;
}

/** Where a scan stopped: at the batch that was asked for, or at the end. */
export const NOT_FOUND = -1;

/**
 * Calls `visit` with the head of each batch that begins in the range and ends in it, in order, until it returns true.
 * Returns the position of that batch, or NOT_FOUND. The file may hold anything: it ends at what cannot be a batch.
 */
export function scanHeads(file: File, range: ScanRange, head: BatchHead, visit: (head: BatchHead) => boolean): number {
  let position = range.from;
  let windowAt = 0;
  let windowEnd = 0;
  while (position < range.to) {
    if (position < windowAt || position + BATCH_HEAD_BYTES > windowEnd) {
      const length = Math.min(WINDOW_BYTES, range.to - position);
      windowAt = position;
      windowEnd =
        position + file.readSync(length === WINDOW_BYTES ? sharedWindow : sharedWindow.subarray(0, length), position);
    }
    if (!head.read(sharedWindow, position - windowAt, windowEnd - position)) return NOT_FOUND;
    head.position = position;
    if (head.position + head.sizeInBytes > range.to) return NOT_FOUND;
    if (visit(head)) return position;
    position += head.sizeInBytes;
  }
  return NOT_FOUND;
}

/** The position of the first batch whose last offset is not below `offset`; its head is left in `head`. */
export function findBatchOf(offset: number, file: File, range: ScanRange, head: BatchHead): number {
  return scanHeads(file, range, head, (at) => at.lastOffset >= offset);
}
