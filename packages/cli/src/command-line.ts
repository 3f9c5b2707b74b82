// A command line to its exit code. What the user got wrong is one line on stderr. commander knows how options are written; the table in
// commands.ts knows which commands there are. Exit codes: 0 done, 1 failed, 2 a command line that a command for people does not understand.

import { Argument, Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { CommandError, UsageError } from "./command-error.ts";
import { commands } from "./commands.ts";
import type { CommandArgument, CommandBody, CommandOption, CommandRow } from "./command-definition.ts";
import type { PeopleIo } from "./people/people-io.ts";
import manifest from "../package.json" with { type: "json" };

/** Where help and mistakes go, and what a command is given. */
export interface CommandLineIo {
  out(text: string): void;
  error(text: string): void;
  /** For the commands that need it. */
  people(): Promise<PeopleIo>;
}

/** Answers with the exit code; undefined leaves it to the command. */
export async function runCommandLine(given: readonly string[], io: CommandLineIo): Promise<number | undefined> {
  if (given[0] === "__complete") {
    await (await import("./people/completion/complete.ts")).complete(given.slice(1), await io.people());
    return 0;
  }
  // What a command's help says is known once the command is loaded.
  const words = given[0] === "help" ? [...given.slice(1), "--help"] : given;
  const program = new Command("ottla")
    .description("Apache Kafka in TypeScript")
    .version(manifest.version)
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.error(text),
      outputError: (text, write) => write(oneLine(text)),
    });
  const run: Run = { io, program, code: undefined };
  for (const row of commands) await addRow(run, row, words[0]);
  const named = program.commands.find((command) => command.name() === words[0]);
  // `ottla topic` alone shows what there is, as `ottla` does.
  if (words.length === 0 || (words.length === 1 && named !== undefined && named.commands.length > 0)) {
    (named ?? program).outputHelp();
    return 0;
  }
  const isForPeople = commands.some((row) => "load" in row && row.name === words[0]);
  try {
    await program.parseAsync(words, { from: "user" });
    return run.code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : isForPeople ? 2 : 1;
    if (error instanceof CommandError) {
      io.error(oneLine(`ottla: ${error.message}`));
      return error instanceof UsageError ? 2 : 1;
    }
    if (!isForPeople) throw error;
    const { failureLine } = await import("./people/failure.ts");
    const line = failureLine(error);
    if (line !== null) io.error(`ottla: ${line}\n`);
    return 1;
  }
}

interface Run {
  readonly io: CommandLineIo;
  readonly program: Command;
  code: number | undefined;
}

/** The options of a row that is loaded are known only when it is the one named. */
async function addRow(run: Run, row: CommandRow, first: string | undefined): Promise<void> {
  const { program } = run;
  const command = new Command(row.name).summary(row.summary).description(row.summary).copyInheritedSettings(program);
  program.addCommand(command);
  if ("run" in row) {
    const list = row.argument === undefined ? [] : [row.argument];
    addWords(command, list, row.options);
    command.action((...given: unknown[]) =>
      row.run(given[list.length] as object, list.length === 0 ? undefined : (given[0] as string | undefined)),
    );
    return;
  }
  if (row.name !== first) return;
  const loaded = await row.load();
  if ("run" in loaded) return addBody(run, command, loaded);
  for (const body of loaded.commands) {
    const inner = new Command(body.name).summary(body.summary).description(body.summary).copyInheritedSettings(program);
    command.addCommand(inner);
    addBody(run, inner, body);
  }
}

function addBody(run: Run, command: Command, body: CommandBody): void {
  addWords(command, body.arguments ?? [], body.options ?? []);
  command.action(async (...given: unknown[]) => {
    const self = given.at(-1) as Command;
    const words = given
      .slice(0, -2)
      .flat()
      .filter((word) => word !== undefined) as string[];
    run.code = (await body.run({ options: self.opts(), words, io: await run.io.people() })) ?? 0;
  });
  if (body.details !== undefined) command.addHelpText("after", `\n${body.details}`);
  const examples = body.examples ?? [];
  if (examples.length > 0) {
    const title = examples.length === 1 ? "Example:" : "Examples:";
    command.addHelpText("after", `\n${title}\n${examples.map((line) => `  $ ${line}`).join("\n")}`);
  }
}

function addWords(command: Command, words: readonly CommandArgument[], options: readonly CommandOption[]): void {
  for (const { flags, summary, choices } of words) {
    const argument = new Argument(flags, summary);
    if (choices !== undefined) argument.choices(choices);
    command.addArgument(argument);
  }
  for (const option of options) command.addOption(toOption(option));
}

function toOption({ flags, summary, choices, parse }: CommandOption): Option {
  const option = new Option(flags, summary);
  if (choices !== undefined) option.choices(choices);
  if (parse !== undefined) {
    option.argParser((text, previous) => {
      try {
        return parse(text, previous);
      } catch (error) {
        if (error instanceof CommandError) throw new InvalidArgumentError(`${error.message}.`);
        throw error;
      }
    });
  }
  return option;
}

/** commander's messages, which may have a suggestion on a second line, as one line that begins with our name. */
function oneLine(text: string): string {
  return `${text
    .replace(/^error: /, "ottla: ")
    .trim()
    .replace(/\s*[\r\n]+\s*/g, " ")}\n`;
}
