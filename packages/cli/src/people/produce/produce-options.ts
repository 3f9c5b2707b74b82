// What `ottla produce` can be told, checked, and what it becomes: a reader of the input and options of a producer.

import type { ProducerOptions } from "@ottla/client";
import { UsageError } from "../../command-error.ts";
import type { CommandOption } from "../../command-definition.ts";
import { connectionOptions } from "../connect.ts";
import type { ConnectionFlags } from "../connect.ts";
import { unescapeBytes } from "../format.ts";
import { outputOption } from "../output.ts";
import type { OutputOptions } from "../output.ts";
import { inputFormats, parseWord } from "../record-data.ts";
import type { InputFormat } from "../record-data.ts";
import { positiveDuration } from "../times.ts";
import { collect, wholeNumber } from "../words.ts";
import { headerOf, jsonReader, textReader } from "./input-records.ts";
import type { RecordReader } from "./input-records.ts";

export interface ProduceFlags extends ConnectionFlags, OutputOptions {
  readonly file?: readonly string[];
  readonly json?: true;
  readonly delimiter?: string;
  readonly whole?: true;
  readonly keyDelimiter?: string;
  readonly fixedKey?: string;
  readonly key?: InputFormat;
  readonly value?: InputFormat;
  readonly null?: true;
  readonly header?: readonly (readonly [string, string | null])[];
  readonly partition?: number;
  readonly anyPartition?: true;
  readonly compression?: "none" | "gzip" | "snappy" | "lz4" | "zstd";
  readonly acks?: "all" | "1" | "0";
  readonly max?: number;
  readonly maxRecordBytes?: number;
  readonly timeout?: number;
  readonly quiet?: true;
}

const MEBIBYTE = 1024 * 1024;
const DEFAULT_RECORD_BYTES = MEBIBYTE;
/** A request may be larger than its record by so much: keys, headers, the batch. */
const REQUEST_EXTRA_BYTES = 64 * 1024;
/** JSON takes at most so many bytes for one of a record: \u0000. */
const JSON_BYTES_PER_BYTE = 6;
/** Memory of records on their way. */
const BUFFER_BYTES = 16 * MEBIBYTE;
const REQUEST_MS = 30_000;
const LINGER_MS = 5;

export const produceOptions: readonly CommandOption[] = [
  {
    flags: "--file <path>",
    summary: "read this file and not stdin; may be given again",
    parse: collect,
    completedBy: "files",
  },
  { flags: "--json", summary: "each line is a record as `ottla consume -o jsonl` writes it" },
  {
    flags: "-D, --delimiter <text>",
    summary: "what stands between two records (\\n); escapes such as \\t, \\x1e are known",
  },
  { flags: "--whole", summary: "all of the input, or each file, is the value of one record" },
  {
    flags: "-K, --key-delimiter <text>",
    summary: "what stands between key and value; without it in a line, the line is a value",
  },
  { flags: "-k, --fixed-key <text>", summary: "key of every record that brings none" },
  { flags: "--key <format>", summary: "what the text of keys stands for (string)", choices: inputFormats },
  { flags: "--value <format>", summary: "what the text of values stands for (string)", choices: inputFormats },
  { flags: "-Z, --null", summary: "empty values, and empty keys before the delimiter, are null" },
  {
    flags: "-H, --header <name=value>",
    summary: "a header of every record; without = its value is null; may be given again",
    parse: collectHeader,
  },
  { flags: "-p, --partition <number>", summary: "the partition of every record", parse: wholeNumber(0, 0x7fff_ffff) },
  { flags: "--any-partition", summary: "choose partitions by key, whatever JSON records say" },
  {
    flags: "-z, --compression <codec>",
    summary: "how batches are compressed (none)",
    choices: ["none", "gzip", "snappy", "lz4", "zstd"],
  },
  {
    flags: "--acks <acks>",
    summary: "who must have a record before it counts: all replicas in sync, 1 the leader, 0 nobody (all)",
    choices: ["all", "1", "0"],
  },
  { flags: "-c, --max <count>", summary: "stop after so many records", parse: wholeNumber(1) },
  {
    flags: "--max-record-bytes <bytes>",
    summary: "records with more bytes of key and value are refused (1048576)",
    parse: wholeNumber(1, 1024 * MEBIBYTE),
  },
  { flags: "--timeout <duration>", summary: "how long a record may take to be written (2m)", parse: positiveDuration },
  { flags: "-q, --quiet", summary: "say nothing when all went well, and show no progress" },
  {
    ...outputOption,
    summary: "how the count at the end is written: table is a line on stderr, json and yaml go to stdout",
  },
  ...connectionOptions,
];

/** @throws UsageError for options that contradict each other */
export function checkFlags(flags: ProduceFlags): void {
  const exclusive = (first: keyof ProduceFlags, others: readonly (keyof ProduceFlags)[]): void => {
    const other = flags[first] === undefined ? undefined : others.find((each) => flags[each] !== undefined);
    if (other !== undefined) throw new UsageError(`${optionName(first)} and ${optionName(other)} cannot go together`);
  };
  exclusive("json", ["keyDelimiter", "key", "value", "null", "whole"]);
  exclusive("whole", ["keyDelimiter", "delimiter"]);
  exclusive("partition", ["anyPartition"]);
  if (flags.anyPartition === true && flags.json !== true) {
    throw new UsageError("--any-partition is for records of --json: others name no partition");
  }
  if (flags.key !== undefined && flags.keyDelimiter === undefined && flags.fixedKey === undefined) {
    throw new UsageError("--key is about keys, and nothing says where they are: --key-delimiter or --fixed-key does");
  }
  if (flags.delimiter === "" || flags.keyDelimiter === "") throw new UsageError("a delimiter is empty");
}

function optionName(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** @throws UsageError for a fixed key that is not of its format */
export function readerOf(topic: string, flags: ProduceFlags): RecordReader {
  const { partition, key: keyFormat = "string", value: valueFormat = "string", fixedKey } = flags;
  const key = fixedKey === undefined ? null : parseWord(fixedKey, keyFormat);
  const shared = { topic, partition, headers: flags.header ?? [], key };
  if (flags.json === true) return jsonReader({ ...shared, ignoresPartitions: flags.anyPartition === true });
  const keyDelimiter = flags.keyDelimiter === undefined ? null : unescapeBytes(flags.keyDelimiter);
  return textReader({ ...shared, keyDelimiter, keyFormat, valueFormat, emptyIsNull: flags.null === true });
}

/** Bytes of key and value at most. */
export function recordLimit({ maxRecordBytes = DEFAULT_RECORD_BYTES }: ProduceFlags): number {
  return maxRecordBytes;
}

/** How the input is split; a piece over the limit is no record. */
export function splitOf(flags: ProduceFlags): { readonly delimiter: Buffer; readonly limitBytes: number } {
  const limitBytes = recordLimit(flags);
  return {
    delimiter: flags.whole === true ? Buffer.alloc(0) : unescapeBytes(flags.delimiter ?? "\n"),
    limitBytes: flags.json === true ? limitBytes * JSON_BYTES_PER_BYTE + REQUEST_EXTRA_BYTES : limitBytes,
  };
}

export function producerOptions(flags: ProduceFlags): ProducerOptions {
  const { compression, acks, timeout } = flags;
  const limitBytes = recordLimit(flags);
  return {
    ...(compression === undefined ? {} : { compression }),
    ...(acks === undefined ? {} : { acks: acks === "all" ? acks : (Number(acks) as 0 | 1) }),
    maxRequestBytes: limitBytes + REQUEST_EXTRA_BYTES,
    bufferMemoryBytes: BUFFER_BYTES + 2 * limitBytes,
    ...(timeout === undefined ? {} : timeouts(timeout)),
  };
}

/** The producer wants deliveryTimeoutMs >= lingerMs + requestTimeoutMs. */
function timeouts(ms: number): ProducerOptions {
  const lingerMs = Math.min(LINGER_MS, ms - 1);
  return {
    deliveryTimeoutMs: ms,
    lingerMs,
    requestTimeoutMs: Math.min(REQUEST_MS, ms - lingerMs),
    maxBlockMs: ms,
  };
}

function collectHeader(text: string, previous: unknown): (readonly [string, string | null])[] {
  return [...((previous as (readonly [string, string | null])[] | undefined) ?? []), headerOf(text)];
}
