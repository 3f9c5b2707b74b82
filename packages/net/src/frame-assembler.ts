// Cuts a stream of bytes into Kafka's frames: int32 size, then so many bytes, of which the first two are the API key.
// Pure: bytes in, frames out. It borrows the input only until `retain`, because all connections of a listener read into one
// shared buffer: complete frames are copied out of it once. A long frame is read by the socket straight into its own buffer
// (`target`). Memory follows the bytes that really came, not the size that a client announced.
// A frame's buffer belongs to whoever got the frame; one with `pooled` set goes back to the pool when it is done with.

import { assert } from "@ottla/base";
import { POOLED_BYTES_MIN } from "./buffer-pool.ts";
import type { BufferPool } from "./buffer-pool.ts";

/** A frame of up to this size gets its whole buffer when its size is known; a longer one grows by doubling. */
export const FRAME_FIRST_BYTES = 1024 * 1024 + 64 * 1024;
/** A frame with this much missing is read by the socket into its own buffer. */
export const DIRECT_READ_BYTES_MIN = 32 * 1024;
const SIZE_BYTES = 4;
const API_KEY_BYTES = 2;
const NOTHING = Buffer.alloc(0);

export interface Frame {
  /** Header and body, without the size. */
  readonly bytes: Buffer;
  /** The pool's buffer that `bytes` lies in, or null. */
  readonly pooled: Buffer | null;
  readonly bulk: boolean;
}

export interface FrameAssemblerOptions {
  readonly maxFrameBytes: number;
  /** API keys whose frames come from the pool and may overlap: those that carry records. */
  readonly bulkApiKeys: ReadonlySet<number>;
  readonly pool: BufferPool;
}

export class FrameAssembler {
  /** Why the stream cannot be read on, or null. */
  refusal: string | null = null;
  private readonly options: FrameAssemblerOptions;
  private input: Buffer = NOTHING;
  private inputAt = 0;
  private inputEnd = 0;
  private inputBorrowed = false;
  private headBytes = 0;
  private size = 0;
  private apiKey = 0;
  private bulk = false;
  private body: Buffer | null = null;
  private bodyFilled = 0;
  private bodyPooled = false;

  constructor(options: FrameAssemblerOptions) {
    this.options = options;
  }

  /** Lends the first `count` bytes of `input` until `retain`. The bytes lent before must have been used up. */
  lend(input: Buffer, count: number): void {
    assert(this.inputAt === this.inputEnd, "input is lent when the last was used up");
    this.input = input;
    this.inputAt = 0;
    this.inputEnd = count;
    this.inputBorrowed = true;
  }

  /** Where the socket may put the next bytes itself, or null when it is not worth it; `fill` tells how many came. */
  target(): Buffer | null {
    if (this.body === null || this.hasInput()) return null;
    if (this.size - this.bodyFilled < DIRECT_READ_BYTES_MIN) return null;
    return this.body.subarray(this.bodyFilled, Math.min(this.size, this.body.length));
  }

  /** The socket put `count` bytes into the last `target`. */
  fill(count: number): void {
    assert(this.body !== null && !this.hasInput(), "a target belongs to a frame that is being read");
    this.bodyFilled += count;
    assert(this.bodyFilled <= this.size, "a target ends with its frame");
    this.growWhenFull(this.body);
  }

  /** The next complete frame, or null: more bytes are needed, or `refusal` says why there will be none. */
  next(): Frame | null {
    if (this.refusal !== null) return null;
    if (this.body === null) {
      if (!this.readHead()) return null;
      this.openBody();
    }
    while (this.bodyFilled < this.size) {
      if (!this.hasInput()) return null;
      this.copyIntoBody(this.body!);
    }
    return this.closeBody(this.body!);
  }

  /** Whether bytes wait that `next` has not looked at. */
  hasInput(): boolean {
    return this.inputAt < this.inputEnd;
  }

  /** Ends the loan: what is left of the borrowed input is copied. */
  retain(): void {
    if (!this.inputBorrowed) return;
    this.inputBorrowed = false;
    const left = this.inputEnd - this.inputAt;
    if (left === 0) {
      this.input = NOTHING;
    } else {
      const copy = Buffer.allocUnsafe(left);
      this.input.copy(copy, 0, this.inputAt, this.inputEnd);
      this.input = copy;
    }
    this.inputAt = 0;
    this.inputEnd = left;
  }

  /** Forgets everything and gives the unfinished frame's buffer back. */
  drop(): void {
    if (this.body !== null && this.bodyPooled) this.options.pool.give(this.body);
    this.body = null;
    this.input = NOTHING;
    this.inputAt = 0;
    this.inputEnd = 0;
    this.inputBorrowed = false;
  }

  // The size and the API key byte by byte, because the input can end between any two. True when both are known.
  private readHead(): boolean {
    while (this.headBytes < SIZE_BYTES) {
      if (!this.hasInput()) return false;
      this.size = (this.size << 8) | this.input[this.inputAt++]!;
      if (++this.headBytes === SIZE_BYTES && !this.sizeIsGood()) return false;
    }
    const headEnd = SIZE_BYTES + Math.min(API_KEY_BYTES, this.size);
    while (this.headBytes < headEnd) {
      if (!this.hasInput()) return false;
      this.apiKey = (this.apiKey << 8) | this.input[this.inputAt++]!;
      this.headBytes++;
    }
    return true;
  }

  // As Kafka's NetworkReceive: a negative size or one above socket.request.max.bytes ends the connection.
  private sizeIsGood(): boolean {
    if (this.size < 0) {
      this.refusal = `a frame announces ${this.size} bytes`;
    } else if (this.size > this.options.maxFrameBytes) {
      this.refusal = `a frame announces ${this.size} bytes, more than the limit of ${this.options.maxFrameBytes}`;
    }
    return this.refusal === null;
  }

  private openBody(): void {
    this.bulk = this.size >= API_KEY_BYTES && this.options.bulkApiKeys.has(this.apiKey);
    this.bodyPooled = this.bulk && this.size >= POOLED_BYTES_MIN;
    const whole = this.size <= FRAME_FIRST_BYTES || (this.bodyPooled && this.options.pool.has(this.size));
    this.body = this.allocate(whole ? this.size : FRAME_FIRST_BYTES);
    this.bodyFilled = this.headBytes - SIZE_BYTES;
    if (this.bodyFilled > 0) this.body[this.bodyFilled - 1] = this.apiKey;
    if (this.bodyFilled > 1) this.body[0] = this.apiKey >> 8;
  }

  private copyIntoBody(body: Buffer): void {
    const room = Math.min(this.size, body.length) - this.bodyFilled;
    const from = this.inputAt;
    const count = Math.min(room, this.inputEnd - from);
    this.input.copy(body, this.bodyFilled, from, from + count);
    this.inputAt = from + count;
    this.bodyFilled += count;
    this.growWhenFull(body);
  }

  private growWhenFull(body: Buffer): void {
    if (this.bodyFilled < body.length || this.bodyFilled === this.size) return;
    const larger = this.allocate(Math.min(this.size, body.length * 2));
    body.copy(larger, 0, 0, this.bodyFilled);
    if (this.bodyPooled) this.options.pool.give(body);
    this.body = larger;
  }

  private allocate(bytes: number): Buffer {
    return this.bodyPooled ? this.options.pool.take(bytes) : Buffer.allocUnsafe(bytes);
  }

  private closeBody(body: Buffer): Frame {
    const bytes = body.length === this.size ? body : body.subarray(0, this.size);
    const frame = { bytes, pooled: this.bodyPooled ? body : null, bulk: this.bulk };
    this.body = null;
    this.headBytes = 0;
    this.size = 0;
    this.apiKey = 0;
    return frame;
  }
}
