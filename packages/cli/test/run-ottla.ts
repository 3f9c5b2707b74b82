// Runs the real `ottla` in a process of its own: to its end, or until the test stops it.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

export const program = fileURLToPath(new URL("../bin/ottla.js", import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function ottla(words: readonly string[], input = ""): Promise<Outcome> {
  const child = spawn(process.execPath, [program, ...words], { timeout: 20_000 });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("close", resolve);
    child.once("error", reject);
  });
  return { code, stdout, stderr };
}

/** A running `ottla start`. */
export interface Running {
  readonly pid: number;
  readonly port: number;
  stdout(): string;
  stderr(): string;
  /** Sends the signals in order and waits for the end. */
  stop(...signals: NodeJS.Signals[]): Promise<Outcome>;
}

/** Starts a broker on a free port and waits until it tells that it is ready. Ends with the test at the latest. */
export async function startOttla(context: TestContext, words: readonly string[], cwd?: string): Promise<Running> {
  const child = spawn(process.execPath, [program, "start", "--port", "0", ...words], { cwd, timeout: 30_000 });
  let stdout = "";
  let stderr = "";
  const ended = new Promise<Outcome>((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
  context.after(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      const found = /(?:Address +|"addresses":\[")127\.0\.0\.1:(\d+)/.exec(stdout)?.[1];
      if (found !== undefined) resolve(Number(found));
    });
    void ended.then(() => reject(new Error(`it ended before it was ready: ${stdout}${stderr}`)));
  });
  return {
    pid: child.pid!,
    port,
    stdout: () => stdout,
    stderr: () => stderr,
    stop(...signals) {
      for (const signal of signals) child.kill(signal);
      return ended;
    },
  };
}

/** A folder of its own for a test, gone afterwards. */
export function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "ottla-cli-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
