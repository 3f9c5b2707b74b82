// Sends the responses of one connection: in the order of their requests, with their size in front, as few writes as possible.
// Small parts are gathered in a stage buffer, large buffers go out as they are, streamed parts are read into the stage piece
// by piece. One call of `flush` is one round: one writev of at most the stage and the large buffers between; the next round begins
// when the socket took all of it, so what lies in memory is the responses themselves and one stage.
// Every streamed part is released exactly once: when its last byte was read, or when the connection closes.

import type { Duplex } from "node:stream";
import { assert, writeInt32 } from "@ottla/base";
import type { FramePart, StreamedPart } from "@ottla/base";
import type { NetRequest } from "./request.ts";
import type { StreamBudget } from "./stream-budget.ts";

/** Parts of up to this size are copied together: cheaper than one more piece of a writev. */
const GATHERED_BYTES_MAX = 4096;
/** A stage grows by up to this much over a chunk when that spares a round for the end of a response. */
const STRETCH_BYTES_MAX = 4096;
const SIZE_BYTES = 4;
/** The queue is compacted when so many of its entries are done. */
const DONE_ENTRIES_MAX = 256;

export interface ResponseWriterOptions {
  readonly socket: Duplex;
  readonly budget: StreamBudget;
  readonly streamChunkBytes: number;
  /** Called when the socket took what a round gave it. */
  readonly onWritten: () => void;
  /** Called when a streamed part could not be read. */
  readonly onReadFailed: (error: unknown) => void;
}

export class ResponseWriter {
  /** Bytes given to the socket so far. */
  bytesOut = 0;
  private readonly options: ResponseWriterOptions;
  private readonly socket: Duplex;
  /** Requests handed out whose responses have not joined the queue, in order. */
  private readonly waiting: NetRequest[] = [];
  /** What to send, in order; a number is a frame's size. */
  private queue: (FramePart | number)[] = [];
  private queueAt = 0;
  private queuedBytes = 0;
  private stage: Buffer | null = null;
  private stageLent = false;
  private stageFrom = 0;
  private stageAt = 0;
  private streamAt = 0;
  /** The part that the disk is asked for. */
  private reading: StreamedPart | null = null;
  private closed = false;
  private readonly written = (): void => this.afterWrite();

  constructor(options: ResponseWriterOptions) {
    this.options = options;
    this.socket = options.socket;
  }

  /** Keeps the place of a request's response. */
  expect(request: NetRequest): void {
    this.waiting.push(request);
  }

  /** Requests whose responses have not joined the queue. */
  waitingCount(): number {
    return this.waiting.length;
  }

  /** The request handed out last among those whose responses have not joined the queue. */
  lastWaiting(): NetRequest | undefined {
    return this.waiting.at(-1);
  }

  /** Bytes of responses that the kernel has not taken, streamed parts in full. */
  pendingBytes(): number {
    return this.queuedBytes + this.socket.writableLength;
  }

  /** Whether every request is answered and every answer sent. */
  isIdle(): boolean {
    return this.waiting.length === 0 && this.pendingBytes() === 0 && this.reading === null;
  }

  /** Takes the answer of `request` and moves all responses whose turn it is to the queue; true when there is something to send. */
  collect(request: NetRequest): boolean {
    if (this.closed) {
      if (request.parts !== null) releaseAll(request.parts);
      return false;
    }
    while (this.waiting.length > 0 && this.waiting[0]!.settled) {
      const parts = this.waiting.shift()!.parts;
      if (parts !== null) this.enqueue(parts);
    }
    return this.queuedBytes > 0;
  }

  /** One round of writing; nothing when the last round is still under way. */
  flush(): void {
    if (this.closed || this.reading !== null || this.queuedBytes === 0) return;
    if (this.socket.destroyed || this.socket.writableLength > 0) return;
    this.openStage();
    this.round();
  }

  /** The connection is gone: lets go of everything. A part that is being read is released when the read ends. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const request of this.waiting) if (request.parts !== null) releaseAll(request.parts);
    this.waiting.length = 0;
    if (this.reading !== null) this.queueAt++;
    releaseAll(this.queue.slice(this.queueAt));
    this.queue.length = 0;
    this.queuedBytes = 0;
    if (this.reading === null) this.closeStage();
  }

  private enqueue(parts: FramePart[]): void {
    let bytes = 0;
    for (const part of parts) bytes += part.length;
    assert(bytes <= 0x7fff_ffff, "a frame's size fits in an int32");
    this.queue.push(bytes);
    for (const part of parts) {
      if (part.length > 0) this.queue.push(part);
      else if (!Buffer.isBuffer(part)) part.release();
    }
    this.queuedBytes += SIZE_BYTES + bytes;
  }

  // The stage is as large as what this round gathers or streams, up to a chunk, and a little more when that is the end.
  private openStage(): void {
    let wanted = -this.streamAt;
    let streams = false;
    const { streamChunkBytes, budget } = this.options;
    const most = streamChunkBytes + STRETCH_BYTES_MAX;
    for (let at = this.queueAt; at < this.queue.length && wanted <= most; at++) {
      const part = this.queue[at]!;
      if (typeof part === "number") {
        wanted += SIZE_BYTES;
      } else if (!Buffer.isBuffer(part)) {
        wanted += part.length;
        streams = true;
      } else if (part.length <= GATHERED_BYTES_MAX) {
        wanted += part.length;
      }
    }
    const stageBytes = wanted <= most ? wanted : streamChunkBytes;
    this.stage = streams ? budget.take(stageBytes) : Buffer.allocUnsafe(stageBytes);
    this.stageLent = streams;
    this.stageFrom = 0;
    this.stageAt = 0;
  }

  private closeStage(): void {
    if (this.stage !== null && this.stageLent) this.options.budget.give(this.stage);
    this.stage = null;
  }

  private round(): void {
    this.socket.cork();
    try {
      this.fill(this.stage!);
    } catch (error) {
      this.options.onReadFailed(error);
    }
    this.socket.uncork();
    if (this.reading === null && this.socket.writableLength === 0) this.closeStage();
  }

  private fill(stage: Buffer): void {
    let goesOn = true;
    while (goesOn && this.queueAt < this.queue.length) {
      const part = this.queue[this.queueAt]!;
      if (typeof part === "number") goesOn = this.putSize(stage, part);
      else if (Buffer.isBuffer(part)) goesOn = this.putBytes(stage, part);
      else goesOn = this.putStream(stage, part);
    }
    this.writeStaged(stage);
    if (this.queueAt === this.queue.length || this.queueAt > DONE_ENTRIES_MAX) {
      this.queue.splice(0, this.queueAt);
      this.queueAt = 0;
    }
  }

  private putSize(stage: Buffer, bytes: number): boolean {
    if (stage.length - this.stageAt < SIZE_BYTES) return false;
    writeInt32(stage, this.stageAt, bytes);
    this.stageAt += SIZE_BYTES;
    this.queuedBytes -= SIZE_BYTES;
    this.queueAt++;
    return true;
  }

  private putBytes(stage: Buffer, part: Buffer): boolean {
    if (part.length > GATHERED_BYTES_MAX) {
      this.writeStaged(stage);
      this.write(part);
    } else {
      if (stage.length - this.stageAt < part.length) return false;
      stage.set(part, this.stageAt);
      this.stageAt += part.length;
    }
    this.queuedBytes -= part.length;
    this.queue[this.queueAt++] = 0;
    return true;
  }

  private putStream(stage: Buffer, part: StreamedPart): boolean {
    const room = Math.min(stage.length - this.stageAt, part.length - this.streamAt);
    if (room === 0) return false;
    const result = part.read(stage.subarray(this.stageAt, this.stageAt + room), this.streamAt);
    if (typeof result === "number") return this.tookFromStream(part, result, room);
    this.reading = part;
    result.then(
      (count) => this.readEnded(part, count, room),
      (error: unknown) => this.readEnded(part, error, room),
    );
    return false;
  }

  private tookFromStream(part: StreamedPart, count: number, room: number): boolean {
    if (!(count >= 1 && count <= room)) throw new Error(`a streamed part read ${count} of ${room} bytes`);
    this.stageAt += count;
    this.streamAt += count;
    this.queuedBytes -= count;
    if (this.streamAt === part.length) {
      this.queue[this.queueAt++] = 0;
      this.streamAt = 0;
      part.release();
    }
    return true;
  }

  // `outcome` is the count of bytes, or why the read failed.
  private readEnded(part: StreamedPart, outcome: unknown, room: number): void {
    this.reading = null;
    if (this.closed) {
      this.closeStage();
      try {
        part.release();
      } catch (error) {
        this.options.onReadFailed(error);
      }
      return;
    }
    try {
      if (typeof outcome !== "number") throw outcome;
      this.tookFromStream(part, outcome, room);
    } catch (error) {
      this.options.onReadFailed(error);
      return;
    }
    this.round();
  }

  private writeStaged(stage: Buffer): void {
    if (this.stageAt === this.stageFrom) return;
    this.write(stage.subarray(this.stageFrom, this.stageAt));
    this.stageFrom = this.stageAt;
  }

  private write(bytes: Buffer): void {
    this.bytesOut += bytes.length;
    this.socket.write(bytes, this.written);
  }

  private afterWrite(): void {
    if (this.closed || this.reading !== null || this.socket.writableLength > 0) return;
    this.closeStage();
    this.options.onWritten();
  }
}

/** Releases the streamed parts among `parts`, none of which will be sent. @throws what the first one threw, when all are released. */
function releaseAll(parts: readonly (FramePart | number)[]): void {
  const failures: unknown[] = [];
  for (const part of parts) {
    if (typeof part === "number" || Buffer.isBuffer(part)) continue;
    try {
      part.release();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
