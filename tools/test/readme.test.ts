// The programs that the README shows are run as they stand there, in its order: producer, consumer, test.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startBroker } from "@ottla/testkit";

const root = fileURLToPath(new URL("../..", import.meta.url));
const programs = [
  ...readFileSync(new URL("../../README.md", import.meta.url), "utf8").matchAll(/```ts\n(.*?)```/gs),
].map((match) => match[1]!);

async function run(program: string, bootstrap: string): Promise<string> {
  // A test among them would otherwise report to the runner of this file.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const words = ["--input-type=module-typescript", "--eval", program];
  const options = { cwd: root, env: { ...env, KAFKA: bootstrap }, timeout: 60_000 };
  return (await promisify(execFile)(process.execPath, words, options)).stdout.trim();
}

test("the README's programs do what they show", async () => {
  await using broker = await startBroker();
  const [producer, consumer, inTest, ...more] = programs;
  assert.deepEqual(more, []);
  assert.equal(await run(producer!, broker.bootstrap), "kept at 0:0");
  assert.equal(await run(consumer!, broker.bootstrap), "2 tea for ann");
  assert.match(await run(inTest!, "no broker"), /an order is kept[^]*pass 1\n/);
});
