// Splits bytes into the pieces between delimiters, as they arrive in chunks. Pure. It keeps at most one piece that is not whole yet, and
// of a piece over the limit nothing but its length: an input without a delimiter does not fill the memory.

/** A piece is a view into a chunk where it can be: valid as long as the chunk. A piece over the limit is only counted. */
export type Piece = Buffer | { readonly tooLongBytes: number };

export class RecordSplitter {
  private readonly delimiter: Buffer;
  private readonly limitBytes: number;
  private parts: Buffer[] = [];
  /** Of the piece that is not whole yet, with what was dropped of it. */
  private partialBytes = 0;
  /** The last bytes of the partial piece, which may be the beginning of a delimiter. */
  private tail: Buffer = Buffer.alloc(0);

  /** @param delimiter empty for none: all of the input is one piece */
  constructor({ delimiter, limitBytes }: { readonly delimiter: Buffer; readonly limitBytes: number }) {
    this.delimiter = delimiter;
    this.limitBytes = limitBytes;
  }

  /** The pieces that ended in this chunk. */
  add(chunk: Buffer): Piece[] {
    const pieces: Piece[] = [];
    let from = this.endAcross(chunk, pieces);
    for (;;) {
      const end = this.delimiter.length === 0 ? -1 : chunk.indexOf(this.delimiter, from);
      if (end < 0) break;
      this.keep(chunk.subarray(from, end));
      pieces.push(this.take());
      from = end + this.delimiter.length;
    }
    this.keep(chunk.subarray(from));
    this.keepTail(chunk.subarray(from));
    return pieces;
  }

  /** What stands behind the last delimiter; null when nothing does. */
  end(): Piece | null {
    return this.partialBytes === 0 ? null : this.take();
  }

  /** Ends the piece whose delimiter began in an earlier chunk, and says where the rest of this one begins. */
  private endAcross(chunk: Buffer, pieces: Piece[]): number {
    const { delimiter, tail } = this;
    if (tail.length === 0) return 0;
    const at = Buffer.concat([tail, chunk.subarray(0, delimiter.length - 1)]).indexOf(delimiter);
    if (at < 0) return 0;
    this.dropLast(tail.length - at);
    pieces.push(this.take());
    return at + delimiter.length - tail.length;
  }

  private keep(part: Buffer): void {
    if (part.length === 0) return;
    this.partialBytes += part.length;
    // A delimiter that is cut by the chunk's end counts until it turns out to be one.
    if (this.partialBytes <= this.limitBytes + this.delimiter.length) this.parts.push(part);
    else this.parts = [];
  }

  private keepTail(part: Buffer): void {
    const size = this.delimiter.length - 1;
    if (size <= 0) return;
    this.tail = Buffer.concat([this.tail, part]).subarray(-size);
  }

  private dropLast(bytes: number): void {
    this.partialBytes -= bytes;
    let left = bytes;
    while (left > 0 && this.parts.length > 0) {
      const last = this.parts.pop()!;
      if (last.length > left) this.parts.push(last.subarray(0, last.length - left));
      left -= Math.min(left, last.length);
    }
  }

  private take(): Piece {
    const { parts, partialBytes } = this;
    this.parts = [];
    this.partialBytes = 0;
    this.tail = Buffer.alloc(0);
    if (partialBytes > this.limitBytes) return { tooLongBytes: partialBytes };
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }
}
