// What decompression throws: DecodeError for bytes that are not what the codec says, and its subclass for output beyond the limit.

import { DecodeError } from "@ottla/base";

/** The input may be well formed, but it unfolds to more than the caller allows. */
export class DecompressedTooLargeError extends DecodeError {
  override name = "DecompressedTooLargeError";

  constructor(limitBytes: number) {
    super(`decompressed data exceeds ${limitBytes} bytes`);
  }
}

/** Turns whatever a codec threw into a DecodeError. */
export function asDecodeError(codec: string, error: unknown): DecodeError {
  if (error instanceof DecodeError) return error;
  return new DecodeError(`${codec}: ${error instanceof Error ? error.message : String(error)}`);
}

/** The collected pieces as one buffer, uncopied when there is only one. */
export function joined(pieces: Buffer[], totalBytes: number): Buffer {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, totalBytes);
}
