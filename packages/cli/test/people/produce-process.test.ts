// `ottla produce` as a process: pipes, signals, and how much of an input it holds at a time.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import * as runner from "node:test";
import { setImmediate } from "node:timers/promises";
import type { Producer } from "@ottla/client";
import { useBroker } from "@ottla/testkit";
import { Sending } from "../../src/people/produce/sending.ts";
import { program } from "../run-ottla.ts";
import { topicWith } from "./records.ts";

const { describe, test } = runner;
const broker = useBroker(runner);

describe("a process", () => {
  const start = (words: readonly string[]): ReturnType<typeof spawn> =>
    spawn(process.execPath, [program, "produce", ...words, "-b", broker().bootstrap], { timeout: 30_000 });

  test("writes lines as they come, and what it has got when it is interrupted", async () => {
    await topicWith(broker(), []);
    const child = start(["t"]);
    let stderr = "";
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.stdin!.write("one\ntw");
    await broker().until.records("t", 1);
    child.kill("SIGINT");
    const code = await new Promise((resolve) => child.once("close", resolve));
    assert.deepEqual(
      (await broker().inspect.records("t")).map(({ value }) => String(value)),
      ["one"],
    );
    assert.match(stderr, /^1 record written to t/);
    assert.equal(code, 130);
  });

  test("reads no faster than the broker takes, and all in the end", async () => {
    await topicWith(broker(), []);
    const fault = broker().faults.add({ api: "Produce", action: { hang: true } });
    const child = start(["t"]);
    const ended = new Promise((resolve) => child.once("close", resolve));
    const chunk = Buffer.from(`${"x".repeat(999)}\n`.repeat(64));
    const chunks = 1000;
    const input = Readable.from(Array.from({ length: chunks }, () => chunk));
    let offered = 0;
    input.on("data", () => (offered += chunk.length));
    input.pipe(child.stdin!);
    await fault.hit();
    await broker().until.holds("the pipe is full", () => child.stdin!.writableNeedDrain);
    assert.ok(offered < 32 * 1024 * 1024, `${offered} bytes were taken`);
    fault.remove();
    assert.equal(await ended, 0);
    await broker().until.records("t", chunks * 64);
  });
});

test("no more records are under way than so many bytes", async () => {
  const answers: (() => void)[] = [];
  const send = async (): Promise<void> => await new Promise((resolve) => answers.push(resolve));
  const sending = new Sending({ send } as unknown as Producer, "line", assert.fail);
  const value = Buffer.alloc(1024 * 1024);
  const group = [{ number: 1, record: { topic: "t", value } }];
  for (let index = 0; index < 4; index++) await sending.send(group);
  let isRoom = false;
  const fifth = sending.send(group).then(() => (isRoom = true));
  await setImmediate();
  assert.equal(isRoom, false);
  answers[0]!();
  await fifth;
  for (const answer of answers) answer();
  assert.deepEqual(await sending.end(), { written: 5, failed: 0, bytes: 5 * value.length });
});
