// Words to arguments by argparse4j's rules, with its sentences for mistakes. Pure.

import { allArguments, helpArgument } from "./argument-table.ts";
import type { ArgumentSpec, ArgumentTable, ArgumentsOwner, ArgumentType, SubcommandSpec } from "./argument-table.ts";

/** A mistake; `subcommand` is the one whose usage explains it. */
export class ArgumentError extends Error {
  override name = "ArgumentError";
  readonly subcommand: SubcommandSpec | null;

  constructor(message: string, subcommand: SubcommandSpec | null) {
    super(message);
    this.subcommand = subcommand;
  }
}

/** Asked for instead of the command's work. */
export type Asked =
  | { readonly kind: "help"; readonly subcommand: SubcommandSpec | null }
  | { readonly kind: "version" };

type Value = string | number | boolean | readonly (string | number)[];

export class ParsedArguments {
  /** The sub-command's name; empty where the command has none. */
  readonly subcommand: string;
  private readonly values: ReadonlyMap<string, Value>;

  constructor(subcommand: string, values: ReadonlyMap<string, Value>) {
    this.subcommand = subcommand;
    this.values = values;
  }

  text(flag: string): string | undefined {
    return this.values.get(flag) as string | undefined;
  }

  number(flag: string): number | undefined {
    return this.values.get(flag) as number | undefined;
  }

  texts(flag: string): readonly string[] | undefined {
    return this.values.get(flag) as readonly string[] | undefined;
  }

  has(flag: string): boolean {
    return this.values.has(flag);
  }
}

/** @throws ArgumentError */
export function parseArguments(table: ArgumentTable, words: readonly string[]): ParsedArguments | Asked {
  const reading = new Reading(words);
  const own = reading.readOptions(table, null);
  if (own !== null) return own;
  let subcommand: SubcommandSpec | null = null;
  if (table.subcommands !== undefined) {
    const name = reading.nextPositional();
    if (name === undefined) throw new ArgumentError("too few arguments", null);
    subcommand = table.subcommands.find((each) => each.name === name) ?? null;
    if (subcommand === null) {
      const choices = table.subcommands.map((each) => `'${each.name}'`).join(", ");
      throw new ArgumentError(`invalid choice: '${name}' (choose from ${choices})`, null);
    }
    const asked = reading.readOptions(subcommand, subcommand);
    if (asked !== null) return asked;
  }
  const rest = reading.nextPositional();
  if (rest !== undefined) throw new ArgumentError(`unrecognized arguments: '${rest}'`, subcommand);
  if (subcommand !== null) checkRequired(subcommand, reading.values, subcommand);
  checkRequired(table, reading.values, null);
  const defaults = [...allArguments(table), ...(subcommand === null ? [] : allArguments(subcommand))];
  for (const { flags, byDefault } of defaults) {
    if (byDefault !== undefined && !reading.values.has(flags[0])) reading.values.set(flags[0], byDefault);
  }
  return new ParsedArguments(subcommand?.name ?? "", reading.values);
}

class Reading {
  readonly values = new Map<string, Value>();
  private readonly words: readonly string[];
  private at = 0;

  constructor(words: readonly string[]) {
    this.words = words;
  }

  nextPositional(): string | undefined {
    return this.words[this.at++];
  }

  /** Reads up to the first word that is no option, or to what ends the reading: a wish for help. */
  readOptions(owner: ArgumentsOwner, subcommand: SubcommandSpec | null): Asked | null {
    const specs = [helpArgument, ...allArguments(owner)];
    while (this.at < this.words.length && isOption(this.words[this.at]!)) {
      const word = this.words[this.at++]!;
      const equals = word.startsWith("--") ? word.indexOf("=") : -1;
      const name = equals < 0 ? word : word.slice(0, equals);
      const spec = find(specs, name, subcommand);
      if (spec === helpArgument) return { kind: "help", subcommand };
      if (spec.action === "version") return { kind: "version" };
      checkExclusive(owner, spec, { values: this.values, subcommand });
      this.store(spec, equals < 0 ? null : word.slice(equals + 1), subcommand);
    }
    return null;
  }

  private store(spec: ArgumentSpec, attached: string | null, subcommand: SubcommandSpec | null): void {
    const [flag] = spec.flags;
    const convert = (text: string): string | number => converted(spec, text, subcommand);
    if (spec.action === "storeTrue") {
      this.values.set(flag, true);
      return;
    }
    const texts = attached === null ? this.following(spec.action === "many") : [attached];
    if (texts.length === 0) {
      const count = spec.action === "many" ? "at least one argument" : "one argument";
      throw new ArgumentError(`argument ${flagsOf(spec)}: expected ${count}`, subcommand);
    }
    if (spec.action === "store") this.values.set(flag, convert(texts[0]!));
    else {
      const before = spec.action === "append" ? ((this.values.get(flag) as (string | number)[] | undefined) ?? []) : [];
      this.values.set(flag, [...before, ...texts.map(convert)]);
    }
  }

  private following(many: boolean): string[] {
    const end = this.words.findIndex((word, index) => index >= this.at && isOption(word));
    const available = this.words.slice(this.at, end < 0 ? undefined : end);
    const texts = many ? available : available.slice(0, 1);
    this.at += texts.length;
    return texts;
  }
}

/** A dash alone and negative numbers are values. */
function isOption(word: string): boolean {
  return word.startsWith("-") && word !== "-" && !/^-(?:\d+|\d*\.\d+)$/.test(word);
}

/** By its name, or by a beginning that no other option has. */
function find(specs: readonly ArgumentSpec[], name: string, subcommand: SubcommandSpec | null): ArgumentSpec {
  const exact = specs.find(({ flags }) => flags.includes(name));
  if (exact !== undefined) return exact;
  const fitting = specs
    .flatMap((spec) => spec.flags.map((flag) => ({ spec, flag })))
    .filter(({ flag }) => name.startsWith("--") && flag.startsWith(name));
  if (fitting.length === 1) return fitting[0]!.spec;
  if (fitting.length === 0) throw new ArgumentError(`unrecognized arguments: '${name}'`, subcommand);
  throw new ArgumentError(
    `ambiguous option: ${name} could match ${fitting.map(({ flag }) => flag).join(", ")}`,
    subcommand,
  );
}

const ranges: Readonly<Record<Exclude<ArgumentType, "String" | "Double">, bigint>> = {
  Short: 2n ** 15n,
  Integer: 2n ** 31n,
  Long: 2n ** 63n,
};

function converted(spec: ArgumentSpec, text: string, subcommand: SubcommandSpec | null): string | number {
  const { type, choices } = spec;
  if (type === "String") return text;
  const refuse = (reason: string): ArgumentError =>
    new ArgumentError(`argument ${flagsOf(spec)}: could not convert '${text}' to ${type} (${reason})`, subcommand);
  if (type === "Double") {
    if (text.trim() === "" || Number.isNaN(Number(text))) throw refuse(`For input string: "${text}"`);
    return Number(text);
  }
  if (!/^[+-]?\d+$/.test(text)) throw refuse(`For input string: "${text}"`);
  const value = BigInt(text.replace("+", ""));
  const limit = ranges[type];
  if (value < -limit || value >= limit) {
    throw refuse(type === "Short" ? `Value out of range. Value:"${text}" Radix:10` : `For input string: "${text}"`);
  }
  if (choices !== undefined && !choices.includes(Number(value))) {
    throw new ArgumentError(
      `argument ${flagsOf(spec)}: invalid choice: '${text}' (choose from {${choices.join(",")}})`,
      subcommand,
    );
  }
  return Number(value);
}

function flagsOf({ flags }: ArgumentSpec): string {
  return flags.join("/");
}

function checkExclusive(
  owner: ArgumentsOwner,
  spec: ArgumentSpec,
  { values, subcommand }: { readonly values: ReadonlyMap<string, Value>; readonly subcommand: SubcommandSpec | null },
): void {
  const group = owner.exclusive?.find((each) => each.arguments.includes(spec));
  const other = group?.arguments.find((each) => each !== spec && values.has(each.flags[0]));
  if (other === undefined) return;
  throw new ArgumentError(`argument ${flagsOf(spec)}: not allowed with argument ${flagsOf(other)}`, subcommand);
}

function checkRequired(
  owner: ArgumentsOwner,
  values: ReadonlyMap<string, Value>,
  subcommand: SubcommandSpec | null,
): void {
  const missing = owner.arguments.find(({ flags, isRequired }) => isRequired === true && !values.has(flags[0]));
  if (missing !== undefined) throw new ArgumentError(`argument ${flagsOf(missing)} is required`, subcommand);
  for (const { arguments: group, isRequired } of owner.exclusive ?? []) {
    if (isRequired !== true || group.some(({ flags }) => values.has(flags[0]))) continue;
    throw new ArgumentError(`one of the arguments ${group.map(flagsOf).join(" ")} is required`, subcommand);
  }
}
