// All commands of `ottla`: names, arguments and options, and where the code is. The command line and its help are made
// of this table; the code of a command is loaded when it is the one to run. Commands for people, who ask a cluster, bring their options with them.

import { CommandError } from "./command-error.ts";
import type { CommandOption, CommandRow } from "./command-definition.ts";

const json: CommandOption = { flags: "--json", summary: "print JSON" };

export const commands: readonly CommandRow[] = [
  {
    name: "start",
    summary: "start a broker",
    options: [
      { flags: "--host <host>", summary: "address to listen on (127.0.0.1)" },
      {
        flags: "--port <number>",
        summary: "port to listen on (9092); 0 takes any free one",
        parse: wholeNumber(0, 65_535),
      },
      { flags: "--data-dir <folder>", summary: "where topics are kept (./data)" },
      { flags: "--memory", summary: "keep everything in memory, nothing on disk" },
      { flags: "--config <file>", summary: "a server.properties file, as Apache Kafka reads it" },
      { flags: "--override <name=value>", summary: "one broker config; may be given again", parse: collect },
      { flags: "--log-format <format>", summary: "how log lines look", choices: ["pretty", "json"] },
      {
        flags: "--log-level <level>",
        summary: "the least important lines shown",
        choices: ["debug", "info", "warn", "error"],
      },
    ],
    run: async (options) => (await import("./commands/start.ts")).start(options),
  },
  {
    name: "dump-log",
    summary: "show what is in a file of a data folder: a segment, an index, a snapshot, a checkpoint",
    argument: { flags: "<file>", summary: "the file" },
    options: [
      json,
      { flags: "--records", summary: "show the records of a segment, not only its batches" },
      {
        flags: "--decoder <name>",
        summary: "whose records they are, when the folder's name does not say it; shows records",
        choices: ["offsets", "transaction-log", "share-group-state", "cluster-metadata"],
      },
    ],
    run: async (options, file) => (await import("./commands/dump-log.ts")).dumpLog(file!, options),
  },
  {
    name: "decode",
    summary: "show what is in a captured frame of Kafka's protocol, as JSON",
    argument: {
      flags: "<hex>",
      summary: "the frame in hexadecimal digits, with or without its size; - reads them from stdin",
    },
    options: [
      {
        flags: "--response",
        summary: "the frame is a response (it does not say to what: name the API and its version)",
      },
      { flags: "--api-key <key>", summary: "number or name of the API of a response" },
      {
        flags: "--api-version <number>",
        summary: "version of the request that was answered",
        parse: wholeNumber(0, 32_767),
      },
    ],
    run: async (options, hex) => (await import("./commands/decode.ts")).decode(hex!, options),
  },
  {
    name: "api-versions",
    summary: "ask a broker, of whatever make, which APIs it serves in which versions",
    argument: { flags: "[host:port]", summary: "the broker (127.0.0.1:9092)" },
    options: [json],
    run: async (options, address) =>
      (await import("./commands/api-versions.ts")).apiVersions(address ?? "127.0.0.1:9092", options),
  },
  {
    name: "topic",
    summary: "list, describe, create, alter and delete topics",
    load: async () => (await import("./people/topic/topic-commands.ts")).topicCommands,
  },
  {
    name: "produce",
    summary: "write the lines of the input, or of files, as records of a topic",
    load: async () => (await import("./people/produce/produce-command.ts")).produceCommand,
  },
  {
    name: "consume",
    summary: "show the records of topics, and those that come",
    load: async () => (await import("./people/consume/consume-options.ts")).consumeCommand,
  },
  {
    name: "record",
    summary: "show one record, find the records of a key, delete the oldest",
    load: async () => (await import("./people/record/record-commands.ts")).recordCommands,
  },
  {
    name: "perf",
    summary: "measure how fast records are written and read",
    load: async () => (await import("./people/perf/perf-commands.ts")).perfCommands,
  },
  {
    name: "group",
    summary: "list and describe groups with their lag, reset their offsets, delete them",
    load: async () => (await import("./people/group/group-commands.ts")).groupCommands,
  },
  {
    name: "config",
    summary: "show and change configs of topics, brokers, groups and quotas",
    load: async () => (await import("./people/config/config-commands.ts")).configCommands,
  },
  {
    name: "cluster",
    summary: "show the brokers, and whether all is well",
    load: async () => (await import("./people/cluster/cluster-commands.ts")).clusterCommands,
  },
  {
    name: "txn",
    summary: "list and describe transactions, abort those that hang",
    load: async () => (await import("./people/txn/txn-commands.ts")).txnCommands,
  },
  {
    name: "context",
    summary: "name clusters, and choose the one that is meant",
    load: async () => (await import("./people/context/context-commands.ts")).contextCommands,
  },
  {
    name: "completion",
    summary: "print a script that completes command lines in bash, zsh or fish",
    load: async () => (await import("./people/completion/completion-command.ts")).completionCommand,
  },
];

/** Parses a whole number of a range. */
function wholeNumber(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= from && value <= to) return value;
    throw new CommandError(`${text} is not a whole number from ${from} to ${to}`);
  };
}

function collect(text: string, previous: unknown): string[] {
  return [...((previous as string[] | undefined) ?? []), text];
}
