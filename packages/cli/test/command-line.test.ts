// The command line as a user meets it: the real program, for everything that needs no broker.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ottla } from "./run-ottla.ts";

const mistakes: { name: string; words: string[]; stderr: RegExp }[] = [
  {
    name: "an unknown command",
    words: ["strat"],
    stderr: /^ottla: unknown command 'strat' \(Did you mean start\?\)\n$/,
  },
  {
    name: "an unknown option",
    words: ["start", "--prot", "1"],
    stderr: /^ottla: unknown option '--prot' \(Did you mean --port\?\)\n$/,
  },
  {
    name: "a port that is none",
    words: ["start", "--port", "65536"],
    stderr:
      /^ottla: option '--port <number>' argument '65536' is invalid\. 65536 is not a whole number from 0 to 65535\.\n$/,
  },
  {
    name: "a log format that is none",
    words: ["start", "--log-format", "xml"],
    stderr: /^ottla: .*'xml' is invalid\. Allowed choices are pretty, json\.\n$/,
  },
  {
    name: "an option without its value",
    words: ["start", "--host"],
    stderr: /^ottla: option '--host <host>' argument missing\n$/,
  },
  {
    name: "too many words",
    words: ["start", "now"],
    stderr: /^ottla: too many arguments for 'start'\. Expected 0 arguments but got 1[^\n]*\n$/,
  },
  { name: "a missing word", words: ["dump-log"], stderr: /^ottla: missing required argument 'file'\n$/ },
];

for (const { name, words, stderr } of mistakes) {
  test(`${name} is one clear line and exit code 1`, async () => {
    const result = await ottla(words);
    assert.match(result.stderr, stderr);
    assert.equal(result.stdout, "");
    assert.equal(result.code, 1);
  });
}

test("without a command, the commands are listed", async () => {
  const result = await ottla([]);
  for (const name of ["start", "dump-log", "decode", "api-versions"])
    assert.match(result.stdout, new RegExp(`^  ${name} `, "m"));
  assert.equal(result.code, 0);
});

test("--version prints the version", async () => {
  assert.match((await ottla(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/);
});
