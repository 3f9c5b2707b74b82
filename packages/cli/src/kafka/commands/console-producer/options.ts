// The options of kafka-console-producer, and what they are as properties of a producer (ConsoleProducer.ConsoleProducerOptions).

import type { CommandIo } from "../../command-io.ts";
import { bootstrapProblem } from "../../options/bootstrap.ts";
import { Checks, parseOrUsage } from "../../options/checks.ts";
import { flag, option, optional, optionTable } from "../../options/option-table.ts";
import type { OptionTable } from "../../options/option-table.ts";
import type { ParsedOptions } from "../../options/parsed-options.ts";
import { loadProperties, parseKeyValues } from "../../text/properties-text.ts";

const integer = { type: "Integer" } as const;
const long = { type: "Long" } as const;
export const LINE_READER = "org.apache.kafka.tools.LineMessageReader";

const readerProperties =
  "\nThere are:" +
  "\n parse.key=false" +
  "\n parse.headers=false" +
  "\n ignore.error=false" +
  "\n key.separator=\\t" +
  "\n headers.delimiter=\\t" +
  "\n headers.separator=," +
  "\n headers.key.separator=:" +
  "\n null.marker=   what stands for null in keys, values and headers" +
  "\nLines are then read as:" +
  '\n  "h1:v1,h2:v2...\\tkey\\tvalue" with headers and keys' +
  '\n  "key\\tvalue" with keys' +
  '\n  "h1:v1,h2:v2...\\tvalue" with headers';
const deprecated = (name: string): string => `(DEPRECATED) Use --${name}.`;

const table = optionTable([
  option("topic", "topic", "REQUIRED: the topic to send to."),
  option(
    "bootstrap-server",
    "server to connect to",
    "REQUIRED: the brokers to connect to, as HOST1:PORT1,HOST2:PORT2.",
    {
      older: ["broker-list"],
    },
  ),
  flag("sync", "Wait for each record before the next one is sent."),
  optional("compression-codec", "compression-codec", "none, gzip, snappy, lz4 or zstd; gzip without a value."),
  option("batch-size", "size", "batch.size of the producer.", { ...integer, byDefault: 16_384 }),
  option("message-send-max-retries", "", "retries of the producer.", { ...integer, byDefault: 3 }),
  option("retry-backoff-ms", "", "retry.backoff.ms of the producer.", { ...long, byDefault: 100 }),
  option("timeout", "timeout_ms", "linger.ms of the producer.", { ...long, byDefault: 1000 }),
  option("request-required-acks", "request required acks", "acks of the producer.", { byDefault: "-1" }),
  option("request-timeout-ms", "request timeout ms", "request.timeout.ms of the producer.", {
    ...integer,
    byDefault: 1500,
  }),
  option("metadata-expiry-ms", "metadata expiration interval", "metadata.max.age.ms of the producer.", {
    ...long,
    byDefault: 300_000,
  }),
  option("max-block-ms", "max block on send", "max.block.ms of the producer.", { ...long, byDefault: 60_000 }),
  option("max-memory-bytes", "total memory in bytes", "buffer.memory of the producer.", {
    ...long,
    byDefault: 33_554_432,
  }),
  option("max-partition-memory-bytes", "memory in bytes per partition", deprecated("batch-size"), {
    ...integer,
    byDefault: 16_384,
  }),
  option("line-reader", "reader_class", "Java class that reads the input; only Kafka's own can be had here.", {
    byDefault: LINE_READER,
  }),
  option("socket-buffer-size", "size", "send.buffer.bytes of the producer; cannot be had here.", {
    ...integer,
    byDefault: 102_400,
  }),
  option("property", "prop", `${deprecated("reader-property")}${readerProperties}`),
  option("reader-property", "prop", `A property of the line reader, as key=value.${readerProperties}`),
  option("reader-config", "config file", "Properties file for the line reader; [reader-property] comes first."),
  option("producer-property", "producer_prop", deprecated("command-property")),
  option("command-property", "producer_prop", "A config of the producer, as key=value."),
  option("producer.config", "config file", deprecated("command-config")),
  option(
    "command-config",
    "config file",
    "Properties file with configs of the producer; [command-property] comes first.",
  ),
]);

type Name = typeof table extends OptionTable<infer Each> ? Each : never;
export type ConsoleProducerOptions = ParsedOptions<Name>;

/** @throws ExitError, OptionError */
export function readConsoleProducerOptions(words: readonly string[], io: CommandIo): ConsoleProducerOptions {
  const options = parseOrUsage(io, table, words);
  const checks = new Checks(io, options);
  checks.helpOrVersion("This tool helps to read data from standard input and publish it to Kafka.");
  checks.required("topic");
  for (const [name, older] of replaced) {
    if (options.has(name) && options.has(older)) {
      checks.usage(`Options --${name} and --${older} cannot be specified together.`);
    }
  }
  for (const older of ["producer-property", "producer.config", "property"] as const) {
    const name = replaced.find(([, each]) => each === older)![0];
    if (options.has(older)) {
      io.out(`Warning: --${older} is deprecated and will be removed in a future version. Use --${name} instead.`);
    }
  }
  if (options.has("max-partition-memory-bytes")) {
    io.out(
      "Warning: --max-partition-memory-bytes is deprecated and will be removed in Apache Kafka 5.0. Use --batch-size instead.",
    );
  }
  const problem = bootstrapProblem(options.text("bootstrap-server"));
  if (problem !== null) checks.usage(problem);
  return options;
}

const replaced = [
  ["command-config", "producer.config"],
  ["command-property", "producer-property"],
  ["reader-property", "property"],
] as const;

/** The producer's configs: those of the command line, then the file's and properties', then the options' defaults. */
export async function producerProperties(options: ConsoleProducerOptions): Promise<Map<string, string>> {
  const file = given(options, "command-config", "producer.config");
  const properties = new Map([
    ...(options.has(file) ? await loadProperties(options.text(file)!) : []),
    ...parseKeyValues(options.texts(given(options, "command-property", "producer-property"))),
  ]);
  properties.set("compression.type", compression(options));
  if (!properties.has("client.id")) properties.set("client.id", "console-producer");
  const merged: readonly (readonly [string, Name])[] = [
    ["linger.ms", "timeout"],
    ["acks", "request-required-acks"],
    ["request.timeout.ms", "request-timeout-ms"],
    ["retries", "message-send-max-retries"],
    ["retry.backoff.ms", "retry-backoff-ms"],
    ["buffer.memory", "max-memory-bytes"],
    ["batch.size", "batch-size"],
    ["batch.size", "max-partition-memory-bytes"],
    ["metadata.max.age.ms", "metadata-expiry-ms"],
    ["max.block.ms", "max-block-ms"],
  ];
  for (const [property, name] of merged) {
    if (options.has(name) || !properties.has(property)) properties.set(property, options.text(name)!);
  }
  // Its default is what Java asks the system for; what somebody asks for himself cannot be had, and is refused with the rest.
  if (options.has("socket-buffer-size")) properties.set("send.buffer.bytes", options.text("socket-buffer-size")!);
  return properties;
}

export async function lineReaderProperties(options: ConsoleProducerOptions): Promise<Map<string, string>> {
  const file = options.text("reader-config");
  return new Map([
    ...(file === undefined ? [] : await loadProperties(file)),
    ...parseKeyValues(options.texts(given(options, "reader-property", "property"))),
  ]);
}

function compression(options: ConsoleProducerOptions): string {
  if (!options.has("compression-codec")) return "none";
  const codec = options.text("compression-codec");
  return codec === undefined || codec === "" ? "gzip" : codec;
}

function given(options: ConsoleProducerOptions, name: Name, older: Name): Name {
  return options.has(older) ? older : name;
}
