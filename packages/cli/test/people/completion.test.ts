// What shells are told of a command line, and the scripts in the shells that are there.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import * as runner from "node:test";
import { useBroker } from "@ottla/testkit";
import { program, temporaryFolder } from "../run-ottla.ts";
import { ottlaCommand } from "./run-people.ts";

const { describe, test } = runner;
const broker = useBroker(runner);

/** The names without their summaries; BROKER stands for the broker's address. */
async function complete(...words: readonly string[]): Promise<string[]> {
  const known = words.map((word) => word.replace("BROKER", broker().bootstrap));
  const { stdout, stderr, code } = await ottlaCommand(["__complete", ...known]);
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split("\t")[0]!);
}

describe("from the table of commands:", () => {
  const rows: readonly (readonly [words: readonly string[], expected: readonly string[]])[] = [
    [["to"], ["topic"]],
    [["c"], ["consume", "config", "cluster", "context", "completion"]],
    [
      ["topic", "de"],
      ["describe", "delete"],
    ],
    [["topic", "describe", "--un"], ["--unhealthy"]],
    [
      ["topic", "delete", "--"],
      ["--bootstrap", "--context", "--output", "--yes", "--dry-run", "--if-exists", "--help"],
    ],
    [
      ["topic", "list", "-o", ""],
      ["table", "json", "yaml"],
    ],
    [["topic", "list", "--output=y"], ["--output=yaml"]],
    [["topic", "list", "-o", "json", "--in"], ["--internal"]],
    [["topic", "list", "--", "--in"], []],
    [
      ["config", "get", "b"],
      ["broker", "broker-logger"],
    ],
    [["completion", "f"], ["fish"]],
    [
      ["start", "--log-format", ""],
      ["pretty", "json"],
    ],
    [["start", "--p"], ["--port"]],
    [["nothing", ""], []],
    [["topic", "nothing", ""], []],
    [["context", "add", "x", "--tls-ca", ""], [":files"]],
    [["topic", "create", "-b", "127.0.0.1:1", ""], []],
  ];
  for (const [words, expected] of rows) {
    test(words.join(" "), async () => assert.deepEqual(await complete(...words), expected));
  }

  test("every command of the help is there", async () => {
    const { stdout } = await ottlaCommand([]);
    const helped = [...stdout.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name]) => name!);
    assert.deepEqual((await complete("")).sort(), helped.sort());
    assert.equal(helped.length > 10, true);
  });
});

describe("live names:", () => {
  const rows: readonly (readonly [words: readonly string[], expected: readonly string[]])[] = [
    [
      ["topic", "describe", "-b", "BROKER", "ord"],
      ["orders", "orders-eu"],
    ],
    [["topic", "describe", "--bootstrap=BROKER", "orders", "p"], ["payments"]],
    [["group", "describe", "-b", "BROKER", ""], ["billing"]],
    [["group", "reset-offsets", "-b", "BROKER", "b"], ["billing"]],
    [["group", "reset-offsets", "billing", "-b", "BROKER", "--topic", "pay"], ["payments"]],
    [
      ["config", "get", "-b", "BROKER", "topic", "o"],
      ["orders", "orders-eu"],
    ],
    [
      ["config", "get", "-b", "BROKER", "broker", ""],
      ["1", "default"],
    ],
    [
      ["config", "get", "-b", "BROKER", "topic", "orders", "retention."],
      ["retention.bytes", "retention.ms"],
    ],
    [["config", "get", "-b", "BROKER", "user", ""], ["default"]],
    [["txn", "describe", "-b", "BROKER", ""], []],
  ];
  for (const [words, expected] of rows) {
    test(words.join(" "), async () => {
      const at = `-b ${broker().bootstrap}`;
      await ottlaCommand(`topic create orders orders-eu payments ${at}`);
      await ottlaCommand(`group reset-offsets billing --topic orders --to-latest --create --yes ${at}`);
      assert.deepEqual(await complete(...words), expected);
    });
  }

  test("come from the file of contexts without a cluster", async (context) => {
    const env = { OTTLA_CONFIG: join(temporaryFolder(context), "c.yaml") };
    await ottlaCommand("context add prod -b a:1", { env });
    assert.equal((await ottlaCommand(["__complete", "topic", "list", "--context", "p"], { env })).stdout, "prod\n");
    assert.equal((await ottlaCommand(["__complete", "context", "use", ""], { env })).stdout, "prod\n");
  });

  test("are none where nobody answers: after a second, and without a word", async () => {
    broker().faults.add({ api: "ApiVersions", action: { hang: true } });
    const started = performance.now();
    assert.deepEqual(await complete("topic", "describe", "-b", "BROKER", ""), []);
    assert.equal(performance.now() - started < 3_000, true);
  });

  test("are none that could do something to the shell", async () => {
    const groups = ["plain", "two\nlines", "\u001b[2J"];
    for (const group of groups) {
      await ottlaCommand(`topic create orders --if-not-exists -b ${broker().bootstrap}`);
      await ottlaCommand([
        "group",
        "reset-offsets",
        group,
        "--topic",
        "orders",
        "--to-latest",
        "--create",
        "--yes",
        "-b",
        broker().bootstrap,
      ]);
    }
    assert.deepEqual(await complete("group", "describe", "-b", "BROKER", ""), ["plain"]);
  });
});

const isThere = (shell: string): boolean => spawnSync(shell, ["-c", "exit 0"]).status === 0;

describe("the script of bash", { skip: !isThere("bash") }, () => {
  /** What bash would offer for the line, as Tab does. */
  async function tab(context: runner.TestContext, line: string): Promise<string[]> {
    const folder = temporaryFolder(context);
    writeFileSync(join(folder, "ottla"), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
    chmodSync(join(folder, "ottla"), 0o755);
    const { stdout: script } = await ottlaCommand("completion bash");
    const ask = `COMP_LINE="$1"; COMP_POINT=\${#COMP_LINE}; _ottla; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const child = spawn("bash", ["-c", `${script}\n${ask}`, "bash", line], {
      env: { ...process.env, PATH: `${folder}${delimiter}${process.env["PATH"]}`, OTTLA_CONFIG: join(folder, "none") },
      timeout: 20_000,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece: Buffer) => (output += String(piece)));
    await once(child, "close");
    return output.trim().split("\n");
  }

  const rows: readonly (readonly [line: string, expected: readonly string[]])[] = [
    ["ottla gr", ["group"]],
    ["ottla topic ", ["list", "describe", "create", "alter", "delete"]],
    ["ottla topic list --output=y", ["yaml"]],
    ["ottla topic describe -b BROKER o", ["orders"]],
  ];
  for (const [line, expected] of rows) {
    test(`completes \`${line}\``, async (context) => {
      await ottlaCommand(`topic create orders -b ${broker().bootstrap}`);
      assert.deepEqual(await tab(context, line.replace("BROKER", broker().bootstrap)), expected);
    });
  }

  test("quotes what the shell would take apart", async (context) => {
    const at = ["-b", broker().bootstrap];
    await ottlaCommand(["topic", "create", "orders", ...at]);
    await ottlaCommand([
      "group",
      "reset-offsets",
      "my group $(rm)",
      "--topic",
      "orders",
      "--to-latest",
      "--create",
      "--yes",
      ...at,
    ]);
    assert.deepEqual(await tab(context, `ottla group describe -b ${broker().bootstrap} my`), [
      "my\\ group\\ \\$\\(rm\\)",
    ]);
  });
});

for (const shell of ["bash", "zsh", "fish"]) {
  test(`${shell} understands its script`, { skip: !isThere(shell) }, async (context) => {
    const path = join(temporaryFolder(context), "script");
    writeFileSync(path, (await ottlaCommand(`completion ${shell}`)).stdout);
    const { status, stderr } = spawnSync(shell, ["-n", path], { encoding: "utf8" });
    assert.deepEqual([status, stderr], [0, ""]);
  });
}

test("there is no script for another shell", async () => {
  const result = await ottlaCommand("completion cmd");
  assert.match(result.stderr, /Allowed choices are bash, zsh, fish/);
  assert.equal(result.code, 2);
});
