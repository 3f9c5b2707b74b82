// The command line as read: which options are there, with which values. Values become numbers when they are asked for, and it is then
// that a value which is no number is told of, as joptsimple has it.

import { OptionError } from "./option-error.ts";
import type { OptionSpec, OptionTable, ValueType } from "./option-table.ts";

export class ParsedOptions<Name extends string = string> {
  readonly table: OptionTable<Name>;
  /** All words of the command line. */
  readonly words: readonly string[];
  /** Words that are neither options nor their values. */
  readonly rest: readonly string[];
  /** The options in the order in which they stand there, an option as often as it does. */
  readonly order: readonly string[];
  private readonly given: ReadonlyMap<string, readonly string[]>;

  constructor(
    table: OptionTable<Name>,
    words: readonly string[],
    read: { given: ReadonlyMap<string, readonly string[]>; rest: readonly string[]; order: readonly string[] },
  ) {
    this.table = table;
    this.words = words;
    this.given = read.given;
    this.rest = read.rest;
    this.order = read.order;
  }

  /** Whether the option stands on the command line; its default does not count. */
  has(name: Name): boolean {
    return this.given.has(name);
  }

  /** Whether the option stands there with a value. */
  hasValue(name: Name): boolean {
    return (this.given.get(name)?.length ?? 0) > 0;
  }

  /** All values, or the default alone. @throws OptionError */
  texts(name: Name): readonly string[] {
    const values = this.given.get(name) ?? [];
    const spec = this.specOf(name);
    for (const value of values) numberOf(spec, value);
    if (values.length > 0) return values;
    return spec.byDefault === undefined ? [] : [String(spec.byDefault)];
  }

  /** The value or the default. @throws OptionError when there are several values, or it is none of its type */
  text(name: Name): string | undefined {
    const values = this.texts(name);
    if (values.length > 1)
      throw new OptionError(`Found multiple arguments for option ${name}, but you asked for only one`);
    return values[0];
  }

  number(name: Name): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : numberOf(this.specOf(name), value)!;
  }

  numbers(name: Name): number[] {
    const spec = this.specOf(name);
    return this.texts(name).map((value) => numberOf(spec, value)!);
  }

  private specOf(name: Name): OptionSpec<Name> {
    return this.table.byWord.get(name)!;
  }
}

const ranges: Readonly<Record<Exclude<ValueType, "String" | "Double">, readonly [bigint, bigint]>> = {
  Integer: [-(2n ** 31n), 2n ** 31n - 1n],
  Long: [-(2n ** 63n), 2n ** 63n - 1n],
};

/** The number that the value is, as Java's valueOf reads it; null for options that are text. @throws OptionError */
function numberOf({ name, type }: OptionSpec, value: string): number | null {
  if (type === "String") return null;
  if (type === "Double") {
    const number = Number(value);
    if (value.trim() !== "" && !Number.isNaN(number)) return number;
  } else if (/^[+-]?\d{1,19}$/.test(value)) {
    const [least, most] = ranges[type];
    const whole = BigInt(value.replace("+", ""));
    if (whole >= least && whole <= most) return Number(whole);
  }
  throw new OptionError(`Cannot parse argument '${value}' of option ${name}`);
}
