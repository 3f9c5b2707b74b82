// How `npm run check` runs its steps and what it prints, with steps made up for the purpose.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { report, runSteps } from "../check.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("a step that fails is told with its output, and the others are still run", async () => {
  const results = await runSteps(root, [
    { name: "breaks", command: ["-e", "console.log('the reason'); console.error('and more'); process.exit(3)"] },
    { name: "holds", command: ["-e", "console.log('chatter')"] },
    { name: "absent", command: ["none.ts"], needs: ["package.json", "no/such/file"] },
  ]);
  assert.deepEqual(
    results.map(({ name, state, output }) => [name, state, output]),
    [
      ["breaks", "failed", "the reason\nand more"],
      ["holds", "ok", "chatter"],
      ["absent", "skipped", "no/such/file is not here"],
    ],
  );
  const text = report(results.map((result) => ({ ...result, tookMs: 1234 })));
  assert.equal(
    text,
    [
      "failed  breaks            1.2 s",
      "",
      "the reason",
      "and more",
      "",
      "ok      holds             1.2 s",
      "skipped absent           no/such/file is not here",
      "check: breaks failed",
    ].join("\n"),
  );
});

test("when every step passes, the output of none is shown", async () => {
  const results = await runSteps(root, [{ name: "holds", command: ["-e", "console.log('chatter')"] }]);
  assert.match(report(results), /^ok {6}holds +\d+\.\d s\ncheck: all well$/);
});
