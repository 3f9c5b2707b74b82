// The options of kafka-console-consumer, what must go together, and what they are as properties of a consumer (ConsoleConsumerOptions).

import type { CommandIo } from "../../command-io.ts";
import { ExitError } from "../../command-io.ts";
import { Checks, parseOrUsage } from "../../options/checks.ts";
import { flag, option, optionTable } from "../../options/option-table.ts";
import type { OptionTable } from "../../options/option-table.ts";
import type { ParsedOptions } from "../../options/parsed-options.ts";
import { loadProperties, parseKeyValues } from "../../text/properties-text.ts";

const formatterProperties =
  " There are: \n" +
  " print.timestamp=true|false\n" +
  " print.key=true|false\n" +
  " print.offset=true|false\n" +
  " print.epoch=true|false\n" +
  " print.partition=true|false\n" +
  " print.headers=true|false\n" +
  " print.value=true|false\n" +
  " key.separator=<key.separator>\n" +
  " line.separator=<line.separator>\n" +
  " headers.separator=<headers.separator>\n" +
  " null.literal=<null.literal>\n" +
  " key.deserializer=<key.deserializer>\n" +
  " value.deserializer=<value.deserializer>\n" +
  " headers.deserializer=<headers.deserializer>";
const deprecated = (name: string): string => `(DEPRECATED) Use --${name}.`;

const table = optionTable([
  option("topic", "topic", "The topic to read."),
  option("include", "Java regex (String)", "The topics to read, as a regular expression."),
  option("partition", "partition", "The partition to read, from its end unless --offset says else.", {
    type: "Integer",
  }),
  option("offset", "consume offset", "Where to begin: an offset, earliest or latest.", { byDefault: "latest" }),
  option("consumer-property", "consumer_prop", deprecated("command-property")),
  option("command-property", "consumer_prop", "A config of the consumer, as key=value."),
  option("consumer.config", "config file", deprecated("command-config")),
  option(
    "command-config",
    "config file",
    "Properties file with configs of the consumer; [command-property] comes first.",
  ),
  option("formatter", "class", "The Java class that prints records; only Kafka's own can be had here.", {
    byDefault: "org.apache.kafka.tools.consumer.DefaultMessageFormatter",
  }),
  option("property", "prop", `${deprecated("formatter-property")}${formatterProperties}`),
  option("formatter-property", "prop", `A property of the formatter, as key=value.${formatterProperties}`),
  option("formatter-config", "config file", "Properties file for the formatter; [formatter-property] comes first."),
  flag("from-beginning", "Begin with the first record there is, where the group has no offset yet."),
  option("max-messages", "num_messages", "Stop after so many records.", { type: "Integer" }),
  option("timeout-ms", "timeout_ms", "Stop when no record came for so long.", { type: "Long" }),
  flag("skip-message-on-error", "Leave out records that cannot be printed."),
  option("bootstrap-server", "server to connect to", "REQUIRED: the brokers to connect to.", {
    older: ["bootstrap-servers", "broker-list"],
  }),
  option("key-deserializer", "deserializer for keys", "Java class that reads keys; only Kafka's own can be had here."),
  option(
    "value-deserializer",
    "deserializer for values",
    "Java class that reads values; only Kafka's own can be had here.",
  ),
  flag("enable-systest-events", "Say when the consumer has ended. (For Kafka's system tests.)"),
  option("isolation-level", "", "read_committed leaves records of open and aborted transactions out.", {
    byDefault: "read_uncommitted",
  }),
  option("group", "consumer group id", "The group to read in."),
]);

export type ConsoleConsumerOption = typeof table extends OptionTable<infer Name> ? Name : never;
export type ConsoleConsumerOptions = ParsedOptions<ConsoleConsumerOption>;

export interface ConsumerSettings {
  /** Configs of the consumer by Kafka's names, without the servers. */
  readonly properties: ReadonlyMap<string, string>;
  readonly start: "earliest" | "latest" | number;
  /** Infinity without a limit. */
  readonly idleLimitMs: number;
}

const replaced = [
  ["command-property", "consumer-property"],
  ["command-config", "consumer.config"],
] as const;

/** @throws ExitError, OptionError */
export async function readConsoleConsumerOptions(
  words: readonly string[],
  io: CommandIo,
): Promise<{ options: ConsoleConsumerOptions; settings: ConsumerSettings }> {
  const options = parseOrUsage(io, table, words);
  const checks = new Checks(io, options);
  checks.helpOrVersion("This tool helps to read data from Kafka topics and outputs it to standard output.");
  checkTogether(checks);
  for (const [name, older] of replaced) {
    if (options.has(name) && options.has(older)) {
      checks.usage(`Options --${older} and --${name} cannot be specified together.`);
    }
  }
  for (const [name, older] of replaced) tellOfOlder(io, options, name, older);
  const properties = await consumerProperties(checks, io);
  const timeoutMs = options.number("timeout-ms") ?? -1;
  return {
    options,
    settings: { properties, start: startOf(checks), idleLimitMs: timeoutMs >= 0 ? timeoutMs : Infinity },
  };
}

/** Says on stdout, as Kafka does, what to write instead. */
export function tellOfOlder(
  io: CommandIo,
  options: ConsoleConsumerOptions,
  name: ConsoleConsumerOption,
  older: ConsoleConsumerOption,
): void {
  if (!options.has(older)) return;
  io.out(`Option --${older} is deprecated and will be removed in a future version. Use --${name} instead.`);
}

function checkTogether(checks: Checks<ConsoleConsumerOption>): void {
  const { options } = checks;
  checks.exactlyOne("topic", "include");
  if (options.has("partition")) {
    options.number("partition");
    if (!options.has("topic")) checks.usage("The topic is required when partition is specified.");
    if (options.has("from-beginning") && options.has("offset")) {
      checks.usage("Options from-beginning and offset cannot be specified together.");
    }
  } else if (options.has("offset")) checks.usage("The partition is required when offset is specified.");
  checks.required("bootstrap-server");
}

async function consumerProperties(
  checks: Checks<ConsoleConsumerOption>,
  io: CommandIo,
): Promise<ReadonlyMap<string, string>> {
  const { options } = checks;
  const file = options.text(options.has("consumer.config") ? "consumer.config" : "command-config");
  const fromFile = file === undefined ? new Map<string, string>() : await loadProperties(file);
  const extra = parseKeyValues(
    options.texts(options.has("consumer-property") ? "consumer-property" : "command-property"),
  );
  const group = groupId(checks, [options.text("group"), fromFile.get("group.id"), extra.get("group.id")]);
  const properties = new Map([...fromFile, ...extra]);
  const reset = properties.get("auto.offset.reset");
  const fromBeginning = options.has("from-beginning");
  if (reset === undefined) properties.set("auto.offset.reset", fromBeginning ? "earliest" : "latest");
  else if (fromBeginning && reset !== "earliest") {
    io.error(
      `Can't simultaneously specify --from-beginning and 'auto.offset.reset=${reset}', please remove one option`,
    );
    throw new ExitError(1);
  }
  if (!properties.has("client.id")) properties.set("client.id", "console-consumer");
  if (options.has("isolation-level") || !properties.has("isolation.level")) {
    properties.set("isolation.level", options.text("isolation-level")!);
  }
  if (group === undefined && !properties.has("enable.auto.commit")) properties.set("enable.auto.commit", "false");
  properties.set("group.id", group ?? `console-consumer-${Math.floor(Math.random() * 100_000)}`);
  return properties;
}

/** The group, wherever it was named; undefined when nowhere. */
function groupId(checks: Checks<ConsoleConsumerOption>, named: readonly (string | undefined)[]): string | undefined {
  const groups = [...new Set(named.filter((group) => group !== undefined))];
  if (groups.length > 1) {
    checks.usage(
      `The group ids provided in different places (directly using '--group', via '--consumer-property', or via '--consumer.config') do not match. Detected group ids: ${groups.map((group) => `'${group}'`).join(", ")}`,
    );
  }
  if (groups.length > 0 && checks.options.has("partition")) {
    checks.usage("Options group and partition cannot be specified together.");
  }
  return groups[0];
}

function startOf(checks: Checks<ConsoleConsumerOption>): ConsumerSettings["start"] {
  const { options } = checks;
  if (!options.has("offset")) return options.has("from-beginning") ? "earliest" : "latest";
  const text = options.text("offset")!;
  const place = text.toLowerCase();
  if (place === "earliest" || place === "latest") return place;
  if (/^\+?\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  return checks.usage(
    `The provided offset value '${text}' is incorrect. Valid values are 'earliest', 'latest', or a non-negative long.`,
  );
}

/** What the formatter is told: its file, the deserializers, then single properties. */
export async function formatterSettings(options: ConsoleConsumerOptions): Promise<Map<string, string>> {
  const file = options.text("formatter-config");
  const properties = file === undefined ? new Map<string, string>() : await loadProperties(file);
  const key = options.text("key-deserializer") ?? "";
  const value = options.text("value-deserializer") ?? "";
  if (key !== "") properties.set("key.deserializer", key);
  if (value !== "") properties.set("value.deserializer", value);
  const single = options.texts(options.has("property") ? "property" : "formatter-property");
  return new Map([...properties, ...parseKeyValues(single)]);
}
