// `npm run conformance -- test-runners`: the examples of the test kit for Vitest and Jest, each in a folder of its own as a user has it: with the
// packed test kit and the runner from the registry. node:test runs its example in `npm test`.

import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { pack } from "../tools/pack.ts";
import { installLimitMs } from "./installed.ts";
import { run, runInstaller } from "./processes.ts";
import type { Report } from "./report.ts";

const examples = join(import.meta.dirname, "..", "examples");
const runners = ["vitest", "jest"] as const;
const limitMs = 60_000;

export async function runTestRunners(report: Report): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "ottla-runners-"));
  try {
    const tarball = (await pack(join(folder, "tarballs"))).find((path) => path.includes("testkit"))!;
    for (const runner of runners) await runExample(runner, { folder, tarball, report });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runExample(
  runner: (typeof runners)[number],
  { folder, tarball, report }: { folder: string; tarball: string; report: Report },
): Promise<void> {
  const project = join(folder, runner);
  await cp(join(examples, `testkit-${runner}`), project, { recursive: true });
  const words = ["install", "--prefer-offline", "--no-audit", "--no-fund", tarball];
  await runInstaller({ program: "npm", words, folder: project }, installLimitMs);
  // The test kit wants the Node that this runs on, which need not be the machine's.
  const environment = { PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter) };
  const { code, output } = await run({ program: "npm", words: ["test"], folder: project, environment }, limitMs);
  // Vitest and Jest say it alike: "Tests  2 passed (2)", "Tests: 2 passed, 2 total".
  const passed = /Tests:?\s+2 passed/.test(stripVTControlCharacters(output));
  const tail = code === 0 && passed ? "" : `: ended with ${code}: ${output.slice(-1500)}`;
  report.add(tail === "" ? "ok" : "failed", `test-runners ${runner}`, `runs examples/testkit-${runner}${tail}`);
}
