// Every command for people has a help with examples, and every example is a command line that is understood: asked of a port where nothing
// listens, it fails for that and not for how it is written.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { commands } from "../../src/commands.ts";
import type { CommandBody } from "../../src/command-definition.ts";
import { temporaryFolder } from "../run-ottla.ts";
import { ottlaCommand } from "./run-people.ts";

const NOWHERE = ["-b", "127.0.0.1:1"];
/** They ask no cluster. */
const local = new Set(["context", "completion"]);

const bodies: (readonly [name: string, body: CommandBody])[] = [];
for (const row of commands) {
  if (!("load" in row)) continue;
  const loaded = await row.load();
  if ("run" in loaded) bodies.push([row.name, loaded]);
  else for (const body of loaded.commands) bodies.push([`${row.name} ${body.name}`, body]);
}

test("there are commands", () => assert.equal(bodies.length > 20, true));

for (const [name, body] of bodies) {
  describe(`ottla ${name}:`, () => {
    test("its help names every option, and has an example of it", async () => {
      const { stdout, stderr, code } = await ottlaCommand([...name.split(" "), "--help"]);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout, /\nExamples?:\n {2}\$ \S/);
      for (const { flags } of body.options ?? []) assert.equal(stdout.includes(flags), true, flags);
      assert.notEqual(body.examples?.length ?? 0, 0);
    });

    for (const example of body.examples ?? []) {
      test(example, async (context) => {
        // Other commands of the line, and files, are the shell's.
        const line = example.split(/[|>&]+/).find((part) => part.trim().startsWith(`ottla ${name}`));
        assert.notEqual(line, undefined);
        const words = wordsOf(line!).slice(1);
        const isLocal = local.has(words[0]!);
        const env = { OTTLA_CONFIG: `${temporaryFolder(context)}/config.yaml` };
        const { code, stderr } = await ottlaCommand(isLocal ? words : [...withoutServers(words), ...NOWHERE], { env });
        // A context of an example, and a file, may not be there.
        if (isLocal) assert.match(stderr, /^(?:|ottla: there is no context .*\n)$/);
        else assert.equal(code, 1, stderr);
      });
    }
  });
}

/** As a shell splits them, with quotes. */
function wordsOf(line: string): string[] {
  const words = line.trim().matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g);
  return [...words].map(([word]) => word.replaceAll(/['"]/g, ""));
}

function withoutServers(words: readonly string[]): string[] {
  return words.filter((word, at) => !isServers(word) && !isServers(words[at - 1]));
}

function isServers(word: string | undefined): boolean {
  return word === "-b" || word === "--bootstrap";
}
