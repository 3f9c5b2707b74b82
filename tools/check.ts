// `npm run check`: everything that can be said of the code without running it, side by side, in a few seconds.
// A step is a program that exits 0 and whose output is worth reading only when it does not. Nothing is changed;
// `npx oxfmt` lays files out anew, `npx oxlint --fix` mends what it can.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** One program of the check. */
export interface Step {
  readonly name: string;
  /** Script and arguments for Node, from the root of the tree. */
  readonly command: readonly string[];
  /** Files without which the step has nothing to look at: it is skipped, and says so. */
  readonly needs?: readonly string[];
}

export interface StepResult {
  readonly name: string;
  readonly state: "ok" | "failed" | "skipped";
  readonly tookMs: number;
  readonly output: string;
}

const FOLDERS = ["packages", "tools", "bench", "examples", "conformance"];
/** No step may hold up the others: after this it counts as failed. */
const STEP_LIMIT_MS = 60_000;

export const steps: readonly Step[] = [
  { name: "types", command: ["node_modules/typescript/bin/tsc", "-p", "."] },
  { name: "lint", command: ["node_modules/oxlint/bin/oxlint", "--no-error-on-unmatched-pattern", ...FOLDERS] },
  { name: "layout", command: ["node_modules/oxfmt/bin/oxfmt", "--check", "."] },
  { name: "tidy", command: ["tools/tidy.ts"] },
  { name: "reference pages", command: ["tools/reference-pages.ts", "--check"], needs: ["tools/reference-pages.ts"] },
  {
    name: "protocol",
    command: ["tools/protocol-check.ts"],
    needs: ["tools/protocol-check.ts", "../shared/kafka-protocol"],
  },
];

/** Runs all steps at once; the results come in the order of the steps. */
export function runSteps(root: string, all: readonly Step[]): Promise<StepResult[]> {
  return Promise.all(all.map((step) => runStep(root, step)));
}

async function runStep(root: string, { name, command, needs = [] }: Step): Promise<StepResult> {
  const missing = needs.find((path) => !existsSync(join(root, path)));
  if (missing !== undefined) return { name, state: "skipped", tookMs: 0, output: `${missing} is not here` };
  const startedMs = performance.now();
  const child = spawn(process.execPath, command, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: STEP_LIMIT_MS,
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  const passed = await new Promise<boolean>((resolve) => {
    child.once("close", (code) => resolve(code === 0));
    child.once("error", (error) => {
      output += error.message;
      resolve(false);
    });
  });
  return { name, state: passed ? "ok" : "failed", tookMs: performance.now() - startedMs, output: output.trim() };
}

/** What is printed: one line a step, below it the output of a step that failed. */
export function report(results: readonly StepResult[]): string {
  const lines = results.flatMap(({ name, state, tookMs, output }) => {
    const line = `${state.padEnd(8)}${name.padEnd(16)}`;
    if (state === "skipped") return [`${line} ${output}`];
    const timed = `${line}${(tookMs / 1000).toFixed(1).padStart(5)} s`;
    return state === "ok" ? [timed] : [timed, "", output, ""];
  });
  const failed = results.filter(({ state }) => state === "failed").map(({ name }) => name);
  return [...lines, failed.length === 0 ? "check: all well" : `check: ${failed.join(", ")} failed`].join("\n");
}

if (import.meta.main) {
  const results = await runSteps(fileURLToPath(new URL("..", import.meta.url)), steps);
  console.log(report(results));
  if (results.some(({ state }) => state === "failed")) process.exitCode = 1;
}
