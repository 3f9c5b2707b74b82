// The options of kafka-consumer-perf-test, and what they are as properties of a consumer (ConsumerPerformance.ConsumerPerfOptions).

import { CommandFailure } from "../../command-failure.ts";
import type { CommandIo } from "../../command-io.ts";
import { Checks, parseOrUsage } from "../../options/checks.ts";
import { OptionError } from "../../options/option-error.ts";
import { flag, option, optional, optionTable } from "../../options/option-table.ts";
import type { OptionTable } from "../../options/option-table.ts";
import type { ParsedOptions } from "../../options/parsed-options.ts";
import { loadProperties, parseKeyValues } from "../../text/properties-text.ts";

const integer = { type: "Integer" } as const;
const long = { type: "Long" } as const;

const table = optionTable([
  option("bootstrap-server", "server to connect to", "REQUIRED: the brokers to connect to.", {
    older: ["broker-list"],
  }),
  option("topic", "topic", "The topic to read."),
  option("include", "Java regex (String)", "The topics to read, as a regular expression."),
  option("group", "gid", "The group to read in.", {
    byDefault: newGroup(),
  }),
  option("fetch-size", "size", "The most of one partition in one answer.", { ...integer, byDefault: 1_048_576 }),
  option("command-property", "prop1=val1", "A config of the consumer, as key=value."),
  flag("from-latest", "Begin at the end, where the group has no offset yet, and not at the beginning."),
  option("socket-buffer-size", "size", "receive.buffer.bytes; cannot be had here.", {
    ...integer,
    byDefault: 2_097_152,
  }),
  option("consumer.config", "config file", "(DEPRECATED) Use --command-config."),
  option("command-config", "config file", "Properties file with configs of the consumer."),
  flag("print-metrics", "Print the consumer's metrics."),
  flag("show-detailed-stats", "Print progress in between."),
  optional("timeout", "milliseconds", "How long no record may come.", { ...long, byDefault: 10_000 }),
  option("messages", "count", "(DEPRECATED) Use --num-records.", long),
  option("num-records", "count", "REQUIRED: how many records to read.", long),
  option("reporting-interval", "interval_ms", "How often progress is printed.", { ...long, byDefault: 5000 }),
  option("date-format", "date format", "How times are written, as java.text.SimpleDateFormat has it.", {
    byDefault: "yyyy-MM-dd HH:mm:ss:SSS",
  }),
  flag("hide-header", "Leave the head of the table out."),
]);

export type ConsumerPerfOptions = ParsedOptions<typeof table extends OptionTable<infer Name> ? Name : never>;

/** @throws OptionError, CommandFailure, ExitError */
export function readConsumerPerfOptions(words: readonly string[], io: CommandIo): ConsumerPerfOptions {
  const options = parseOrUsage(io, table, words);
  const checks = new Checks(io, options);
  checks.helpOrVersion("This tool is used to verify the consumer performance.");
  checks.required("bootstrap-server");
  checks.exactlyOne("topic", "include");
  checks.exactlyOne("messages", "num-records");
  checks.invalidWith("consumer.config", ["command-config"]);
  if (options.has("messages")) io.out("Warning: --messages is deprecated. Use --num-records instead.");
  if (options.has("consumer.config")) io.out("Warning: --consumer.config is deprecated. Use --command-config instead.");
  const interval = options.text("reporting-interval")!;
  if (!/^\d+$/.test(interval))
    throw new OptionError(`Cannot parse argument '${interval}' of option reporting-interval`);
  if (Number(interval) === 0) throw new CommandFailure("Reporting interval must be greater than 0.");
  return options;
}

function newGroup(): string {
  return `perf-consumer-${Math.floor(Math.random() * 100_000)}`;
}

export async function consumerPerfProperties(options: ConsumerPerfOptions): Promise<Map<string, string>> {
  const file = options.text("consumer.config") ?? options.text("command-config");
  return new Map([
    ["client.id", "perf-consumer-client"],
    ...(file === undefined ? [] : await loadProperties(file)),
    ...parseKeyValues(options.texts("command-property")),
    ["group.id", options.has("group") ? options.text("group")! : newGroup()],
    ["max.partition.fetch.bytes", options.text("fetch-size")!],
    ["auto.offset.reset", options.has("from-latest") ? "latest" : "earliest"],
    ["check.crcs", "false"],
    ...(options.has("socket-buffer-size")
      ? ([["receive.buffer.bytes", options.text("socket-buffer-size")!]] as const)
      : []),
  ]);
}
