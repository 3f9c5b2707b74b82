// What options must go together and which must not, with the sentences of Kafka's CommandLineUtils. Whatever is wrong is told on stderr
// with the usage text behind it, and the command ends with 1.

import type { CommandIo } from "../command-io.ts";
import { ExitError } from "../command-io.ts";
import { OptionError } from "./option-error.ts";
import type { OptionTable } from "./option-table.ts";
import { parseOptions } from "./parse-options.ts";
import type { ParsedOptions } from "./parsed-options.ts";
import { usageLines } from "./usage-text.ts";

/** The version that --version tells: whose options, output and exit codes these are. */
export const KAFKA_VERSION = "4.3.1";

export class Checks<Name extends string> {
  readonly options: ParsedOptions<Name>;
  private readonly io: CommandIo;

  constructor(io: CommandIo, options: ParsedOptions<Name>) {
    this.io = io;
    this.options = options;
  }

  /** Prints the message and the usage text, and ends the command with 1. */
  usage(message: string): never {
    throw usageExit(this.io, this.options.table, message);
  }

  /** --help, and no word at all, print the usage text and end with 1; --version ends with 0. */
  helpOrVersion(message: string): void {
    const { options } = this;
    if (options.words.length === 0 || options.has("help" as Name)) this.usage(message);
    if (options.has("version" as Name)) {
      this.io.out(KAFKA_VERSION);
      throw new ExitError(0);
    }
  }

  required(...names: readonly Name[]): void {
    for (const name of names) {
      if (!this.options.has(name)) this.usage(`Missing required argument "[${name}]"`);
    }
  }

  /** With `used`, none of the others. */
  invalidWith(used: Name, others: readonly Name[]): void {
    if (!this.options.has(used)) return;
    for (const other of others) {
      if (this.options.has(other)) this.usage(`Option "[${used}]" can't be used with option "[${other}]"`);
    }
  }

  exactlyOne(...names: readonly Name[]): void {
    if (names.filter((name) => this.options.has(name)).length === 1) return;
    const list = names.map((name) => `[${name}]`).join(", ");
    this.usage(`Exactly one of the following arguments is required: ${list}`);
  }
}

/** Tells what is wrong and how it should be. */
export function usageExit(io: CommandIo, table: OptionTable, message: string): ExitError {
  io.error(message);
  for (const line of usageLines(table)) io.error(line);
  return new ExitError(1);
}

/** For the commands that show their usage when the words cannot be parsed; the others only say what is wrong. */
export function parseOrUsage<Name extends string>(
  io: CommandIo,
  table: OptionTable<Name>,
  words: readonly string[],
): ParsedOptions<Name> {
  try {
    return parseOptions(table, words);
  } catch (error) {
    if (error instanceof OptionError) throw usageExit(io, table, error.message);
    throw error;
  }
}
