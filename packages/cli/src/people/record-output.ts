// How records are shown: by a format string, as JSON, as lines for people on a terminal, or as bare values. One writer for every command that
// shows records; it only hands text and bytes to the output.

import { isUtf8 } from "node:buffer";
import { UsageError } from "../command-error.ts";
import type { CommandOption } from "../command-definition.ts";
import { compileFormat, dataText } from "./format.ts";
import type { DataFormats, PrintableRecord, RecordFormat } from "./format.ts";
import { recordJson } from "./json-records.ts";
import { pageOf } from "./output.ts";
import type { PeopleIo } from "./people-io.ts";
import { dataFormats } from "./record-data.ts";
import type { DataFormat } from "./record-data.ts";
import type { Paint } from "./table.ts";
import { countText, printable, timeText } from "./text.ts";

export interface RenderFlags {
  readonly format?: string;
  readonly output?: "json" | "jsonl";
  readonly key?: DataFormat;
  readonly value?: DataFormat;
  readonly nullText?: string;
}

export const renderOptions: readonly CommandOption[] = [
  {
    flags: "-f, --format <text>",
    summary:
      "what is written of each record, as kcat has it: %t topic, %p partition, %o offset, %k key, %s value, %h headers, %T timestamp, %K %S %R lengths",
  },
  {
    flags: "-o, --output <format>",
    summary: "json: one list; jsonl: one record a line, which `ottla produce --json` reads",
    choices: ["json", "jsonl"],
  },
  { flags: "--key <format>", summary: "how keys are shown (string)", choices: dataFormats },
  { flags: "--value <format>", summary: "how values are shown (string)", choices: dataFormats },
  { flags: "--null-text <text>", summary: "what stands for null in text (nothing)" },
];

export interface RecordWriter {
  write(record: PrintableRecord): void;
  /** What follows the last record, and what has to be said of all. Answers with the exit code. */
  end(): 0 | 1;
}

/** @throws UsageError for options that contradict each other, and for a format that is none */
export function recordWriter(io: PeopleIo, flags: RenderFlags): RecordWriter {
  if (flags.format !== undefined && flags.output !== undefined) {
    throw new UsageError("--format and --output cannot go together");
  }
  checkNullText(flags);
  const mismatches = new Mismatches(flags);
  const formats: DataFormats = {
    key: flags.key ?? "string",
    value: flags.value ?? "string",
    nullText: flags.nullText ?? "",
    onMismatch: (_, part) => mismatches.count(part),
  };
  const write = (piece: string | Buffer): void => io.write(piece);
  const end = (): 0 | 1 => mismatches.tell(io);
  if (flags.output === "json") return jsonList(io, formats, end);
  if (flags.output === "jsonl") return { write: (record) => io.write(`${recordJson(record, formats)}\n`), end };
  const format = flags.format === undefined ? defaultFormat(io, formats, flags) : compileFormat(flags.format, formats);
  return { write: (record) => format(record, write), end };
}

/** @throws UsageError where null has a spelling of its own */
export function checkNullText({ nullText, output }: { readonly nullText?: string; readonly output?: string }): void {
  if (nullText !== undefined && output !== undefined && output !== "table") {
    throw new UsageError(`--null-text is for text: -o ${output} writes null as it does`);
  }
}

function jsonList(io: PeopleIo, formats: DataFormats, end: () => 0 | 1): RecordWriter {
  let isFirst = true;
  return {
    write: (record) => {
      io.write(`${isFirst ? "[\n" : ",\n"}${recordJson(record, formats)}`);
      isFirst = false;
    },
    end: () => {
      io.write(isFirst ? "[]\n" : "\n]\n");
      return end();
    },
  };
}

/** Bare values for programs; a line for people. */
function defaultFormat(io: PeopleIo, formats: DataFormats, flags: RenderFlags): RecordFormat {
  if (!io.terminal.output) return compileFormat("%s\\n", formats);
  const { paint } = pageOf(io);
  const shown = { ...formats, nullText: flags.nullText ?? "null" };
  return (record, write) => write(`${humanLine(record, shown, paint)}\n`);
}

/** "2026-11-21T10:30:00.000Z orders-0@41 key: value name=header"; nothing in it reaches the terminal as a control character. */
export function humanLine(record: PrintableRecord, formats: DataFormats, paint: Paint): string {
  const { topic, partition, offset, timestamp, headers } = record;
  const place = `${timeText(timestamp) ?? "no time"} ${topic}-${partition}@${offset}`;
  const part = (name: "key" | "value"): string =>
    record[name] === null ? paint("dim", printable(formats.nullText)) : shownText(dataText(record, name, formats));
  const key = record.key === null ? "" : `${paint("cyan", part("key"))}: `;
  const list = headers.map(
    ({ key: name, value }) => `${printable(name)}=${value === null ? "null" : shownText(value)}`,
  );
  const tail = list.length === 0 ? "" : ` ${paint("dim", list.join(" "))}`;
  return `${paint("dim", printable(place))} ${key}${part("value")}${tail}`;
}

/** Text as it is but for control characters; bytes that are no text in hexadecimal. */
export function shownText(data: string | Buffer): string {
  if (typeof data === "string") return printable(data);
  return isUtf8(data) ? printable(data.toString("utf8")) : `0x${data.toString("hex")}`;
}

const formatNames: Readonly<Record<DataFormat, string>> = {
  string: "text",
  hex: "hexadecimal",
  base64: "base64",
  json: "JSON",
  int: "integer of 1, 2, 4 or 8 bytes",
};

/** Keys and values that were nothing of the format asked for. */
class Mismatches {
  private readonly flags: RenderFlags;
  private readonly counts = { key: 0, value: 0 };

  constructor(flags: RenderFlags) {
    this.flags = flags;
  }

  count(part: "key" | "value"): void {
    this.counts[part] += 1;
  }

  tell(io: PeopleIo): 0 | 1 {
    for (const part of ["key", "value"] as const) {
      const count = this.counts[part];
      if (count === 0) continue;
      const name = formatNames[this.flags[part] ?? "string"];
      io.error(`ottla: ${countText(count, part)} ${count === 1 ? "is" : "are"} no ${name}, and shown as text`);
    }
    return this.counts.key + this.counts.value === 0 ? 0 : 1;
  }
}
