// Usage and help of commands with argparse4j's arguments: its order and its marks. Its lines are stretched to 75 columns with spaces
// between the words; ours are only broken there.

import type { CommandIo } from "../command-io.ts";
import { ExitError } from "../command-io.ts";
import { KAFKA_VERSION } from "../options/checks.ts";
import { helpArgument } from "./argument-table.ts";
import type { ArgumentSpec, ArgumentTable, ArgumentsOwner, SubcommandSpec } from "./argument-table.ts";
import { ArgumentError, ParsedArguments, parseArguments } from "./parse-arguments.ts";

const WIDTH = 75;
const HELP_COLUMN = 25;

/** Parses; help and mistakes end the command, by default with 1 as argparse4j's commands of Kafka do. */
export function parseOrExit(
  io: CommandIo,
  table: ArgumentTable,
  words: readonly string[],
  { helpCode = 1 }: { readonly helpCode?: number } = {},
): ParsedArguments {
  try {
    const parsed = parseArguments(table, words);
    if (parsed instanceof ParsedArguments) return parsed;
    if (parsed.kind === "version") {
      io.out(KAFKA_VERSION);
      throw new ExitError(0);
    }
    for (const line of helpLines(table, parsed.subcommand)) io.out(line);
    throw new ExitError(helpCode);
  } catch (error) {
    if (error instanceof ArgumentError) throw argumentExit(io, table, error);
    throw error;
  }
}

/** The usage and what is wrong, on stderr, and 1. */
export function argumentExit(io: CommandIo, table: ArgumentTable, error: ArgumentError): ExitError {
  for (const line of usage(table, error.subcommand)) io.error(line);
  for (const line of wrap(`${table.program}: error: ${error.message}`, WIDTH)) io.error(line);
  return new ExitError(1);
}

function usage(table: ArgumentTable, subcommand: SubcommandSpec | null): string[] {
  const head = subcommand === null ? table.program : subcommandHead(table, subcommand);
  const parts = partsOf(subcommand ?? table);
  if (subcommand === null && table.subcommands !== undefined) parts.push(subcommandsText(table), "...");
  return wrap(`usage: ${[head, ...parts].join(" ")}`, WIDTH, " ".repeat(7));
}

/** What the command itself needs stands before the sub-command. */
function subcommandHead(table: ArgumentTable, { name }: SubcommandSpec): string {
  const needed = table.arguments.filter(({ isRequired }) => isRequired === true).map(argumentText);
  return [table.program, ...needed, name].join(" ");
}

function partsOf({ arguments: own, exclusive = [] }: ArgumentsOwner): string[] {
  const single = own.map((spec) => (spec.isRequired === true ? argumentText(spec) : `[${argumentText(spec)}]`));
  const groups = exclusive.map(({ arguments: group, isRequired }) => {
    const text = group.map(argumentText).join(" | ");
    if (isRequired !== true) return `[${text}]`;
    return group.length === 1 ? text : `(${text})`;
  });
  return ["[-h]", ...single, ...groups];
}

function argumentText(spec: ArgumentSpec): string {
  const [flag] = spec.flags;
  const value = valueText(spec);
  return value === "" ? flag : `${flag} ${value}`;
}

function valueText({ action, metavar, flags }: ArgumentSpec): string {
  if (action === "storeTrue" || action === "version") return "";
  const name = metavar ?? flags[0].replace(/^-+/, "").replaceAll("-", "_").toUpperCase();
  return action === "many" ? `${name} [${name} ...]` : name;
}

function subcommandsText({ subcommands = [], subcommandsMetavar }: ArgumentTable): string {
  return subcommandsMetavar ?? `{${subcommands.map(({ name }) => name).join(",")}}`;
}

export function helpLines(table: ArgumentTable, subcommand: SubcommandSpec | null): string[] {
  const owner: ArgumentsOwner = subcommand ?? table;
  const about = subcommand === null ? table.description : subcommand.help;
  const groups = (owner.exclusive ?? []).flatMap((group) => group.arguments);
  const lines = [...usage(table, subcommand), "", ...wrap(about, WIDTH), "", "optional arguments:"];
  for (const spec of [helpArgument, ...groups, ...owner.arguments]) {
    const value = valueText(spec);
    const names = spec.flags.map((flag) => (value === "" ? flag : `${flag} ${value}`)).join(", ");
    const byDefault = spec.byDefault === undefined ? "" : ` (default: ${spec.byDefault})`;
    lines.push(...helpEntry(`  ${names}`, spec.help + byDefault));
  }
  if (subcommand !== null || table.subcommands === undefined) return [...lines, ""];
  lines.push("", "commands:", `  ${subcommandsText(table)}`);
  for (const { name, help } of table.subcommands) lines.push(...helpEntry(`    ${name}`, help));
  return [...lines, ""];
}

function helpEntry(names: string, help: string): string[] {
  const indent = " ".repeat(HELP_COLUMN);
  const texts = wrap(help, WIDTH - HELP_COLUMN);
  if (names.length + 2 > HELP_COLUMN) return [names, ...texts.map((text) => indent + text)];
  return texts.map((text, index) => (index === 0 ? names.padEnd(HELP_COLUMN) : indent) + text);
}

function wrap(text: string, width: number, indent = ""): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of text.split(" ")) {
    const joined = current === "" ? word : `${current} ${word}`;
    if (current.trim() !== "" && joined.length > width) {
      lines.push(current);
      current = indent + word;
    } else current = joined;
  }
  return [...lines, current];
}
