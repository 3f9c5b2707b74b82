// Records to lines, as Kafka's DefaultMessageFormatter: timestamp, partition, offset, headers, key and value, each when it is asked for. Pure.

import { CommandFailure } from "../../command-failure.ts";
import { deserializerOf } from "./deserializers.ts";
import type { ToText } from "./deserializers.ts";

/** What is printed of a record. */
export interface PrintedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: "CreateTime" | "LogAppendTime";
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly { readonly key: string; readonly value: Buffer | null }[];
}

export type Write = (piece: string | Uint8Array) => void;
export type Formatter = (record: PrintedRecord, write: Write) => void;

/** Which fields are printed, and between them what. */
interface Layout {
  readonly timestamp: boolean;
  readonly partition: boolean;
  readonly offset: boolean;
  readonly delivery: boolean;
  readonly epoch: boolean;
  readonly headers: boolean;
  readonly key: boolean;
  readonly value: boolean;
  readonly keySeparator: string;
  readonly lineSeparator: string;
  readonly headersSeparator: string;
  readonly nullLiteral: Buffer;
  readonly keyText: ToText | null;
  readonly valueText: ToText | null;
  readonly headersText: ToText | null;
}

const order = ["timestamp", "partition", "offset", "delivery", "epoch", "headers", "key", "value"] as const;
type Field = (typeof order)[number];

/** @throws CommandFailure for a deserializer that cannot be had */
export function defaultFormatter(properties: ReadonlyMap<string, string>): Formatter {
  const layout = layoutOf(properties);
  const fields = order.filter((field) => layout[field]);
  // Most people print values only.
  if (fields.length === 1 && fields[0] === "value" && layout.valueText === null) return valueFormatter(layout);
  return (record, write) => {
    for (const [index, field] of fields.entries()) {
      writeField(field, record, layout, write);
      write(index === fields.length - 1 ? layout.lineSeparator : layout.keySeparator);
    }
  };
}

function valueFormatter({ nullLiteral, lineSeparator }: Layout): Formatter {
  return ({ value }, write) => {
    write(value ?? nullLiteral);
    write(lineSeparator);
  };
}

function layoutOf(properties: ReadonlyMap<string, string>): Layout {
  const isTrue = (name: string, byDefault = false): boolean =>
    properties.has(name) ? properties.get(name)!.trim().toLowerCase() === "true" : byDefault;
  return {
    timestamp: isTrue("print.timestamp"),
    partition: isTrue("print.partition"),
    offset: isTrue("print.offset"),
    delivery: isTrue("print.delivery"),
    epoch: isTrue("print.epoch"),
    headers: isTrue("print.headers"),
    key: isTrue("print.key"),
    value: isTrue("print.value", true),
    keySeparator: properties.get("key.separator") ?? "\t",
    lineSeparator: properties.get("line.separator") ?? "\n",
    headersSeparator: properties.get("headers.separator") ?? ",",
    nullLiteral: Buffer.from(properties.get("null.literal") ?? "null"),
    keyText: textOf(properties, "key.deserializer"),
    valueText: textOf(properties, "value.deserializer"),
    headersText: textOf(properties, "headers.deserializer"),
  };
}

function textOf(properties: ReadonlyMap<string, string>, name: string): ToText | null {
  const className = properties.get(name);
  if (className === undefined) return null;
  const found = deserializerOf(className);
  if (found === undefined) throw new CommandFailure(`Unable to instantiate a deserializer from ${className}`);
  return found;
}

function writeField(field: Field, record: PrintedRecord, layout: Layout, write: Write): void {
  switch (field) {
    case "timestamp":
      // A record without a time is of type CreateTime all the same since the second record format.
      return write(`${record.timestampType}:${record.timestamp}`);
    case "partition":
      return write(`Partition:${record.partition}`);
    case "offset":
      return write(`Offset:${record.offset}`);
    case "delivery":
      return write("Delivery:NOT_PRESENT");
    case "epoch":
      // Kafka's consumer hands its formatter a record without the epoch.
      return write("Epoch:NOT_PRESENT");
    case "headers":
      return writeHeaders(record, layout, write);
    case "key":
      return write(written(record.key, layout.keyText, layout));
    case "value":
      return write(written(record.value, layout.valueText, layout));
  }
}

function writeHeaders({ headers }: PrintedRecord, layout: Layout, write: Write): void {
  if (headers.length === 0) write("NO_HEADERS");
  for (const [index, { key, value }] of headers.entries()) {
    if (index > 0) write(layout.headersSeparator);
    write(`${key}:`);
    write(written(value, layout.headersText, layout));
  }
}

/** A missing part is the null literal, which a deserializer then reads like any other bytes. */
function written(bytes: Buffer | null, toText: ToText | null, { nullLiteral }: Layout): string | Buffer {
  const present = bytes ?? nullLiteral;
  return toText === null ? present : toText(present);
}
