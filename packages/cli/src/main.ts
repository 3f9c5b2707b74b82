// The `ottla` process: its words to a command, the command's end to an exit code.

import { runCommandLine } from "./command-line.ts";
import type { ProcessPeopleIo } from "./people/process-people-io.ts";

await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<void> {
  let people: ProcessPeopleIo | null = null;
  const code = await runCommandLine(words, {
    out: (text) => {
      // A reader of the help that went away is no failure.
      process.stdout.on("error", () => {}).write(text);
    },
    error: (text) => void process.stderr.write(text),
    people: async () => (people ??= (await import("./people/process-people-io.ts")).processPeopleIo()),
  });
  if (people !== null) await (people as ProcessPeopleIo).exit(code ?? 0);
  else if (code !== undefined) process.exitCode = code;
}
