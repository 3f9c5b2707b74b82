// `ottla consume` as a process: pipes and signals.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
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

  describe("into a disk that is full", { skip: !existsSync("/dev/full") }, () => {
    const intoFullDisk = async (words: string): Promise<{ code: number | null; stderr: string }> => {
      const full = openSync("/dev/full", "w");
      const child = spawn(process.execPath, [program, ...words.split(" "), "-b", broker().bootstrap], {
        stdio: ["ignore", full, "pipe"],
        timeout: 30_000,
      });
      closeSync(full);
      let stderr = "";
      child.stderr!.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
      return { code, stderr };
    };

    for (const words of ["consume t --exit", "consume t --exit -o json", "record get t 0 0", "topic list"]) {
      test(`${words} says so and ends with 1`, async () => {
        await topicWith(broker(), numbered(2));
        const { code, stderr } = await intoFullDisk(words);
        assert.match(stderr, /^ottla: the output cannot be written: ENOSPC[^\n]*\n$/);
        assert.equal(code, 1);
      });
    }

    test("nothing is committed that could not be written", async () => {
      await topicWith(broker(), numbered(5));
      const { code } = await intoFullDisk("consume t --group g --max 3");
      assert.equal(code, 1);
      // The place of a member that has begun to read, if any.
      for (const { offset } of broker().inspect.offsets("g")) assert.equal(offset, 0);
    });
  });
});
