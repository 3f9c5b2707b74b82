// Reads Kafka's primitive types from one contiguous buffer. Never reads past `end`, never allocates for numbers.
// Bytes and slices that it hands out share memory with the buffer: they are valid as long as the buffer's owner keeps it.
// Malformed input throws DecodeError, which the connection turns into a closed socket.

/** The input is not what its schema says: truncated, a length out of range, a number that is not safe. */
export class DecodeError extends Error {
  override name = "DecodeError";
}

const TWO_32 = 0x1_0000_0000;
/** Java's Long.MAX_VALUE as the nearest double; the codecs carry it to and from the wire unchanged. */
export const LONG_MAX = 2 ** 63;
/** Java's Long.MIN_VALUE, exact as a double. */
export const LONG_MIN = -(2 ** 63);

export class ByteReader {
  buffer: Buffer;
  offset: number;
  readonly end: number;
  /** How many more elements arrays may have, in all of them together. What comes from a client sets it: an element of one byte becomes an object of hundreds. */
  elementsLeft = Infinity;

  constructor(buffer: Buffer, offset = 0, end = buffer.length) {
    this.buffer = buffer;
    this.offset = offset;
    this.end = end;
  }

  remaining(): number {
    return this.end - this.offset;
  }

  /** Moves past `length` bytes and returns where they begin. */
  skip(length: number): number {
    const start = this.offset;
    if (length < 0 || length > this.end - start) {
      throw new DecodeError(`needs ${length} bytes at ${start}, has ${this.end - start}`);
    }
    this.offset = start + length;
    return start;
  }

  boolean(): boolean {
    return this.int8() !== 0;
  }

  int8(): number {
    const at = this.skip(1);
    return (this.buffer[at]! << 24) >> 24;
  }

  uint8(): number {
    return this.buffer[this.skip(1)]!;
  }

  int16(): number {
    const at = this.skip(2);
    return (((this.buffer[at]! << 8) | this.buffer[at + 1]!) << 16) >> 16;
  }

  uint16(): number {
    const at = this.skip(2);
    return (this.buffer[at]! << 8) | this.buffer[at + 1]!;
  }

  int32(): number {
    return readInt32(this.buffer, this.skip(4));
  }

  uint32(): number {
    return readInt32(this.buffer, this.skip(4)) >>> 0;
  }

  /** An int64 as a safe number, or LONG_MAX or LONG_MIN; anything else out of range is refused. */
  int64(): number {
    return readInt64(this.buffer, this.skip(8));
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.skip(8));
  }

  /** A protobuf-style unsigned varint of at most 5 bytes, as flexible versions use for lengths and tags. */
  unsignedVarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.uint8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new DecodeError(`varint of more than 5 bytes before ${this.offset}`);
  }

  /** A zigzag varint, as records use. */
  varint(): number {
    const raw = this.unsignedVarint();
    return (raw >>> 1) ^ -(raw & 1);
  }

  /** A zigzag varlong of at most 10 bytes, as records use for timestamp deltas; refused when not a safe number. */
  varlong(): number {
    let low = 0;
    let scale = 1;
    let odd = 0;
    for (let index = 0; index < 10; index++) {
      const byte = this.uint8();
      if (index === 0) {
        odd = byte & 1;
        low = (byte & 0x7f) >> 1;
        scale = 64;
      } else {
        low += (byte & 0x7f) * scale;
        scale *= 128;
      }
      if (byte < 0x80) {
        const value = odd === 1 ? -low - 1 : low;
        if (!Number.isSafeInteger(value)) throw new DecodeError(`varlong ${value} is not safe`);
        return value;
      }
    }
    throw new DecodeError(`varlong of more than 10 bytes before ${this.offset}`);
  }

  /** A slice that shares memory with the buffer. */
  bytes(length: number): Buffer {
    const at = this.skip(length);
    return this.buffer.subarray(at, at + length);
  }

  utf8(length: number): string {
    const at = this.skip(length);
    return readUtf8(this.buffer, at, at + length);
  }

  /** 16 bytes as Kafka prints a Uuid: base64 for URLs, 22 characters. */
  uuid(): string {
    const at = this.skip(16);
    return this.buffer.toString("base64url", at, at + 16);
  }
}

export function readInt32(buffer: Uint8Array, at: number): number {
  return (buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!;
}

/** @throws DecodeError when the number is neither safe nor Long.MAX_VALUE nor Long.MIN_VALUE. */
export function readInt64(buffer: Uint8Array, at: number): number {
  const high = readInt32(buffer, at);
  const low = readInt32(buffer, at + 4) >>> 0;
  if (high >= 0x20_0000 || high < -0x20_0000) {
    if (high === 0x7fff_ffff && low === 0xffff_ffff) return LONG_MAX;
    if (high === -0x8000_0000 && low === 0) return LONG_MIN;
    throw new DecodeError(`int64 at ${at} is not a safe number`);
  }
  return high * TWO_32 + low;
}

// Short ASCII strings (topic names, client ids) decode faster by hand than through the native call.
function readUtf8(buffer: Buffer, start: number, end: number): string {
  if (end - start > 24) return buffer.toString("utf8", start, end);
  let text = "";
  for (let at = start; at < end; at++) {
    const byte = buffer[at]!;
    if (byte >= 0x80) return buffer.toString("utf8", start, end);
    text += String.fromCharCode(byte);
  }
  return text;
}
