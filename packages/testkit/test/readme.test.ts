// The test that the README shows is run as it stands there.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

test("the README's test passes", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const program = /```ts\n(.*?)```/s.exec(readme)![1]!;
  // It would otherwise report to the runner of this file.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const words = ["--input-type=module-typescript", "--eval", program];
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, words, { cwd, env, timeout: 60_000 });
  assert.match(stdout, /orders are published[^]*pass 1\n/);
});
