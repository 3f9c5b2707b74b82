// Runs the sessions of docs/reference/ottla-cli.md, every line of them, in order and on one broker: what stands there is what happens.
// In the page, `…` is any text, widths of columns do not matter, and localhost:9092 is the broker.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { Kafka } from "@ottla/client";
import { startBroker } from "@ottla/testkit";
import { program, temporaryFolder } from "../run-ottla.ts";
import { ottlaCommand } from "./run-people.ts";

const page = readFileSync(new URL("../../../../docs/reference/ottla-cli.md", import.meta.url), "utf8");

interface Step {
  readonly line: string;
  readonly expected: string;
}

/** Of each ```console block, its command lines with what is below them. */
function stepsOf(markdown: string): Step[] {
  const blocks = [...markdown.matchAll(/^```console\n(.*?)^```$/gms)].map(([, text]) => text!);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((step) => {
        const [line, ...expected] = step.split("\n");
        return { line: line!, expected: expected.join("\n") };
      }),
  );
}

test("the page has sessions", () => assert.notEqual(stepsOf(page).length, 0));

test("every session of the page is what happens", { timeout: 120_000 }, async (context) => {
  await using broker = await startBroker({ leaks: "ignore" });
  await using kafka = new Kafka({ bootstrapServers: broker.bootstrap });
  // A payment that is under way while the page is read.
  await kafka.admin().createTopics(["ledger"]);
  const producer = kafka.producer({ transactionalId: "payments-1" });
  const transaction = await producer.beginTransaction();
  await transaction.send({ topic: "ledger", value: "10 EUR" });
  const run = runner(context, broker.bootstrap);
  for (const { line, expected } of stepsOf(page)) {
    const { output, code } = await run(line, answersIn(expected));
    assert.match(plain(output, broker.bootstrap), pattern(expected), `$ ${line}\n${output}`);
    assert.equal(code, /^ottla: (?!.* not told: )/m.test(expected) ? 1 : 0, `the exit code of ${line}`);
  }
  // The page has aborted it by now.
  await assert.rejects(transaction.commit());
});

interface StepOutcome {
  readonly output: string;
  readonly code: number | null | undefined;
}

/** `ottla …` runs in this process; lines with pipes and redirections are the shell's. */
function runner(context: TestContext, bootstrap: string) {
  const folder = temporaryFolder(context);
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "ottla"), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
  chmodSync(join(bin, "ottla"), 0o755);
  const env = { OTTLA_CONFIG: join(folder, "config.yaml") };
  return async (written: string, answers: readonly string[]): Promise<StepOutcome> => {
    const line = written.replaceAll("localhost:9092", bootstrap);
    if (/^ottla [^|<>]*$/.test(line)) {
      const { transcript, code } = await ottlaCommand(wordsOf(line).slice(1), { env, answers });
      return { output: transcript, code };
    }
    const child = spawn("bash", ["-c", line], {
      cwd: folder,
      env: { ...process.env, ...env, PATH: `${bin}${delimiter}${process.env["PATH"]}` },
      timeout: 30_000,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece: Buffer) => (output += String(piece)));
    const [code] = (await once(child, "close")) as [number | null];
    return { output, code };
  };
}

/** As a shell splits them, with single quotes. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|([^\s']+)/g)].map(([, quoted, bare]) => quoted ?? bare!);
}

function answersIn(expected: string): string[] {
  return [...expected.matchAll(/\[y\/N\] (.*)$/gm)].map(([, answer]) => answer!);
}

function plain(output: string, bootstrap: string): string {
  return squeezed(output.replaceAll(bootstrap, "localhost:9092"));
}

function squeezed(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trim().replace(/\s+/g, " "))
    .filter((line) => line !== "")
    .join("\n");
}

function pattern(expected: string): RegExp {
  const parts = squeezed(expected).split("…");
  return new RegExp(`^${parts.map((part) => RegExp.escape(part)).join(".*")}$`);
}
