// `ottla consume` as a process: pipes and signals.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import * as runner from "node:test";
import { useBroker } from "@ottla/testkit";
import { program } from "../run-ottla.ts";
import { numbered, topicWith } from "./records.ts";

const { describe, test } = runner;
const broker = useBroker(runner);

describe("a process", () => {
  const start = (words: string): { child: ChildProcess; ended: Promise<number | null>; stderr: () => string } => {
    const child = spawn(process.execPath, [program, "consume", ...words.split(" "), "-b", broker().bootstrap], {
      timeout: 30_000,
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    return { child, ended, stderr: () => stderr };
  };

  test("ends quietly when its reader has gone", async () => {
    await topicWith(
      broker(),
      Array.from({ length: 2000 }, () => ({ value: "x".repeat(1000) })),
    );
    const { child, ended, stderr } = start("t");
    child.stdout!.once("data", () => child.stdout!.destroy());
    assert.equal(await ended, 0);
    assert.equal(stderr(), "");
  });

  test("ends quietly on SIGINT, and closes the list of JSON that it began", async () => {
    await topicWith(broker(), numbered(2));
    const { child, ended, stderr } = start("t -o json");
    let stdout = "";
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      child.kill("SIGINT");
    });
    assert.equal(await ended, 130);
    assert.equal((JSON.parse(stdout) as unknown[]).length, 2);
    assert.equal(stderr(), "");
  });

  test("gives a slow reader everything", async () => {
    await topicWith(
      broker(),
      Array.from({ length: 4000 }, () => ({ value: "x".repeat(10_000) })),
    );
    const { child, ended } = start("t -e");
    child.stdout!.pause();
    await broker().until.request("Fetch", { times: 2 });
    let bytes = 0;
    child.stdout!.on("data", (chunk: Buffer) => (bytes += chunk.length)).resume();
    assert.equal(await ended, 0);
    assert.equal(bytes, 4000 * 10_001);
  });
});
