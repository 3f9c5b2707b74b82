// Reads a segment file from one position to another, batch after batch, and checks what it reads: length, format, checksum, order of
// offsets. For recovery and for the inspection tools. Reads in large asynchronous pieces; a batch larger than a piece is checked
// piece by piece. Stops at the first batch that is not good and says why; nothing behind it is looked at.

import { DecodeError } from "@ottla/base";
import { summarizeBatch } from "@ottla/protocol";
import type { BatchSummary } from "@ottla/protocol";
import { BATCH_HEAD_BYTES, BatchChecksum, BatchHead } from "./batch-head.ts";
import type { File } from "./file-system.ts";
import { MAX_RELATIVE_OFFSET } from "./offset-index.ts";

const PIECE_BYTES = 1024 * 1024;
/** A batch ends a transaction in about 78 bytes; one that claims more than this is damaged. */
const CONTROL_BATCH_LIMIT_BYTES = 64 * 1024;

export interface WalkOptions {
  file: File;
  from: number;
  to: number;
  baseOffset: number;
  /** The checksum costs reading every byte. */
  verifyChecksum: boolean;
}

export interface WalkEnd {
  /** Where the good batches end. */
  position: number;
  /** What is wrong there, or null at the end of the range. */
  problem: string | null;
}

/** A good batch; valid until the visitor returns. */
export interface WalkedBatch {
  head: BatchHead;
  /** Its summary, when a producer with an id wrote it. */
  producerBatch: BatchSummary | null;
}

/** Calls `visit` for each good batch of the range. */
export function walkBatches(options: WalkOptions, visit: (batch: WalkedBatch) => void): Promise<WalkEnd> {
  return new BatchWalker(options).run(visit);
}

class BatchWalker {
  private readonly options: WalkOptions;
  private readonly piece: Buffer;
  private pieceAt = 0;
  private pieceEnd = 0;
  private position: number;
  private nextOffset: number;
  private readonly head = new BatchHead();
  private readonly checksum = new BatchChecksum();

  constructor(options: WalkOptions) {
    this.options = options;
    this.position = options.from;
    this.nextOffset = options.baseOffset;
    this.piece = Buffer.allocUnsafeSlow(Math.max(BATCH_HEAD_BYTES, Math.min(PIECE_BYTES, options.to - options.from)));
  }

  // Waits only where the file must be read, not once per batch: a segment may hold a million of them.
  async run(visit: (batch: WalkedBatch) => void): Promise<WalkEnd> {
    const { head, options } = this;
    try {
      while (this.position < options.to) {
        if (this.lacks(Math.min(BATCH_HEAD_BYTES, options.to - this.position))) await this.load(this.position);
        const problem = this.readHead();
        if (problem !== null) return { position: this.position, problem };
        if (head.sizeInBytes <= this.piece.length && this.lacks(head.sizeInBytes)) await this.load(this.position);
        const at = this.position - this.pieceAt;
        const isWhole = !this.lacks(head.sizeInBytes);
        // Only a data batch can be larger than a piece, and of that the head is enough. A control batch is read when it has proved good.
        let producerBatch = head.hasProducerId && !isWhole ? summarizeBatch(this.piece, at) : null;
        const isGood = !options.verifyChecksum || (isWhole ? this.matchesAt(at) : await this.matchesInPieces());
        if (!isGood) return { position: this.position, problem: "the checksum does not match" };
        if (head.hasProducerId && isWhole) producerBatch = summarizeBatch(this.piece, at);
        visit({ head, producerBatch });
        this.nextOffset = head.lastOffset + 1;
        this.position += head.sizeInBytes;
      }
    } catch (error) {
      if (error instanceof DecodeError) return { position: this.position, problem: error.message };
      throw error;
    }
    return { position: this.position, problem: null };
  }

  private readHead(): string | null {
    const { head, options } = this;
    if (!head.read(this.piece, this.position - this.pieceAt, this.pieceEnd - this.position))
      return "what follows is no record batch";
    head.position = this.position;
    if (this.position + head.sizeInBytes > options.to) return "the batch is not complete";
    if (head.baseOffset < this.nextOffset)
      return `offset ${head.baseOffset} comes where at least ${this.nextOffset} was expected`;
    if (head.lastOffset - options.baseOffset > MAX_RELATIVE_OFFSET)
      return `offset ${head.lastOffset} is too far from the base offset`;
    if (head.isControl && head.sizeInBytes > CONTROL_BATCH_LIMIT_BYTES)
      return "a control batch is larger than any can be";
    return null;
  }

  private matchesAt(at: number): boolean {
    this.checksum.begin(this.piece.subarray(at, at + this.head.sizeInBytes), this.head.magic);
    return this.checksum.matches();
  }

  private async matchesInPieces(): Promise<boolean> {
    const end = this.position + this.head.sizeInBytes;
    for (let at = this.position; at < end; at = Math.min(end, this.pieceEnd)) {
      if (at !== this.position) await this.load(at);
      const bytes = this.piece.subarray(at - this.pieceAt, Math.min(end, this.pieceEnd) - this.pieceAt);
      if (bytes.length === 0) return false;
      if (at === this.position) this.checksum.begin(bytes, this.head.magic);
      else this.checksum.add(bytes);
    }
    return this.checksum.matches();
  }

  /** Whether the piece holds fewer than `bytes` from the current position on. */
  private lacks(bytes: number): boolean {
    return this.position < this.pieceAt || this.position + bytes > this.pieceEnd;
  }

  private async load(position: number): Promise<void> {
    const length = Math.min(this.piece.length, this.options.to - position);
    this.pieceAt = position;
    this.pieceEnd = position + (await this.options.file.read(this.piece.subarray(0, length), position));
  }
}
