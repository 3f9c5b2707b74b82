// What a row of a table of commands is: names, arguments, options, examples, and where the code is. Help, parsing and shell completion are made
// of it. Rows that have `load` bring the rest from a file of their own, which is read when the command is the one to run.

import type { PeopleIo } from "./people/people-io.ts";

/** What live names a word stands for, for shell completion. */
export type CompletedBy =
  | "topics"
  | "groups"
  | "contexts"
  | "transactions"
  /** What has configs, of the type that the first word names. */
  | "entities"
  /** Configs of what the first two words name. */
  | "configs"
  /** Left to the shell. */
  | "files";

export interface CommandArgument {
  /** As commander writes it: `<file>` is needed, `[address]` is not, `<topic...>` is one or more. */
  readonly flags: string;
  readonly summary: string;
  readonly completedBy?: CompletedBy;
  /** The only words there are. */
  readonly choices?: readonly string[];
}

export interface CommandOption {
  /** As commander writes them: `--port <number>`, `--json`. */
  readonly flags: string;
  readonly summary: string;
  readonly choices?: readonly string[];
  readonly completedBy?: CompletedBy;
  /** Turns the text into a value; `previous` is what an option given before left. @throws CommandError for what is no value */
  readonly parse?: (text: string, previous: unknown) => unknown;
}

/** A command line as a command sees it. */
export interface CommandCall<Options extends object = object> {
  /** By their long names in camel case. */
  readonly options: Options;
  /** The arguments. */
  readonly words: readonly string[];
  readonly io: PeopleIo;
}

/** What a command is beside its name. */
export interface CommandBody {
  readonly arguments?: readonly CommandArgument[];
  readonly options?: readonly CommandOption[];
  /** Lines under the options in the help: what surprises. */
  readonly details?: string;
  /** Command lines that work, with `ottla` in front. */
  readonly examples?: readonly string[];
  /** Answers with the exit code; undefined is 0. */
  run(call: CommandCall): Promise<number | void>;
}

export interface Subcommand extends CommandBody {
  readonly name: string;
  readonly summary: string;
}

/** Several commands under one name. */
export interface CommandFamily {
  readonly commands: readonly Subcommand[];
}

/** A command of the table whose code and options are loaded when needed. */
export interface LoadedCommand {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandBody | CommandFamily>;
}

/** A command of the table with its options in place. */
export interface CommandDefinition {
  readonly name: string;
  readonly summary: string;
  readonly argument?: CommandArgument;
  readonly options: readonly CommandOption[];
  /** Loads the code and runs it with the options and the argument. */
  readonly run: (options: object, argument: string | undefined) => Promise<void>;
}

export type CommandRow = CommandDefinition | LoadedCommand;
