// Records as JSON, one a line, so that what `ottla consume -o jsonl` writes `ottla produce --json` can read, byte for byte. Pure.
// A key, value or header that is UTF-8 is a JSON string; else a field beside it, such as `valueEncoding`, says what the text or number
// stands for: base64, hex, json, int8, int16, int32, int64.

import { isUtf8 } from "node:buffer";
import { CommandError } from "../command-error.ts";
import type { DataFormats, PrintableRecord } from "./format.ts";
import { integerText, jsonText, parseBase64, parseHex, parseInteger } from "./record-data.ts";
import type { DataFormat } from "./record-data.ts";

type Encoding = "string" | "base64" | "hex" | "json" | "int8" | "int16" | "int32" | "int64";

/** What a line says of a record to send; what it does not say is undefined. */
export interface ReadRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [string, Buffer | null])[];
  readonly partition: number | undefined;
  readonly timestamp: number | undefined;
}

/** The record as one line of JSON, without its end. */
export function recordJson(record: PrintableRecord, formats: DataFormats): string {
  const { topic, partition, offset, timestamp, timestampType, headers } = record;
  const place = `{"topic":${JSON.stringify(topic)},"partition":${partition},"offset":${offset}`;
  const time = `"timestamp":${timestamp},"timestampType":"${timestampType}"`;
  const data = (["key", "value"] as const).map((part) => {
    const shown = shownJson(record[part], formats[part]);
    if (shown.isMismatch) formats.onMismatch(record, part);
    return dataFields(part, shown);
  });
  const list = headers.map(
    ({ key, value }) => `{"key":${JSON.stringify(key)},${dataFields("value", shownJson(value, "string"))}}`,
  );
  return `${place},${time},${data.join(",")},"headers":[${list.join(",")}]}`;
}

interface Shown {
  readonly text: string;
  readonly encoding: Encoding;
  readonly isMismatch: boolean;
}

const integerEncodings: Readonly<Record<number, Encoding>> = { 1: "int8", 2: "int16", 4: "int32", 8: "int64" };

function shownJson(bytes: Buffer | null, format: DataFormat): Shown {
  if (bytes === null) return { text: "null", encoding: "string", isMismatch: false };
  if (format === "string") return plain(bytes);
  const text = textOf(bytes, format);
  if (text === null) return { ...plain(bytes), isMismatch: true };
  if (format === "json") return { text, encoding: "json", isMismatch: false };
  if (format !== "int") return { text: `"${text}"`, encoding: format, isMismatch: false };
  // Past 2^53 readers of JSON lose digits of a number, so it becomes a string.
  const number = Number.isSafeInteger(Number(text)) ? text : `"${text}"`;
  return { text: number, encoding: integerEncodings[bytes.length]!, isMismatch: false };
}

function textOf(bytes: Buffer, format: Exclude<DataFormat, "string">): string | null {
  if (format === "json") return jsonText(bytes);
  return format === "int" ? integerText(bytes) : bytes.toString(format);
}

function plain(bytes: Buffer): Shown {
  if (isUtf8(bytes)) return { text: JSON.stringify(bytes.toString("utf8")), encoding: "string", isMismatch: false };
  return { text: `"${bytes.toString("base64")}"`, encoding: "base64", isMismatch: false };
}

function dataFields(name: string, { text, encoding }: Shown): string {
  return `"${name}":${text}${encoding === "string" ? "" : `,"${name}Encoding":"${encoding}"`}`;
}

const known = new Set(
  "topic partition offset timestamp timestampType leaderEpoch key keyEncoding value valueEncoding headers".split(" "),
);

/**
 * Reads a line; null when it is blank or the bracket of a list. A list with a record a line, as `consume -o json` writes it, is read too.
 * Topic and offset are where the record was, not where it goes.
 * @throws CommandError
 */
export function readRecordJson(line: Buffer): ReadRecord | null {
  const text = line.toString("utf8").trim();
  const entry = text.replace(/^[[,]\s*|\s*,$/g, "").replace(/^\]$/, "");
  if (entry === "") return null;
  const fields = objectOf(entry.startsWith("{") ? entry.replace(/\}\s*\]$/, "}") : entry);
  const stranger = Object.keys(fields).find((name) => !known.has(name));
  if (stranger !== undefined) throw new CommandError(`a record has no field ${JSON.stringify(stranger)}`);
  if (fields["value"] === undefined) throw new CommandError('the record has no "value": null stands for a tombstone');
  return {
    key: dataOf(fields, "key", "key"),
    value: dataOf(fields, "value", "value"),
    headers: headersOf(fields["headers"]),
    partition: numberOf(fields, "partition", 0x7fff_ffff),
    // Records of formats before 0.10 have none: -1.
    timestamp: fields["timestamp"] === -1 ? undefined : numberOf(fields, "timestamp", Number.MAX_SAFE_INTEGER),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function objectOf(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CommandError(`it is no JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new CommandError("it is no JSON object");
  const fields = value as Fields;
  // Keeping digits takes several times as long, and most records have nothing but text.
  return hasOnlyText(fields) ? fields : (JSON.parse(text, keepingDigits) as Fields);
}

function hasOnlyText({ key = null, value, headers = [] }: Fields): boolean {
  const isText = (data: unknown): boolean => typeof data === "string" || data === null;
  if (!isText(key) || !isText(value) || !Array.isArray(headers)) return false;
  return headers.every((header: unknown) => isText((header as Fields | null)?.["value"]));
}

/** A number that would lose digits stays the text that it was. */
function keepingDigits(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined || String(value) === source) return value;
  return new ExactNumber(source);
}

/** Written by JSON.stringify with the digits that it was read with. */
class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): unknown {
    return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(this.text);
  }
}

function dataOf(fields: Fields, name: "key" | "value", what: string): Buffer | null {
  const data = fields[name];
  const encoding = fields[`${name}Encoding`];
  if (data === undefined || data === null) return encoding === "json" && data === null ? Buffer.from("null") : null;
  if (encoding === undefined || encoding === "string") {
    return Buffer.from(typeof data === "string" ? data : JSON.stringify(data));
  }
  if (encoding === "json") return Buffer.from(JSON.stringify(data));
  const text = data instanceof ExactNumber ? data.text : typeof data === "string" ? data : JSON.stringify(data);
  if (typeof data === "object" && !(data instanceof ExactNumber))
    throw new CommandError(`the ${what} is an object, its encoding ${JSON.stringify(encoding)}`);
  switch (encoding) {
    case "base64":
      return parseBase64(text);
    case "hex":
      return parseHex(text);
    case "int8":
      return parseInteger(text, 1);
    case "int16":
      return parseInteger(text, 2);
    case "int32":
      return parseInteger(text, 4);
    case "int64":
      return parseInteger(text, 8);
    default:
      throw new CommandError(`${name}Encoding is ${JSON.stringify(encoding)}, which there is not`);
  }
}

/** A list of `{key, value}`, or an object of names and values. */
function headersOf(headers: unknown): (readonly [string, Buffer | null])[] {
  if (headers === undefined || headers === null) return [];
  if (typeof headers !== "object") throw new CommandError("headers are neither a list nor an object");
  if (!Array.isArray(headers)) {
    return Object.entries(headers).map(([name, value]) => [
      name,
      dataOf({ value: value as unknown }, "value", "header"),
    ]);
  }
  return headers.map((header: unknown) => {
    const fields = header as Fields | null;
    const name = typeof fields === "object" ? fields?.["key"] : undefined;
    if (typeof name !== "string") throw new CommandError('a header is no object with a "key"');
    return [name, dataOf(fields!, "value", `header ${JSON.stringify(name)}`)];
  });
}

function numberOf(fields: Fields, name: string, most: number): number | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new CommandError(`the ${name} is ${JSON.stringify(value)}, which is none`);
}
