// `ottla` beside kcat, on the same broker: format strings print the same bytes, and the same input becomes the same records.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import * as runner from "node:test";
import { useBroker } from "@ottla/testkit";
import { program } from "../run-ottla.ts";
import { topicWith } from "./records.ts";

const { describe, test } = runner;
const broker = useBroker(runner);

function missingKcat(): false | string {
  if (spawnSync("kcat", ["-V"]).status === 0) return false;
  if (process.env["CI"] === "true") throw new Error("kcat is not installed, and CI must not skip it");
  return "kcat is not installed";
}

async function run(command: string, words: readonly string[], input = ""): Promise<Buffer> {
  const child = spawn(command, words, { timeout: 30_000 });
  const pieces: Buffer[] = [];
  let stderr = "";
  child.stdout.on("data", (piece: Buffer) => pieces.push(piece));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.end(input);
  const code = await new Promise((resolve) => child.once("close", resolve));
  assert.equal(code, 0, stderr);
  return Buffer.concat(pieces);
}

const kcat = (words: readonly string[], input?: string): Promise<Buffer> =>
  run("kcat", ["-b", broker().bootstrap, "-q", ...words], input);
const ottla = (words: readonly string[], input?: string): Promise<Buffer> =>
  run(process.execPath, [program, ...words, "-b", broker().bootstrap], input);

describe("beside kcat", { skip: missingKcat() }, () => {
  for (const format of [
    "%t [%p] %o %T: %k=%s (%K, %S) %h %%\\n",
    "%R%s\\t\\r\\12\\012\\\\é",
    "%s\\n",
    "\\x1f%%s %k\\q\\x41z",
  ]) {
    test(`the format ${format} prints the same bytes`, async () => {
      await topicWith(broker(), [
        {
          key: "k1",
          value: "hello",
          timestamp: 1_700_000_000_123,
          headers: [
            ["a", "1"],
            ["b", null],
            ["c", ""],
            ["a", "é"],
          ],
        },
        { key: null, value: null, timestamp: 1 },
        { key: "", value: "", timestamp: 2 },
        {
          key: Buffer.of(0xff, 0, 0xc3),
          value: Buffer.from(Array.from({ length: 256 }, (_, index) => index)),
          timestamp: 3,
        },
      ]);
      const ours = await ottla(["consume", "t", "-e", "-f", format]);
      const theirs = await kcat(["-C", "-t", "t", "-o", "beginning", "-e", "-f", format]);
      assert.deepEqual(ours.toString("latin1"), theirs.toString("latin1"));
    });
  }

  for (const [name, theirs, ours] of [
    ["lines", [], []],
    ["keys, headers and nulls", ["-K", ":", "-Z", "-H", "a=1", "-H", "b"], ["-K", ":", "-Z", "-H", "a=1", "-H", "b"]],
    ["delimiters and a fixed key", ["-D", "|", "-k", "fixed"], ["-D", "|", "-k", "fixed"]],
    ["compressed", ["-z", "lz4", "-p", "0"], ["-z", "lz4", "-p", "0"]],
  ] as const) {
    test(`the same input becomes the same records: ${name}`, async () => {
      await topicWith(broker(), [], { name: "theirs" });
      await topicWith(broker(), [], { name: "ours" });
      const input = "a:1\nb:2:3\nalone\n:x\nk:\né|z";
      await kcat(["-P", "-t", "theirs", ...theirs], input);
      await ottla(["produce", "ours", "-q", ...ours], input);
      const seen = async (topic: string): Promise<unknown[]> =>
        (await broker().inspect.records(topic)).map(({ key, value, headers }) => ({ key, value, headers }));
      assert.deepEqual(await seen("ours"), await seen("theirs"));
    });
  }
});
