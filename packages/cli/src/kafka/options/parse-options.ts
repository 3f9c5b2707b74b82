// Words to options by the rules of joptsimple 5, which Kafka's commands use: `--name value`, `--name=value`, the same with one dash,
// `--` before words that are no options; an option that takes a value takes the next word, whatever it looks like. Pure.

import { OptionError } from "./option-error.ts";
import type { OptionSpec, OptionTable } from "./option-table.ts";
import { ParsedOptions } from "./parsed-options.ts";

/** @throws OptionError */
export function parseOptions<Name extends string>(
  table: OptionTable<Name>,
  words: readonly string[],
): ParsedOptions<Name> {
  const reading = new Reading(table, words);
  reading.readAll();
  const parsed = new ParsedOptions(table, words, reading);
  checkRequired(parsed);
  checkAvailable(parsed);
  return parsed;
}

class Reading {
  readonly given = new Map<string, string[]>();
  readonly rest: string[] = [];
  readonly order: string[] = [];
  private readonly table: OptionTable;
  private readonly words: readonly string[];
  private at = 0;

  constructor(table: OptionTable, words: readonly string[]) {
    this.table = table;
    this.words = words;
  }

  readAll(): void {
    while (this.at < this.words.length) {
      const word = this.words[this.at++]!;
      if (word === "--") {
        this.rest.push(...this.words.slice(this.at));
        return;
      }
      if (isLong(word)) this.readNamed(word.slice(2), true);
      else if (isShort(word)) this.readNamed(word.slice(1), false);
      else this.rest.push(word);
    }
  }

  private readNamed(text: string, isLongWord: boolean): void {
    const equals = text.indexOf("=");
    const name = equals < 0 ? text : text.slice(0, equals);
    const spec = find(this.table, name);
    // One dash may stand before several letters as well; no option of Kafka's is one letter, so the first is the mistake.
    if (spec === undefined) throw unrecognized(isLongWord ? name : name.slice(0, 1));
    this.take(spec, equals < 0 ? null : text.slice(equals + 1));
  }

  private take(spec: OptionSpec, attached: string | null): void {
    const values = this.given.get(spec.name) ?? [];
    this.given.set(spec.name, values);
    this.order.push(spec.name);
    if (spec.argument === null) return;
    const value = attached ?? this.nextValue(spec);
    if (value === null) return;
    values.push(...(spec.separator === undefined ? [value] : value.split(spec.separator)));
  }

  private nextValue(spec: OptionSpec): string | null {
    const next = this.words[this.at];
    if (spec.argument === "optional") {
      if (next === undefined || isLong(next) || isShort(next)) return null;
    } else if (next === undefined) throw new OptionError(`Option ${spec.name} requires an argument`);
    this.at += 1;
    return next;
  }
}

const isLong = (word: string): boolean => word.startsWith("--") && word !== "--";
const isShort = (word: string): boolean => word.startsWith("-") && word !== "-" && !word.startsWith("--");

function find(table: OptionTable, name: string): OptionSpec | undefined {
  const exact = table.byWord.get(name);
  if (exact !== undefined || !table.takesAbbreviations || name === "") return exact;
  const fitting = table.specs.filter((spec) => spec.name.startsWith(name));
  return fitting.length === 1 ? fitting[0] : undefined;
}

function unrecognized(name: string): OptionError {
  return new OptionError(`${name} is not a recognized option`);
}

const asksForHelp = (parsed: ParsedOptions): boolean =>
  parsed.table.specs.some((spec) => spec.isForHelp === true && parsed.has(spec.name));

function checkRequired(parsed: ParsedOptions): void {
  const missing = parsed.table.specs.filter((spec) => spec.required === true && !parsed.has(spec.name));
  if (missing.length > 0 && !asksForHelp(parsed)) {
    throw new OptionError(`Missing required option(s) [${missing.map(({ name }) => name).join(", ")}]`);
  }
}

function checkAvailable(parsed: ParsedOptions): void {
  const lost = parsed.table.specs.filter(
    ({ name, availableIf }) =>
      availableIf !== undefined && parsed.has(name) && !availableIf.some((each) => parsed.has(each)),
  );
  if (lost.length > 0 && !asksForHelp(parsed)) {
    throw new OptionError(
      `Option(s) [${lost.map(({ name }) => name).join(", ")}] are unavailable given other options on the command line`,
    );
  }
}
