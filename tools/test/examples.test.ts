// Runs every example as its reader would, so that none goes stale.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const examples = readdirSync(new URL("../../examples", import.meta.url)).filter((name) => name.endsWith(".ts"));

test("there are examples", () => {
  assert.notEqual(examples.length, 0);
});

for (const name of examples) {
  test(`examples/${name} runs`, () => {
    // An example that is a test of its own would otherwise report to the runner of this file.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const result = spawnSync(process.execPath, [`examples/${name}`], {
      cwd: root,
      env,
      encoding: "utf8",
      timeout: 60_000,
    });
    assert.equal(result.status, 0, result.stdout + result.stderr);
  });
}
