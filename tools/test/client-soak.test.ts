// A soak of the client under faults, in a process of its own as its users have it: a minute of it with CI=true, else a shorter one; ten minutes
// are `npm run sim -- --client-seconds 600`. A failure shows the command that repeats its seed.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { promisify } from "node:util";

const SECONDS = process.env["CI"] === "true" ? 60 : 20;
/** Beside the soak itself: the last records, closing, and the reading of the log. */
const MORE_SECONDS = 90;

test(`the client keeps its promises through ${SECONDS} seconds of faults`, async () => {
  const command = ["tools/sim.ts", "--client-seconds", String(SECONDS)];
  const options = { cwd: fileURLToPath(new URL("../..", import.meta.url)), timeout: (SECONDS + MORE_SECONDS) * 1_000 };
  const failure = await promisify(execFile)(process.execPath, command, options).then(
    () => null,
    (error: { stdout: string; stderr: string }) => `${error.stdout}${error.stderr}`,
  );
  assert.equal(failure, null, failure ?? "");
});
