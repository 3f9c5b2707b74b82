// `npm test [-- FILES]`: all tests, or those of the files named, with two at a time at least: on two cores Node would run one file after
// the other, though most of them wait more than they work.

import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";

/** A test that hangs fails instead of holding up the rest for ever. */
const LIMIT_MS = 240_000;
const everything = ["packages/*/test/**/*.test.ts", "tools/test/**/*.test.ts"];
const words = process.argv.slice(2);
const concurrency = Math.max(2, availableParallelism() - 1);
const child = spawn(
  process.execPath,
  [
    "--test",
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${LIMIT_MS}`,
    ...(words.length === 0 ? everything : words),
  ],
  { stdio: "inherit" },
);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
child.on("exit", (code) => (process.exitCode = code ?? 1));
