// `npm run conformance -- client-soak`: a minute of our client under the faults of the test kit, with a seed of its own each time. `npm test` has a
// shorter one; ten minutes are `npm run sim -- --client-seconds 600`.

import { join } from "node:path";
import { run } from "./processes.ts";
import type { Report } from "./report.ts";

const SECONDS = 60;
/** Closing, catching up and reading the log come after that. */
const LIMIT_MS = 180_000;
const where = "memory client-soak";

export async function runClientSoak(report: Report): Promise<void> {
  const script = join(import.meta.dirname, "..", "tools", "sim.ts");
  const words = [script, "--client-seconds", String(SECONDS)];
  const { code, stdout, output } = await run({ program: process.execPath, words }, LIMIT_MS);
  if (code === 0) report.add("ok", where, `keeps its promises through ${SECONDS} seconds of faults`);
  else {
    // All of it: what went wrong, and the command that repeats it.
    console.log(output);
    report.add(
      "failed",
      where,
      stdout.split("\n").find((line) => line.startsWith("npm run sim")) ?? `ended with ${code}`,
    );
  }
}
