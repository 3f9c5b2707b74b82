// What a piece of the input says: a value, a key and a value, or a record as JSON. Pure.

import { CommandError } from "../../command-error.ts";
import type { RecordToSend } from "@ottla/client";
import { readRecordJson } from "../json-records.ts";
import { parseData } from "../record-data.ts";
import type { InputFormat } from "../record-data.ts";

export type Headers = readonly (readonly [string, Buffer | string | null])[];

export interface InputOptions {
  readonly topic: string;
  /** For every record, in place of what a JSON record says. */
  readonly partition: number | undefined;
  /** Headers of every record, behind its own. */
  readonly headers: Headers;
  /** Of every record that has no key of its own. */
  readonly key: Buffer | null;
}

export interface TextOptions extends InputOptions {
  /** What stands between key and value; null when pieces are values. */
  readonly keyDelimiter: Buffer | null;
  readonly keyFormat: InputFormat;
  readonly valueFormat: InputFormat;
  /** Empty values, and empty keys in front of a delimiter, are null. */
  readonly emptyIsNull: boolean;
}

/** The record of a piece; null when there is nothing in it. @throws CommandError, and the next piece can be read all the same */
export type RecordReader = (piece: Buffer) => RecordToSend | null;

/** Each piece is a value, or a key, the delimiter, and a value. A piece without the delimiter is a value, as for kcat. */
export function textReader(options: TextOptions): RecordReader {
  const { topic, headers, keyDelimiter, keyFormat, valueFormat, emptyIsNull } = options;
  const place = options.partition === undefined ? { topic } : { topic, partition: options.partition };
  const data = (text: Buffer, format: InputFormat): Buffer | null =>
    emptyIsNull && text.length === 0 ? null : parseData(text, format);
  return (piece) => {
    const at = keyDelimiter === null ? -1 : piece.indexOf(keyDelimiter);
    const value = at < 0 ? piece : piece.subarray(at + keyDelimiter!.length);
    const key = at < 0 ? options.key : data(piece.subarray(0, at), keyFormat);
    const record = { ...place, key, value: data(value, valueFormat) };
    return headers.length === 0 ? record : { ...record, headers };
  };
}

export interface JsonOptions extends InputOptions {
  /** The producer chooses partitions, whatever the records say. */
  readonly ignoresPartitions: boolean;
}

/** Each piece is a record as JSON. */
export function jsonReader({ topic, partition, headers, key, ignoresPartitions }: JsonOptions): RecordReader {
  return (piece) => {
    const read = readRecordJson(piece);
    if (read === null) return null;
    const number = partition ?? (ignoresPartitions ? undefined : read.partition);
    const all: Headers = [...read.headers, ...headers];
    return {
      topic,
      key: read.key ?? key,
      value: read.value,
      ...(number === undefined ? {} : { partition: number }),
      ...(read.timestamp === undefined ? {} : { timestamp: read.timestamp }),
      ...(all.length === 0 ? {} : { headers: all }),
    };
  };
}

/** `name=value`, or `name` for a header without a value. @throws CommandError */
export function headerOf(word: string): readonly [string, string | null] {
  const at = word.indexOf("=");
  if (word === "" || at === 0)
    throw new CommandError(`${JSON.stringify(word)} is no header: write name=value, or name alone for null`);
  return at < 0 ? [word, null] : [word.slice(0, at), word.slice(at + 1)];
}
