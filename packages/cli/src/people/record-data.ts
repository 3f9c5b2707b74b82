// Keys and values between bytes and what people read and write: text, hexadecimal digits, base64, JSON, integers as Java's
// serializers write them. Pure. What cannot be read in the format asked for is told by a value, never guessed at.

import { isUtf8 } from "node:buffer";
import { CommandError, UsageError } from "../command-error.ts";

/** How bytes are shown. `int` is a big endian integer of 1, 2, 4 or 8 bytes, by their number. */
export type DataFormat = "string" | "hex" | "base64" | "json" | "int";
export const dataFormats: readonly DataFormat[] = ["string", "hex", "base64", "json", "int"];

/** How text becomes bytes. `int` has 4 bytes and `long` 8, as Java's IntegerSerializer and LongSerializer. */
export type InputFormat = "string" | "hex" | "base64" | "json" | "int" | "long";
export const inputFormats: readonly InputFormat[] = ["string", "hex", "base64", "json", "int", "long"];

const shown: Readonly<Record<DataFormat, (bytes: Buffer) => string | Buffer | null>> = {
  string: (bytes) => bytes,
  hex: (bytes) => bytes.toString("hex"),
  base64: (bytes) => bytes.toString("base64"),
  json: jsonText,
  int: integerText,
};

/** The bytes as text; null when they are nothing of the kind. Text comes as the bytes themselves. */
export function showData(bytes: Buffer, format: DataFormat): string | Buffer | null {
  return shown[format](bytes);
}

/** The bytes as JSON text on one line, every digit of its numbers kept; null when they are no JSON. */
export function jsonText(bytes: Buffer): string | null {
  if (!isUtf8(bytes)) return null;
  const text = bytes.toString("utf8");
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  // Inside a JSON string an end of a line is escaped, so these are between tokens.
  return text.trim().replace(/[\r\n\t]+/g, " ");
}

/** null unless there are 1, 2, 4 or 8 bytes. */
export function integerText(bytes: Buffer): string | null {
  switch (bytes.length) {
    case 1:
      return String(bytes.readInt8());
    case 2:
      return String(bytes.readInt16BE());
    case 4:
      return String(bytes.readInt32BE());
    case 8:
      return String(bytes.readBigInt64BE());
    default:
      return null;
  }
}

const parsers: Readonly<Record<InputFormat, (text: Buffer) => Buffer>> = {
  string: (text) => text,
  hex: (text) => parseHex(text.toString("latin1")),
  base64: (text) => parseBase64(text.toString("latin1")),
  json: (text) => {
    if (jsonText(text) === null) throw new CommandError(`${excerpt(text)} is no JSON`);
    return text;
  },
  int: (text) => parseInteger(text.toString("latin1"), 4),
  long: (text) => parseInteger(text.toString("latin1"), 8),
};

/** @throws CommandError when the text is nothing of the kind */
export function parseData(text: Buffer, format: InputFormat): Buffer {
  return parsers[format](text);
}

/** A word of the command line as bytes. @throws UsageError when it is nothing of the kind */
export function parseWord(text: string, format: InputFormat): Buffer {
  try {
    return parseData(Buffer.from(text), format);
  } catch (error) {
    if (error instanceof CommandError) throw new UsageError(error.message);
    throw error;
  }
}

/** @throws CommandError */
export function parseHex(text: string): Buffer {
  const digits = text.trim().replace(/^0x/i, "");
  if (digits.length % 2 !== 0 || !/^[\da-f]*$/i.test(digits))
    throw new CommandError(`${excerpt(text)} is not hexadecimal`);
  return Buffer.from(digits, "hex");
}

/** @throws CommandError */
export function parseBase64(text: string): Buffer {
  const digits = text.trim().replace(/=+$/, "");
  if (digits.length % 4 === 1 || !/^[\w+/-]*$/.test(digits)) throw new CommandError(`${excerpt(text)} is not base64`);
  return Buffer.from(digits, "base64");
}

/** Big endian, signed. @throws CommandError */
export function parseInteger(text: string, size: 1 | 2 | 4 | 8): Buffer {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) throw new CommandError(`${excerpt(text)} is not a whole number`);
  const value = BigInt(text.trim().replace(/^\+/, ""));
  if (BigInt.asIntN(size * 8, value) !== value) {
    throw new CommandError(`${excerpt(text)} does not fit into ${size} ${size === 1 ? "byte" : "bytes"}`);
  }
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(value);
  return bytes.subarray(8 - size);
}

const EXCERPT_LETTERS = 40;

function excerpt(data: Buffer | string): string {
  const text = typeof data === "string" ? data : data.subarray(0, EXCERPT_LETTERS * 4).toString("utf8");
  return JSON.stringify(text.length > EXCERPT_LETTERS ? `${text.slice(0, EXCERPT_LETTERS)}…` : text);
}
