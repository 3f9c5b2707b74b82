// Format strings as kcat's -f has them, compiled once to the pieces that are written for every record. Pure.
// %t topic, %p partition, %o offset, %k key, %s value, %h headers, %K and %S length of key and value (-1 for null), %R the latter as four
// bytes big endian, %T timestamp, %% a percent sign; \n \r \t \\, \xNN one byte in hexadecimal, \NNN in octal when it begins with 0, else
// decimal. Other than kcat's: \x takes two digits at most, so that text may follow, and \0 is a byte like any other.

import { UsageError } from "../command-error.ts";
import type { DataFormat } from "./record-data.ts";
import { showData } from "./record-data.ts";

/** What is printed of a record. */
export interface PrintableRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: "CreateTime" | "LogAppendTime";
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly { readonly key: string; readonly value: Buffer | null }[];
}

export interface DataFormats {
  readonly key: DataFormat;
  readonly value: DataFormat;
  /** Stands for a key or value that is null, where it is text. */
  readonly nullText: string;
  /** A key or value is nothing of its format; it is printed as it is. */
  readonly onMismatch: (record: PrintableRecord, part: "key" | "value") => void;
}

/** Hands the pieces of a record to `write`, in order. They are valid as long as the record. */
export type RecordFormat = (record: PrintableRecord, write: (piece: string | Buffer) => void) => void;

type Piece = (record: PrintableRecord) => string | Buffer;

/** @throws UsageError which names what is wrong in the format */
export function compileFormat(format: string, formats: DataFormats): RecordFormat {
  const pieces = piecesOf(format, formats);
  return (record, write) => {
    for (const piece of pieces) write(piece(record));
  };
}

function piecesOf(format: string, formats: DataFormats): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  while (at < format.length) {
    const percent = format.indexOf("%", at);
    const end = percent < 0 ? format.length : percent;
    if (end > at) pieces.push(literal(unescapeBytes(format.slice(at, end))));
    if (percent < 0) break;
    pieces.push(tokenPiece(format[percent + 1], formats));
    at = percent + 2;
  }
  return pieces;
}

function tokenPiece(letter: string | undefined, formats: DataFormats): Piece {
  switch (letter) {
    case "t":
      return ({ topic }) => topic;
    case "p":
      return ({ partition }) => String(partition);
    case "o":
      return ({ offset }) => String(offset);
    case "T":
      return ({ timestamp }) => String(timestamp);
    case "k":
      return (record) => dataText(record, "key", formats);
    case "s":
      return (record) => dataText(record, "value", formats);
    case "K":
      return ({ key }) => String(key?.length ?? -1);
    case "S":
      return ({ value }) => String(value?.length ?? -1);
    case "R":
      return ({ value }) => binaryLength(value);
    case "h":
      return ({ headers }) => headersText(headers);
    case "%":
      return literal(Buffer.from("%"));
    case undefined:
      throw new UsageError("the format ends with a lone %: write %% for a percent sign");
    default:
      throw new UsageError(`the format has %${letter}, which is none of %t %p %o %k %s %h %K %S %R %T %%`);
  }
}

/** A key or value as text, or what stands for null. */
export function dataText(record: PrintableRecord, part: "key" | "value", formats: DataFormats): string | Buffer {
  const bytes = record[part];
  if (bytes === null) return formats.nullText;
  const text = showData(bytes, formats[part]);
  if (text !== null) return text;
  formats.onMismatch(record, part);
  return bytes;
}

function headersText(headers: PrintableRecord["headers"]): Buffer {
  const parts: Buffer[] = [];
  for (const [index, { key, value }] of headers.entries()) {
    parts.push(Buffer.from(`${index === 0 ? "" : ","}${key}=`), value ?? Buffer.from("NULL"));
  }
  return Buffer.concat(parts);
}

function binaryLength(value: Buffer | null): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value?.length ?? -1);
  return bytes;
}

function literal(bytes: Buffer): Piece {
  return () => bytes;
}

const named: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
const escapePattern = /\\(?:x([\da-f]{1,2})|(\d{1,3})|([^]))/giu;

/** Text with escapes as bytes; also what delimiters are written as. @throws UsageError */
export function unescapeBytes(text: string): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (const match of text.matchAll(escapePattern)) {
    const [whole, hex, number, letter] = match;
    parts.push(Buffer.from(text.slice(at, match.index)), escaped(whole, hex, number, letter));
    at = match.index + whole.length;
  }
  parts.push(Buffer.from(text.slice(at)));
  return Buffer.concat(parts);
}

function escaped(whole: string, hex?: string, number?: string, letter?: string): Buffer {
  if (hex !== undefined) return Buffer.of(Number.parseInt(hex, 16));
  if (letter === "x") throw new UsageError(`\\x takes one or two hexadecimal digits, as in \\x1f`);
  if (letter !== undefined) return Buffer.from(named[letter] ?? letter);
  const value = Number.parseInt(number!, number!.startsWith("0") ? 8 : 10);
  if (!(value <= 255) || (number!.startsWith("0") && /[89]/.test(number!))) throw new UsageError(`${whole} is no byte`);
  return Buffer.of(value);
}
