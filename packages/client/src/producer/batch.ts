// One record batch on its way: records are written into pieces of pooled memory as they come, then a header and a checksum are put in
// front, and the pieces go to the socket as they are. Holds the calls of `send` to settle, one for each record.
// The batch owns its pieces until `release`. Nothing here knows of time, sockets or the order of batches.

import { assert, crc32c, writeInt32, writeInt64 } from "@ottla/base";
import type { FramePart } from "@ottla/base";
import { batchFormat, compress, compressionId, decompress } from "@ottla/protocol";
import type { CompressionName } from "@ottla/protocol";
import type { KafkaError } from "../errors.ts";
import type { BufferPool } from "./buffer-pool.ts";
import type { ProducerPartition } from "./producer-partition.ts";
import type { PendingRecord } from "./pending-record.ts";
import { writeRecord } from "./record-writer.ts";
import type { SendCall } from "./send-call.ts";

/**
 * open: takes records. waiting: has all its records. inFlight: a request with it has no answer yet. retry: to be sent again.
 * done: its calls are settled; when a request with it is still out there, the answer only tells of sequences.
 */
export type BatchState = "open" | "waiting" | "inFlight" | "retry" | "done";

const legalNext: Readonly<Record<BatchState, readonly BatchState[]>> = {
  open: ["waiting", "done"],
  waiting: ["inFlight", "done"],
  inFlight: ["retry", "done"],
  retry: ["inFlight", "done"],
  done: [],
};

export interface CompressionChoice {
  readonly name: CompressionName;
  /** null for the codec's default. */
  readonly level: number | null;
}

const NONE = -1;

export class Batch {
  readonly partition: ProducerPartition;
  readonly createdMs: number;
  private readonly pool: BufferPool;
  private readonly compression: CompressionChoice;

  state: BatchState = "open";
  recordCount = 0;
  /** Header and records, before compression. */
  sizeInBytes = batchFormat.HEADER_BYTES;
  largestRecordBytes = 0;
  baseTimestamp = batchFormat.NO_TIMESTAMP;
  maxTimestamp = batchFormat.NO_TIMESTAMP;
  /** By record. */
  readonly calls: SendCall[] = [];
  readonly ordinals: number[] = [];
  readonly timestamps: number[] = [];

  private piece: Buffer;
  private position = batchFormat.HEADER_BYTES;
  private readonly pieces: Buffer[];
  /** What is sent, header first; each but the last ends where its piece had no more room. */
  private parts: Buffer[] = [];
  private compressedBytes = 0;

  producerId = NONE;
  producerEpoch = NONE;
  baseSequence = NONE;
  /** How many batches of the partition got a sequence before. */
  serial = NONE;
  isTransactional = false;
  /** Its sequence numbers were given anew after an error (Java's sequenceHasBeenReset). */
  sequenceWasReset = false;
  /** Some request with it ended without an answer: it may have been written, or not. */
  fateUnknown = false;
  isSplit = false;
  attempts = 0;
  /** No attempt before, unless the leader changed. */
  retryAtMs = 0;
  sentToLeader = NONE;
  sentToLeaderEpoch = NONE;
  firstSentMs = NONE;
  sentMs = NONE;
  /** How many `flush` calls wait for it; the accumulator counts them down. */
  flushes: { remaining: number; resolve: () => void }[] | null = null;

  constructor(
    partition: ProducerPartition,
    pool: BufferPool,
    firstPiece: Buffer,
    options: { compression: CompressionChoice; createdMs: number },
  ) {
    this.partition = partition;
    this.pool = pool;
    this.piece = firstPiece;
    this.pieces = [firstPiece];
    this.compression = options.compression;
    this.createdMs = options.createdMs;
  }

  /** Bytes left in the piece that is being written. */
  get room(): number {
    return this.piece.length - this.position;
  }

  get hasSequence(): boolean {
    return this.baseSequence !== NONE;
  }

  get lastSequence(): number {
    return batchFormat.incrementSequence(this.baseSequence, this.recordCount - 1);
  }

  /** What goes over the wire, once the batch takes no more records. */
  get wireBytes(): number {
    return this.compressedBytes > 0 ? this.compressedBytes : this.sizeInBytes;
  }

  /** Goes on in another piece, which must be large enough for the next record. */
  addPiece(piece: Buffer): void {
    this.parts.push(this.piece.subarray(0, this.position));
    this.pieces.push(piece);
    this.piece = piece;
    this.position = 0;
  }

  /** Writes a record and answers with its bytes; the caller has made sure of the room. */
  append(record: PendingRecord): number {
    const { timestamp } = record;
    const count = this.recordCount;
    if (count === 0) this.baseTimestamp = timestamp;
    if (timestamp > this.maxTimestamp) this.maxTimestamp = timestamp;
    const from = this.position;
    const end = writeRecord(this.piece, from, record, timestamp - this.baseTimestamp, count);
    this.position = end;
    const bytes = end - from;
    this.sizeInBytes += bytes;
    if (bytes > this.largestRecordBytes) this.largestRecordBytes = bytes;
    this.recordCount = count + 1;
    this.calls.push(record.call);
    this.ordinals.push(record.ordinal);
    this.timestamps.push(timestamp);
    return bytes;
  }

  enter(state: BatchState): void {
    assert(legalNext[this.state].includes(state), "a batch goes from open to waiting, in flight, retry, done");
    this.state = state;
  }

  /** No more records: what is to be compressed is compressed, and the plain bytes go back to the pool. */
  close(): void {
    this.enter("waiting");
    this.parts.push(this.piece.subarray(0, this.position));
    if (this.compression.name === "none") return;
    const plain = Buffer.concat(this.parts, this.sizeInBytes).subarray(batchFormat.HEADER_BYTES);
    const records = compress(this.compression.name, this.compression.level, plain);
    this.givePiecesBack(true);
    this.parts = [Buffer.allocUnsafe(batchFormat.HEADER_BYTES), records];
    this.compressedBytes = batchFormat.HEADER_BYTES + records.length;
    this.pool.charge(this.compressedBytes);
  }

  /** Gives producer id, epoch and sequence; `frame` writes them. */
  setProducer(producer: { producerId: number; producerEpoch: number; baseSequence: number }): void {
    this.producerId = producer.producerId;
    this.producerEpoch = producer.producerEpoch;
    this.baseSequence = producer.baseSequence;
  }

  /** The batch as it goes over the wire. The parts stay the batch's own: until `release`, and while a socket holds them. */
  frame(): FramePart[] {
    const header = this.parts[0]!;
    const bytes = this.wireBytes;
    writeInt64(header, batchFormat.BASE_OFFSET_AT, 0);
    writeInt32(header, batchFormat.LENGTH_AT, bytes - batchFormat.LOG_OVERHEAD);
    writeInt32(header, batchFormat.LEADER_EPOCH_AT, batchFormat.NO_LEADER_EPOCH);
    header[batchFormat.MAGIC_AT] = 2;
    header[batchFormat.ATTRIBUTES_AT] = 0;
    header[batchFormat.ATTRIBUTES_AT + 1] =
      compressionId(this.compression.name) | (this.isTransactional ? batchFormat.TRANSACTIONAL_FLAG : 0);
    writeInt32(header, batchFormat.LAST_OFFSET_DELTA_AT, this.recordCount - 1);
    writeInt64(header, batchFormat.BASE_TIMESTAMP_AT, this.baseTimestamp);
    writeInt64(header, batchFormat.MAX_TIMESTAMP_AT, this.maxTimestamp);
    writeInt64(header, batchFormat.PRODUCER_ID_AT, this.producerId);
    header.writeInt16BE(this.producerEpoch, batchFormat.PRODUCER_EPOCH_AT);
    writeInt32(header, batchFormat.BASE_SEQUENCE_AT, this.baseSequence);
    writeInt32(header, batchFormat.RECORD_COUNT_AT, this.recordCount);
    let checksum = crc32c(header.subarray(batchFormat.ATTRIBUTES_AT));
    for (let index = 1; index < this.parts.length; index++) checksum = crc32c(this.parts[index]!, checksum);
    writeInt32(header, batchFormat.CRC_AT, checksum | 0);
    return this.parts;
  }

  /** All records were written, the first at `baseOffset` (-1 when the broker did not tell); tells the calls. */
  complete(baseOffset: number, logAppendTimeMs: number): void {
    this.enter("done");
    const { topic, partition } = this.partition;
    const { calls, ordinals, timestamps } = this;
    for (let index = 0; index < calls.length; index++) {
      calls[index]!.delivered(ordinals[index]!, {
        topic,
        partition,
        offset: baseOffset < 0 ? NONE : baseOffset + index,
        timestamp: logAppendTimeMs === NONE ? timestamps[index]! : logAppendTimeMs,
      });
    }
  }

  /** No record was written, as far as is known; tells the calls. */
  fail(errorOf: (index: number) => KafkaError): void {
    this.enter("done");
    const { calls, ordinals } = this;
    for (let index = 0; index < calls.length; index++) calls[index]!.failed(ordinals[index]!, errorOf(index));
  }

  /** Gives the memory back. `reusable` only when no request with the batch can still be on its way into a socket. */
  release(reusable: boolean): void {
    this.givePiecesBack(reusable);
    this.pool.refund(this.compressedBytes);
    this.compressedBytes = 0;
    this.parts = [];
  }

  /** The records alone, not compressed: for splitting. */
  plainRecords(): Buffer {
    const records = Buffer.concat(this.parts, this.wireBytes).subarray(batchFormat.HEADER_BYTES);
    return decompress(this.compression.name, records, this.sizeInBytes);
  }

  /** Takes over records `from` to `to` of a batch that is split; they were written into this one's first piece, up to `end`. */
  adopt(whole: Batch, records: { from: number; to: number; end: number; largestRecordBytes: number }): void {
    const { from, to, end } = records;
    assert(this.state === "open" && this.recordCount === 0, "records are adopted by an empty batch");
    this.position = end;
    this.sizeInBytes = end;
    this.recordCount = to - from;
    this.largestRecordBytes = records.largestRecordBytes;
    this.baseTimestamp = whole.baseTimestamp;
    for (let index = from; index < to; index++) {
      this.calls.push(whole.calls[index]!);
      this.ordinals.push(whole.ordinals[index]!);
      this.timestamps.push(whole.timestamps[index]!);
      if (whole.timestamps[index]! > this.maxTimestamp) this.maxTimestamp = whole.timestamps[index]!;
    }
    this.isSplit = true;
  }

  /** Its records went into others, which settle the calls. */
  dissolve(): void {
    this.enter("done");
  }

  get compressionChoice(): CompressionChoice {
    return this.compression;
  }

  private givePiecesBack(reusable: boolean): void {
    for (const piece of this.pieces) this.pool.give(piece, reusable);
    this.pieces.length = 0;
  }
}
