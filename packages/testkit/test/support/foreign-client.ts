// Runs foreign programs against a broker. A program that is not installed skips its tests with the reason shown;
// with CI=true it fails them, because there a skipped client would hide a broken broker.

import { spawn, spawnSync } from "node:child_process";

const OUTPUT_LIMIT_BYTES = 256 * 1024 * 1024;
const RUN_LIMIT_MS = 60_000;

/** For the `skip` option of a test: false, or why it is skipped. */
export function missing(program: string, args: readonly string[] = ["-V"]): false | string {
  if (spawnSync(program, args).status === 0) return false;
  if (process.env["CI"] === "true") throw new Error(`${program} is not installed, and CI must not skip it`);
  return `${program} is not installed`;
}

export interface ProgramResult {
  stdout: Buffer;
  stderr: string;
}

/** Resolves when the program exits with 0; rejects with its error output otherwise, or when it takes too long. */
export function run(program: string, args: readonly string[], input?: Buffer | string): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    const out: Buffer[] = [];
    let bytes = 0;
    let stderr = "";
    const limit = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`${program} ${args.join(" ")} took too long: ${stderr}`));
    }, RUN_LIMIT_MS);
    child.stdout.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > OUTPUT_LIMIT_BYTES) child.kill("SIGKILL");
      else out.push(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-4000);
    });
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(limit);
      if (code === 0) resolve({ stdout: Buffer.concat(out), stderr });
      else reject(new Error(`${program} ${args.join(" ")} exited with ${code}: ${stderr}`));
    });
    // A program that ends early closes its input; its exit code tells more than the broken pipe.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}
