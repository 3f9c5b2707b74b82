// Reads Fetch responses as they stream in, without joining them: of each response its head, of each record batch its header.
// Not a decoder of records: everything between batch headers is skipped by counting.
// Invariant: `nextOffset` follows the last batch that arrived whole; a batch cut off at the end of a response does not count.

import { batchBytesAt, nextOffsetAt } from "./batch.ts";
import { readFetchHead } from "./wire.ts";

/** Enough of a response to reach its records, and enough of a batch to know its size and last offset. */
const RESPONSE_HEAD_BYTES = 256;
const BATCH_HEAD_BYTES = 27;

export class FetchStream {
  /** Where the next fetch has to begin. */
  nextOffset = 0;
  /** Bytes of whole batches seen so far. */
  batchBytes = 0;
  responses = 0;
  private readonly onResponse: () => void;
  private readonly batchHead = Buffer.allocUnsafe(BATCH_HEAD_BYTES);
  private batchHeadFilled = 0;
  private held: Buffer | null = null;
  private frameLeft = 0;
  private recordsLeft = 0;
  private batchLeft = 0;

  constructor(onResponse: () => void) {
    this.onResponse = onResponse;
  }

  push(chunk: Buffer): void {
    let bytes = chunk;
    while (bytes.length > 0) {
      if (this.frameLeft === 0) {
        bytes = this.held === null ? bytes : Buffer.concat([this.held, bytes]);
        this.held = null;
        const begun = this.beginFrame(bytes);
        if (begun === 0) {
          this.held = Buffer.from(bytes);
          return;
        }
        bytes = bytes.subarray(begun);
      }
      bytes = this.continueFrame(bytes);
    }
  }

  // Returns how many bytes lie before the records, 0 when more must arrive first.
  private beginFrame(bytes: Buffer): number {
    if (bytes.length < 4) return 0;
    const frameBytes = 4 + bytes.readInt32BE(0);
    if (bytes.length < Math.min(frameBytes, RESPONSE_HEAD_BYTES)) return 0;
    const { recordsAt, recordsBytes } = readFetchHead(bytes);
    this.frameLeft = frameBytes - recordsAt;
    this.recordsLeft = recordsBytes;
    this.batchLeft = 0;
    this.batchHeadFilled = 0;
    return recordsAt;
  }

  // Consumes what belongs to the current frame and returns the rest.
  private continueFrame(bytes: Buffer): Buffer {
    const mine = bytes.length <= this.frameLeft ? bytes : bytes.subarray(0, this.frameLeft);
    let at = 0;
    while (at < mine.length && this.recordsLeft > 0) at += this.takeRecords(mine, at);
    this.frameLeft -= mine.length;
    if (this.frameLeft === 0) {
      this.responses++;
      this.onResponse();
    }
    return bytes.subarray(mine.length);
  }

  private takeRecords(bytes: Buffer, at: number): number {
    const available = Math.min(bytes.length - at, this.recordsLeft);
    if (this.batchLeft > 0) {
      const skipped = Math.min(available, this.batchLeft);
      this.batchLeft -= skipped;
      this.recordsLeft -= skipped;
      return skipped;
    }
    if (this.batchHeadFilled === 0 && available >= BATCH_HEAD_BYTES) {
      this.beginBatch(bytes, at, this.recordsLeft);
      this.recordsLeft -= BATCH_HEAD_BYTES;
      return BATCH_HEAD_BYTES;
    }
    const taken = Math.min(available, BATCH_HEAD_BYTES - this.batchHeadFilled);
    bytes.copy(this.batchHead, this.batchHeadFilled, at, at + taken);
    this.batchHeadFilled += taken;
    if (this.batchHeadFilled === BATCH_HEAD_BYTES) {
      this.batchHeadFilled = 0;
      this.beginBatch(this.batchHead, 0, this.recordsLeft - taken + BATCH_HEAD_BYTES);
    }
    this.recordsLeft -= taken;
    return taken;
  }

  private beginBatch(bytes: Buffer, at: number, recordsFromHere: number): void {
    const size = batchBytesAt(bytes, at);
    this.batchLeft = size - BATCH_HEAD_BYTES;
    if (size > recordsFromHere) return;
    this.nextOffset = nextOffsetAt(bytes, at);
    this.batchBytes += size;
  }
}
