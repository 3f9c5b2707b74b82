// The arguments of kafka-producer-perf-test, what must go together, and what they say (ProducerPerformance of Kafka 4.3).

import { randomUUID } from "node:crypto";
import { argument, toggle } from "../../arguments/argument-table.ts";
import type { ArgumentTable } from "../../arguments/argument-table.ts";
import { argumentExit, helpLines, parseOrExit } from "../../arguments/arguments-usage.ts";
import { ArgumentError } from "../../arguments/parse-arguments.ts";
import type { ParsedArguments } from "../../arguments/parse-arguments.ts";
import { CommandFailure } from "../../command-failure.ts";
import { ExitError } from "../../command-io.ts";
import type { CommandIo } from "../../command-io.ts";
import { loadProperties } from "../../text/properties-text.ts";

const long = { type: "Long" } as const;
const file = { metavar: "CONFIG-FILE" } as const;
const properties = { action: "many", metavar: "PROP-NAME=PROP-VALUE" } as const;

const table: ArgumentTable = {
  program: "kafka-producer-perf-test",
  description:
    "Measures how fast records are sent. With a transactional id, or with --transaction-duration-ms, they are sent in transactions.",
  arguments: [
    argument("--bootstrap-server", "the brokers to connect to", { metavar: "BOOTSTRAP-SERVER" }),
    argument("--topic", "the topic to send to", { metavar: "TOPIC", isRequired: true }),
    argument("--num-records", "how many records", { ...long, metavar: "NUM-RECORDS", isRequired: true }),
    argument("--payload-delimiter", "what stands between records in --payload-file", {
      metavar: "PAYLOAD-DELIMITER",
      byDefault: "\\n",
    }),
    argument("--throughput", "at most about so many records a second; -1 for no limit", {
      type: "Double",
      metavar: "THROUGHPUT",
      isRequired: true,
    }),
    argument("--producer-props", "(DEPRECATED) Use --command-property.", properties),
    argument("--command-property", "configs of the producer, such as linger.ms=10 batch.size=32768", properties),
    argument("--producer.config", "(DEPRECATED) Use --command-config.", file),
    argument("--command-config", "properties file with configs of the producer", file),
    toggle("--print-metrics", "print the producer's metrics at the end"),
    argument("--transactional-id", "the transactional id", { metavar: "TRANSACTIONAL-ID" }),
    argument("--transaction-duration-ms", "commit after so long; 3000 where there is only an id", {
      ...long,
      metavar: "TRANSACTION-DURATION",
    }),
    argument("--warmup-records", "records before those that count for the second summary", {
      ...long,
      metavar: "WARMUP-RECORDS",
      byDefault: 0,
    }),
    argument("--reporting-interval", "how often progress is printed, in milliseconds", {
      ...long,
      metavar: "INTERVAL-MS",
      byDefault: 5000,
    }),
  ],
  exclusive: [
    {
      isRequired: true,
      arguments: [
        argument("--record-size", "the size of a record in bytes", { type: "Integer", metavar: "RECORD-SIZE" }),
        argument("--payload-file", "a text file with records, of which each is chosen at random", {
          metavar: "PAYLOAD-FILE",
        }),
        toggle("--payload-monotonic", "records are rising numbers"),
      ],
    },
  ],
};

const DEFAULT_TRANSACTION_MS = 3000;

export interface PerfSettings {
  readonly topic: string;
  readonly numRecords: number;
  readonly warmupRecords: number;
  readonly throughput: number;
  readonly reportingIntervalMs: number;
  readonly printsMetrics: boolean;
  /** Null without transactions. */
  readonly transactionMs: number | null;
  readonly servers: string;
  readonly properties: ReadonlyMap<string, string>;
  readonly parsed: ParsedArguments;
}

/** @throws ExitError, CommandFailure */
export async function readPerfArguments(words: readonly string[], io: CommandIo): Promise<PerfSettings> {
  if (words.length === 0) {
    for (const line of helpLines(table, null)) io.out(line);
    throw new ExitError(0);
  }
  const parsed = parseOrExit(io, table, words);
  const problem = problemOf(parsed);
  if (problem !== null) throw argumentExit(io, table, new ArgumentError(problem, null));
  tellOfOlder(parsed, io);
  const configs = await producerProperties(parsed);
  const duration = parsed.number("--transaction-duration-ms");
  const id = parsed.text("--transactional-id") ?? configs.get("transactional.id");
  const isTransactional = duration !== undefined || id !== undefined;
  if (isTransactional) configs.set("transactional.id", id ?? `performance-producer-${randomUUID()}`);
  return {
    topic: parsed.text("--topic")!,
    numRecords: parsed.number("--num-records")!,
    warmupRecords: Math.max(parsed.number("--warmup-records")!, 0),
    throughput: parsed.number("--throughput")!,
    reportingIntervalMs: parsed.number("--reporting-interval")!,
    printsMetrics: parsed.has("--print-metrics"),
    transactionMs: isTransactional ? (duration ?? DEFAULT_TRANSACTION_MS) : null,
    servers: parsed.text("--bootstrap-server") ?? configs.get("bootstrap.servers") ?? "",
    properties: configs,
    parsed,
  };
}

function problemOf(parsed: ParsedArguments): string | null {
  const count = parsed.number("--num-records")!;
  if (count <= 0) return "--num-records should be greater than zero.";
  if (parsed.number("--warmup-records")! >= count) {
    return "The value for --warmup-records must be strictly fewer than the number of records in the test, --num-records.";
  }
  if ((parsed.number("--record-size") ?? 1) <= 0) return "--record-size should be greater than zero.";
  const sources = [
    "--bootstrap-server",
    "--command-property",
    "--producer-props",
    "--producer.config",
    "--command-config",
  ];
  if (!sources.some((flag) => parsed.has(flag))) {
    return "At least one of --bootstrap-server, --command-property, --producer-props, --producer.config or --command-config must be specified.";
  }
  if (parsed.has("--command-property") && parsed.has("--producer-props")) {
    return "--command-property and --producer-props cannot be specified together.";
  }
  if (parsed.has("--command-config") && parsed.has("--producer.config")) {
    return "--command-config and --producer.config cannot be specified together.";
  }
  if ((parsed.number("--transaction-duration-ms") ?? 1) <= 0) {
    return "--transaction-duration-ms should be greater than zero.";
  }
  return parsed.number("--reporting-interval")! <= 0 ? "--reporting-interval should be greater than zero." : null;
}

function tellOfOlder(parsed: ParsedArguments, io: CommandIo): void {
  for (const [older, name] of [
    ["--producer-props", "--command-property"],
    ["--producer.config", "--command-config"],
  ] as const) {
    if (!parsed.has(older)) continue;
    io.out(`Option ${older} has been deprecated and will be removed in a future version. Use ${name} instead.`);
  }
}

async function producerProperties(parsed: ParsedArguments): Promise<Map<string, string>> {
  const path = parsed.text("--command-config") ?? parsed.text("--producer.config");
  const configs = new Map<string, string>([
    ["client.id", "perf-producer-client"],
    ...(path === undefined ? [] : await loadProperties(path)),
  ]);
  for (const word of parsed.texts("--command-property") ?? parsed.texts("--producer-props") ?? []) {
    const pieces = word.split("=");
    if (pieces.length !== 2 || pieces[1] === "") throw new CommandFailure(`Invalid property: ${word}`);
    configs.set(pieces[0]!, pieces[1]!);
  }
  return configs;
}
