// What the last word of a command line may become: commands, options, choices, or live names of the cluster that the line means. Shells
// ask for it while somebody types, so that it is quick and silent: whatever goes wrong is no names.

import { commands } from "../../commands.ts";
import type { CommandArgument, CommandOption, CommandRow, Subcommand } from "../../command-definition.ts";
import type { PeopleIo } from "../people-io.ts";
import type { NameKind, NameQuery } from "./live-names.ts";

export interface Candidate {
  readonly name: string;
  readonly summary?: string;
}

/** "files" leaves it to the shell. */
export type Candidates = readonly Candidate[] | "files";

/** Writes one line a candidate, its summary after a tab; `:files` when the shell knows better. */
export async function complete(words: readonly string[], io: PeopleIo): Promise<void> {
  const ask = async (query: NameQuery): Promise<readonly string[]> =>
    (await import("./live-names.ts")).liveNames(query, io);
  const found = await candidates(words, ask).catch((): Candidates => []);
  if (found === "files") return io.out(":files");
  for (const { name, summary } of found) io.out(summary === undefined ? name : `${name}\t${summary}`);
}

/** `words` follow `ottla`; the last one, which may be empty, is the one to complete. */
export async function candidates(
  words: readonly string[],
  ask: (query: NameQuery) => Promise<readonly string[]>,
): Promise<Candidates> {
  const [first = "", ...rest] = words;
  if (words.length <= 1) {
    const shown = commands.map(({ name, summary }) => ({ name, summary }));
    return startingWith(first, [...shown, { name: "help", summary: "what a command does" }]);
  }
  const row = commands.find(({ name }) => name === first);
  if (row === undefined) return [];
  const loaded = await partsOf(row);
  if (!("commands" in loaded)) return completeWords(loaded, rest, ask);
  if (rest.length === 1) return startingWith(rest[0]!, loaded.commands);
  const inner = loaded.commands.find(({ name }) => name === rest[0]);
  return inner === undefined ? [] : completeWords(inner, rest.slice(1), ask);
}

interface Parts {
  readonly arguments?: readonly CommandArgument[];
  readonly options?: readonly CommandOption[];
}

async function partsOf(row: CommandRow): Promise<Parts | { readonly commands: readonly Subcommand[] }> {
  if ("load" in row) return await row.load();
  return { arguments: row.argument === undefined ? [] : [row.argument], options: row.options };
}

async function completeWords(
  { arguments: wanted = [], options = [] }: Parts,
  words: readonly string[],
  ask: (query: NameQuery) => Promise<readonly string[]>,
): Promise<Candidates> {
  const current = words.at(-1) ?? "";
  const line = readLine(options, words.slice(0, -1));
  const names = async (kind: NameKind): Promise<Candidates> => {
    if (kind === "files") return "files";
    const found = await ask({ kind, words: line.words, context: line.context, bootstrap: line.bootstrap });
    // What would end a line, or reach the terminal as an order, is no name to type.
    return startingWith(
      current,
      found.filter((name) => !/[\p{Cc}]/u.test(name)).map((name) => ({ name })),
    );
  };
  if (line.open !== null) return await choicesOr(line.open, current, names);
  const [, option, begun] = /^(--[\w-]+)=(.*)$/s.exec(current) ?? [];
  if (option !== undefined && !line.isOver) {
    const named = options.find(({ flags }) => longName(flags) === option);
    const found = startingWith(
      begun!,
      (named?.choices ?? []).map((name) => ({ name })),
    );
    return found.map(({ name }) => ({ name: `${option}=${name}` }));
  }
  if (current.startsWith("-") && !line.isOver) return startingWith(current, optionNames(options));
  const argument = wanted[line.words.length] ?? lastIfVariadic(wanted);
  return argument === undefined ? [] : await choicesOr(argument, current, names);
}

async function choicesOr(
  { choices, completedBy }: Pick<CommandArgument, "choices" | "completedBy">,
  current: string,
  names: (kind: NameKind) => Promise<Candidates>,
): Promise<Candidates> {
  if (choices !== undefined)
    return startingWith(
      current,
      choices.map((name) => ({ name })),
    );
  return completedBy === undefined ? [] : await names(completedBy);
}

interface Line {
  /** The arguments so far. */
  readonly words: readonly string[];
  /** The option whose value comes next. */
  readonly open: CommandOption | null;
  /** After `--`: no more options. */
  readonly isOver: boolean;
  readonly context: string | undefined;
  readonly bootstrap: string | undefined;
}

function readLine(options: readonly CommandOption[], words: readonly string[]): Line {
  const found: string[] = [];
  const values = new Map<string, string>();
  let open: CommandOption | null = null;
  let isOver = false;
  for (const word of words) {
    if (open !== null) {
      values.set(longName(open.flags)!, word);
      open = null;
    } else if (isOver || !/^-./.test(word)) found.push(word);
    else if (word === "--") isOver = true;
    else {
      const [name, value] = word.split(/=(.*)/s);
      const option = options.find(({ flags }) => flagNames(flags).includes(name!));
      if (value !== undefined) values.set(name!, value);
      else if (option !== undefined && /[<[]/.test(option.flags)) open = option;
    }
  }
  return { words: found, open, isOver, context: values.get("--context"), bootstrap: values.get("--bootstrap") };
}

/** `-b, --bootstrap <host:port>` is -b and --bootstrap. */
function flagNames(flags: string): string[] {
  return flags.replace(/\s*[<[].*$/, "").split(/,\s*/);
}

function longName(flags: string): string | undefined {
  return flagNames(flags).find((name) => name.startsWith("--"));
}

function optionNames(options: readonly CommandOption[]): Candidate[] {
  const named = options.flatMap(({ flags, summary }) => {
    const name = longName(flags);
    return name === undefined ? [] : [{ name, summary }];
  });
  return [...named, { name: "--help", summary: "what the command does" }];
}

function lastIfVariadic(wanted: readonly CommandArgument[]): CommandArgument | undefined {
  const last = wanted.at(-1);
  return last?.flags.includes("...") === true ? last : undefined;
}

function startingWith(begin: string, all: readonly Candidate[]): Candidate[] {
  return all
    .filter(({ name }) => name.startsWith(begin))
    .map(({ name, summary }) => (summary === undefined ? { name } : { name, summary: summary.replace(/\s+/g, " ") }));
}
