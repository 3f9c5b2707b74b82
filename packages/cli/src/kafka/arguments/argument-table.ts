// The arguments of a command, as a table, for those of Kafka's commands that are written with argparse4j: with sub-commands, arguments
// that exclude each other, and words of their own for mistakes. joptsimple's counterpart is options/option-table.ts.

export type ArgumentType = "String" | "Integer" | "Long" | "Short" | "Double";

export interface ArgumentSpec {
  /** `--name` first, then shorter spellings. */
  readonly flags: readonly [string, ...string[]];
  readonly help: string;
  /** "store" keeps the last value, "append" all of them, "many" those behind one another. */
  readonly action: "store" | "append" | "many" | "storeTrue" | "version";
  readonly type: ArgumentType;
  readonly metavar?: string;
  readonly isRequired?: boolean;
  readonly byDefault?: string | number;
  readonly choices?: readonly number[];
}

type More = Partial<Omit<ArgumentSpec, "help">>;

/** An argument with a value. */
export function argument(flag: string, help: string, more: More = {}): ArgumentSpec {
  return { flags: [flag], help, action: "store", type: "String", ...more };
}

/** An argument without one. */
export function toggle(flag: string, help: string, more: More = {}): ArgumentSpec {
  return { flags: [flag], help, action: "storeTrue", type: "String", ...more };
}

/** Of these, one at most, or exactly one. */
export interface ExclusiveGroup {
  readonly arguments: readonly ArgumentSpec[];
  readonly isRequired?: boolean;
}

export interface SubcommandSpec {
  readonly name: string;
  readonly help: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly exclusive?: readonly ExclusiveGroup[];
}

export interface ArgumentTable {
  /** As usage and mistakes name the program. */
  readonly program: string;
  readonly description: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly exclusive?: readonly ExclusiveGroup[];
  readonly subcommands?: readonly SubcommandSpec[];
  /** What stands for the sub-commands in the usage; without it, their names do. */
  readonly subcommandsMetavar?: string;
}

/** What both a command and a sub-command have. */
export type ArgumentsOwner = Pick<ArgumentTable, "arguments" | "exclusive">;

/** Every argument of the command or sub-command itself. */
export function allArguments({ arguments: own, exclusive = [] }: ArgumentsOwner): ArgumentSpec[] {
  return [...own, ...exclusive.flatMap((group) => group.arguments)];
}

export const helpArgument: ArgumentSpec = {
  flags: ["-h", "--help"],
  help: "show this help message and exit",
  action: "storeTrue",
  type: "String",
};
