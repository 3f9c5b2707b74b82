// Cuts a broker's bytes into frames: int32 size, then so many bytes. Pure; the socket asks `target` where to read to.
// A long frame is read straight into a buffer of its own, so that the records in it are never copied; short ones are read many
// at a time into one chunk and copied out. A frame belongs to whoever gets it and is never written to again.

import { assert, readInt32 } from "@ottla/base";

const SIZE_BYTES = 4;
const CHUNK_BYTES = 64 * 1024;
/** Frames from this size on are read into their own buffer. */
const LONG_FRAME_BYTES = 8 * 1024;
/** After a long frame another is likely: so little of it is read into the chunk that copying it out costs nothing. */
const CHUNK_BYTES_BEFORE_LONG_FRAME = 1024;

export class FrameReader {
  /** Why the stream cannot be read on, or null. */
  refusal: string | null = null;
  private readonly maxFrameBytes: number;
  private chunk: Buffer | null = null;
  private chunkAt = 0;
  private chunkEnd = 0;
  private chunkRoom = CHUNK_BYTES;
  private body: Buffer | null = null;
  private bodyFilled = 0;

  constructor(maxFrameBytes: number) {
    this.maxFrameBytes = maxFrameBytes;
  }

  /** Where the next bytes go; valid until `filled`. */
  target(): Buffer {
    if (this.body !== null) return this.body.subarray(this.bodyFilled);
    this.chunk ??= Buffer.allocUnsafeSlow(CHUNK_BYTES);
    if (this.chunkAt > 0) {
      this.chunk.copyWithin(0, this.chunkAt, this.chunkEnd);
      this.chunkEnd -= this.chunkAt;
      this.chunkAt = 0;
    }
    return this.chunk.subarray(this.chunkEnd, Math.min(CHUNK_BYTES, this.chunkEnd + this.chunkRoom));
  }

  /** `count` bytes were put into the last `target`. */
  filled(count: number): void {
    if (this.body === null) {
      this.chunkEnd += count;
      assert(this.chunkEnd <= CHUNK_BYTES, "a target ends with its chunk");
    } else {
      this.bodyFilled += count;
      assert(this.bodyFilled <= this.body.length, "a target ends with its frame");
    }
  }

  /** Takes bytes that somebody else allocated. */
  push(bytes: Buffer, onFrame: (frame: Buffer) => void): void {
    for (let at = 0; at < bytes.length && this.refusal === null;) {
      const count = bytes.copy(this.target(), 0, at);
      this.filled(count);
      at += count;
      for (let frame = this.next(); frame !== null; frame = this.next()) onFrame(frame);
    }
  }

  /** The next complete frame without its size, or null: more bytes are needed, or `refusal` says why there will be none. */
  next(): Buffer | null {
    if (this.body !== null) return this.bodyFilled === this.body.length ? this.endOfBody(this.body) : null;
    const available = this.chunkEnd - this.chunkAt;
    if (available < SIZE_BYTES || this.refusal !== null) return null;
    const size = readInt32(this.chunk!, this.chunkAt);
    if (size < 0 || size > this.maxFrameBytes) {
      this.refusal = `an answer announces ${size} bytes; the limit is ${this.maxFrameBytes}`;
      return null;
    }
    if (available - SIZE_BYTES >= size) return this.copyOut(size);
    if (size >= LONG_FRAME_BYTES) this.openBody(size);
    return null;
  }

  private copyOut(size: number): Buffer {
    const from = this.chunkAt + SIZE_BYTES;
    const frame = Buffer.allocUnsafe(size);
    this.chunk!.copy(frame, 0, from, from + size);
    this.chunkAt = from + size;
    this.chunkRoom = CHUNK_BYTES;
    return frame;
  }

  private openBody(size: number): void {
    this.body = Buffer.allocUnsafeSlow(size);
    this.bodyFilled = this.chunk!.copy(this.body, 0, this.chunkAt + SIZE_BYTES, this.chunkEnd);
    this.chunkAt = 0;
    this.chunkEnd = 0;
  }

  private endOfBody(body: Buffer): Buffer {
    this.body = null;
    this.chunkRoom = CHUNK_BYTES_BEFORE_LONG_FRAME;
    return body;
  }
}
