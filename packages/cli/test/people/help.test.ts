// The help of every command for people: it has an example, and the examples are command lines that the command understands.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { commands } from "../../src/commands.ts";
import { ottlaCommand } from "./run-people.ts";

const families = commands.filter((row) => "load" in row && row.isHidden !== true);
/** Command lines such as "topic list". */
const lines: string[] = [];
for (const row of families) {
  if (!("load" in row)) continue;
  const loaded = await row.load();
  if ("run" in loaded) lines.push(row.name);
  else for (const { name } of loaded.commands) lines.push(`${row.name} ${name}`);
}

describe("the help of", () => {
  for (const line of lines) {
    test(`ottla ${line} has an example, and options of the example that there are`, async () => {
      const { stdout, stderr, code } = await ottlaCommand(`${line} --help`);
      assert.deepEqual([stderr, code], ["", 0]);
      const examples = [...stdout.matchAll(/^ {2}\$ (.+)$/gm)].flatMap(([, example]) => commandsIn(example!, line));
      assert.notEqual(examples.length, 0, "no example");
      for (const flag of examples.flatMap((example) => flagsOf(example))) {
        const isListed = new RegExp(`^ {2}(?:-\\w, )?${flag}(?:[ ,]|$)`, "m").test(stdout);
        assert.ok(isListed, `${flag} of an example is not among the options of ottla ${line}`);
      }
    });
  }
});

/** The parts of a pipe that are this command. */
function commandsIn(example: string, line: string): string[] {
  return example
    .split("|")
    .map((part) => part.trim())
    .filter((part) => `${part} `.startsWith(`ottla ${line} `));
}

function flagsOf(example: string): string[] {
  return example
    .replace(/'[^']*'/g, "")
    .split(" ")
    .filter((word) => /^--?[a-zA-Z]/.test(word))
    .map((word) => word.replace(/=.*/, ""));
}
