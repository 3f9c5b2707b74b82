// Reads the command line and runs one command. What the user got wrong is one line on stderr and exit code 1.
// commander knows how options are written; the table in commands.ts knows which there are.

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { CommandError } from "./command-error.ts";
import { commands } from "./commands.ts";
import type { CommandDefinition, CommandOption } from "./commands.ts";
import manifest from "../package.json" with { type: "json" };

await main(process.argv.slice(2));

async function main(words: string[]): Promise<void> {
  const program = new Command("ottla")
    .description("Apache Kafka in TypeScript")
    .version(manifest.version)
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(oneLine(text)) });
  for (const definition of commands) program.addCommand(toCommand(definition).copyInheritedSettings(program));
  if (words.length === 0) {
    program.outputHelp();
    return;
  }
  try {
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode;
    else if (error instanceof CommandError) {
      process.stderr.write(`ottla: ${error.message}\n`);
      process.exitCode = 1;
    } else throw error;
  }
}

function toCommand(definition: CommandDefinition): Command {
  const command = new Command(definition.name).description(definition.summary);
  if (definition.argument !== undefined) command.argument(definition.argument.flags, definition.argument.summary);
  for (const option of definition.options) command.addOption(toOption(option));
  const takesArgument = definition.argument !== undefined;
  return command.action((first: unknown, second: unknown) =>
    takesArgument
      ? definition.run(second as object, first as string | undefined)
      : definition.run(first as object, undefined),
  );
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
    .replace(/\s*\n\s*/g, " ")}\n`;
}
