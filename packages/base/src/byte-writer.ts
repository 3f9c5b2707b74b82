// Writes Kafka's primitive types into a growing buffer, and lists foreign buffers between them without copying.
// The result is a list of parts in order. Foreign parts (record batches, streamed file ranges) belong to whoever gave them;
// the writer's own bytes belong to whoever calls `finish`.

import { assert } from "./assert.ts";
import { LONG_MAX, LONG_MIN } from "./byte-reader.ts";

/** The 22 characters of Kafka's Uuid of zeros, which means "no id". */
export const ZERO_UUID = "AAAAAAAAAAAAAAAAAAAAAA";

const TWO_32 = 0x1_0000_0000;

/** A range of bytes that is produced only when the socket is ready for it, for example a range of a segment file. */
export interface StreamedPart {
  /** How many bytes it will produce, exactly. */
  readonly length: number;
  /** Fills `target` with the bytes from `position` on; the count is 1 to target.length. A promise when the disk must be asked. */
  read(target: Buffer, position: number): number | Promise<number>;
  /** Called once, when all was sent or the connection is gone. */
  release(): void;
}

/** What a frame is made of, in order. */
export type FramePart = Buffer | StreamedPart;

export class ByteWriter {
  buffer: Buffer;
  offset = 0;
  private partStart = 0;
  private parts: FramePart[] | null = null;
  private partBytes = 0;

  private readonly limitBytes: number;

  /** Writing more than `limitBytes`, foreign parts apart, throws a RangeError. */
  constructor(initialBytes = 256, limitBytes = Infinity) {
    this.limitBytes = limitBytes;
    this.buffer = Buffer.allocUnsafe(initialBytes);
  }

  /** All bytes so far, foreign parts included. */
  size(): number {
    return this.partBytes + this.offset - this.partStart;
  }

  /** Makes room for `length` bytes and returns where they begin. */
  reserve(length: number): number {
    const at = this.offset;
    if (at + length > this.buffer.length) return this.grow(length);
    this.offset = at + length;
    return at;
  }

  int8(value: number): void {
    const at = this.reserve(1);
    this.buffer[at] = value;
  }

  boolean(value: boolean): void {
    this.int8(value ? 1 : 0);
  }

  int16(value: number): void {
    const at = this.reserve(2);
    this.buffer[at] = value >> 8;
    this.buffer[at + 1] = value;
  }

  uint16(value: number): void {
    this.int16(value);
  }

  int32(value: number): void {
    const at = this.reserve(4);
    writeInt32(this.buffer, at, value);
  }

  uint32(value: number): void {
    this.int32(value | 0);
  }

  int64(value: number): void {
    const at = this.reserve(8);
    writeInt64(this.buffer, at, value);
  }

  float64(value: number): void {
    const at = this.reserve(8);
    this.buffer.writeDoubleBE(value, at);
  }

  unsignedVarint(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.int8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.int8(rest);
  }

  varint(value: number): void {
    this.unsignedVarint((value << 1) ^ (value >> 31));
  }

  /** Zigzag without 64-bit integers: the first 6 bits and the sign apart, the rest by division. */
  varlong(value: number): void {
    assert(Number.isSafeInteger(value), "a varlong is a safe integer");
    const sign = value < 0 ? 1 : 0;
    let rest = sign === 1 ? -(value + 1) : value;
    const first = (rest % 64) * 2 + sign;
    rest = Math.floor(rest / 64);
    this.int8(rest > 0 ? first | 0x80 : first);
    while (rest > 0) {
      const bits = rest % 128;
      rest = Math.floor(rest / 128);
      this.int8(rest > 0 ? bits | 0x80 : bits);
    }
  }

  /** Copies `source` into the writer. */
  bytes(source: Uint8Array): void {
    const at = this.reserve(source.length);
    this.buffer.set(source, at);
  }

  /** Writes the text's UTF-8 bytes with no length in front. */
  utf8(text: string, byteLength: number): void {
    const at = this.reserve(byteLength);
    this.buffer.write(text, at, byteLength, "utf8");
  }

  uuid(value: string): void {
    assert(value.length === 22, "a uuid is 22 characters of base64url");
    const at = this.reserve(16);
    this.buffer.write(value, at, 16, "base64url");
  }

  /** Lists `part` at this place without copying it. */
  foreign(part: FramePart): void {
    if (part.length === 0) {
      if (!Buffer.isBuffer(part)) part.release();
      return;
    }
    this.parts ??= [];
    this.cut();
    this.parts.push(part);
    this.partBytes += part.length;
  }

  /** All parts in order. The writer must not be used afterwards. */
  finish(): FramePart[] {
    if (this.parts === null) return [this.buffer.subarray(0, this.offset)];
    this.cut();
    return this.parts;
  }

  /** The result as one buffer; joins by copying, so for tests, tools and small records only. */
  toBuffer(): Buffer {
    const parts = this.finish();
    if (parts.length === 1 && Buffer.isBuffer(parts[0])) return parts[0];
    return Buffer.concat(
      parts.map((part) => {
        assert(Buffer.isBuffer(part), "a streamed part cannot be joined");
        return part;
      }),
    );
  }

  private cut(): void {
    if (this.offset > this.partStart) {
      this.parts!.push(this.buffer.subarray(this.partStart, this.offset));
      this.partBytes += this.offset - this.partStart;
      this.partStart = this.offset;
    }
  }

  private grow(length: number): number {
    const kept = this.offset - this.partStart;
    const needed = kept + length;
    if (needed > this.limitBytes) throw new RangeError(`more than ${this.limitBytes} bytes are to be written`);
    const next = Buffer.allocUnsafe(Math.max(needed, Math.min(this.buffer.length * 2, this.limitBytes)));
    this.buffer.copy(next, 0, this.partStart, this.offset);
    this.buffer = next;
    this.partStart = 0;
    this.offset = kept + length;
    return kept;
  }
}

export function writeInt32(buffer: Uint8Array, at: number, value: number): void {
  buffer[at] = value >> 24;
  buffer[at + 1] = value >> 16;
  buffer[at + 2] = value >> 8;
  buffer[at + 3] = value;
}

export function writeInt64(buffer: Uint8Array, at: number, value: number): void {
  if (!Number.isSafeInteger(value)) {
    assert(value === LONG_MAX || value === LONG_MIN, "an int64 is a safe integer, LONG_MAX or LONG_MIN");
    writeInt32(buffer, at, value === LONG_MAX ? 0x7fff_ffff : -0x8000_0000);
    writeInt32(buffer, at + 4, value === LONG_MAX ? -1 : 0);
    return;
  }
  const high = Math.floor(value / TWO_32);
  writeInt32(buffer, at, high);
  writeInt32(buffer, at + 4, (value - high * TWO_32) | 0);
}
