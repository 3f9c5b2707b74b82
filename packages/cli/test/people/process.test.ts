// The real `ottla` in a process of its own: exit codes, signals, pipes, and a terminal, which `script` of util-linux makes.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { join } from "node:path";
import * as runner from "node:test";
import { useBroker } from "@ottla/testkit";
import { ottla, program, temporaryFolder } from "../run-ottla.ts";
import { ottlaCommand } from "./run-people.ts";

const { describe, test } = runner;
const broker = useBroker(runner);

function node(words: readonly string[], env: Record<string, string> = {}) {
  return spawn(process.execPath, [program, ...words], { env: { ...process.env, ...env }, timeout: 20_000 });
}

test("exit codes are 0, 1 and 2; answers go to stdout and failures to stderr", async () => {
  const at = ["-b", broker().bootstrap];
  assert.deepEqual(await ottla(["topic", "create", "orders", ...at]), {
    code: 0,
    stdout: "orders created: 1 partition, 1 replica\n",
    stderr: "",
  });
  const failed = await ottla(["topic", "create", "orders", ...at]);
  assert.deepEqual([failed.code, failed.stdout], [1, ""]);
  assert.match(failed.stderr, /^ottla: orders: [^\n]+ \(TOPIC_ALREADY_EXISTS\)\n$/);
  const wrong = await ottla(["topic", "create", ...at]);
  assert.deepEqual([wrong.code, wrong.stdout, wrong.stderr], [2, "", "ottla: missing required argument 'topic'\n"]);
});

test("help is shown for a family, a command, and by `ottla help`", async () => {
  const family = await ottla(["topic"]);
  assert.match(family.stdout, /^ {2}describe \[options\] <topic\.\.\.> /m);
  assert.equal(family.code, 0);
  const asked = await ottla(["topic", "create", "--help"]);
  assert.match(asked.stdout, /--replication-factor <count>[^]*Examples:\n {2}\$ ottla topic create orders/);
  assert.deepEqual(await ottla(["help", "topic", "create"]), asked);
});

test("a question without a terminal is refused", async () => {
  await ottlaCommand(`topic create orders -b ${broker().bootstrap}`);
  const result = await ottla(["topic", "delete", "orders", "-b", broker().bootstrap], "y\n");
  assert.equal(result.code, 2);
  assert.match(result.stderr, /--yes does it without a question/);
});

test("Ctrl-C ends a command that waits with 130", async () => {
  const fault = broker().faults.add({ api: "DescribeCluster", action: { hang: true } });
  const child = node(["topic", "list", "-b", broker().bootstrap]);
  const ended = once(child, "close");
  await fault.hit();
  child.kill("SIGINT");
  assert.deepEqual(await ended, [130, null]);
});

test("a reader that goes away ends the command in peace", { skip: process.platform === "win32" }, async () => {
  const many = Array.from({ length: 400 }, (_, at) => `a-topic-with-a-name-that-is-not-short-at-all-${at}`);
  await ottlaCommand(["topic", "create", ...many, "-b", broker().bootstrap]);
  for (const words of [
    ["topic", "list", "-o", "json", "-b", broker().bootstrap],
    ["topic", "list", "--help"],
  ]) {
    const child = node(words);
    child.stdout.destroy();
    let stderr = "";
    child.stderr.on("data", (piece: Buffer) => (stderr += String(piece)));
    const [code] = (await once(child, "close")) as [number];
    assert.deepEqual([code, stderr], [0, ""]);
  }
});

test("the file of contexts is the owner's alone, whatever the umask", async (context) => {
  const path = join(temporaryFolder(context), "config.yaml");
  const child = node(["context", "add", "dev", "-b", "a:1", "--sasl", "PLAIN", "--username", "u", "--password-stdin"], {
    OTTLA_CONFIG: path,
  });
  child.stdin.end("geheim");
  assert.deepEqual(await once(child, "close"), [0, null]);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

const hasScript = spawnSync("script", ["--version"]).status === 0;

describe("on a terminal", { skip: !hasScript }, () => {
  /** Types the input once the command asks, and gives back what the screen has got. */
  async function onTerminal(words: readonly string[], input: string): Promise<{ code: number; screen: string }> {
    const line = [process.execPath, program, ...words].map((word) => `'${word}'`).join(" ");
    const child = spawn("script", ["-qec", `stty cols 60; ${line}`, "/dev/null"], {
      env: { ...process.env, TERM: "xterm", NO_COLOR: "" },
      timeout: 20_000,
    });
    let screen = "";
    let typed = false;
    child.stdout.on("data", (piece: Buffer) => {
      screen += String(piece);
      if (typed || !screen.includes("[y/N]")) return;
      typed = true;
      child.stdin.write(input);
    });
    const [code] = (await once(child, "close")) as [number];
    return { code, screen };
  }

  test("a question is asked and a yes deletes", async () => {
    await ottlaCommand(`topic create orders -b ${broker().bootstrap}`);
    const { code, screen } = await onTerminal(["topic", "delete", "orders", "-b", broker().bootstrap], "y\n");
    assert.match(screen, /Delete orders on .*\? The records are lost\. \[y\/N\] /);
    assert.match(screen, /orders deleted/);
    assert.deepEqual([code, broker().inspect.topics()], [0, []]);
  });

  test("Ctrl-C at the question deletes nothing and ends with 130", async () => {
    await ottlaCommand(`topic create orders -b ${broker().bootstrap}`);
    const { code } = await onTerminal(["topic", "delete", "orders", "-b", broker().bootstrap], "\u0003");
    assert.deepEqual([code, broker().inspect.topics().length], [130, 1]);
  });

  test("the end of the input at the question deletes nothing", async () => {
    await ottlaCommand(`topic create orders -b ${broker().bootstrap}`);
    const { code } = await onTerminal(["topic", "delete", "orders", "-b", broker().bootstrap], "\u0004");
    assert.deepEqual([code, broker().inspect.topics().length], [2, 1]);
  });

  test("tables have colours and fit", async () => {
    await ottlaCommand(`topic create ${"long-".repeat(30)} -b ${broker().bootstrap}`);
    const { code, screen } = await onTerminal(["topic", "list", "-b", broker().bootstrap], "");
    assert.equal(code, 0);
    assert.equal(screen.includes("\u001b[1mTOPIC"), true);
    assert.match(screen, /^long-[\w-]+…/m);
  });
});
