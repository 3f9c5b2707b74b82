// A broker in a process of its own, as a user starts it, for what only a real process can show: kill -9, memory, signals.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

const COMMAND = fileURLToPath(new URL("../../packages/cli/bin/ottla.js", import.meta.url));
const READY_LIMIT_MS = 20_000;

export interface BrokerProcess {
  readonly pid: number;
  readonly port: number;
  /** Everything that it printed so far. */
  output(): string;
  /** Resident set in bytes, from the kernel. */
  residentBytes(): number;
  /** Sends the signal and resolves with the exit code, or null after a signal ended it. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts `ottla start` on this port and data folder; resolves when it answers on its port. */
export async function startBrokerProcess(options: {
  port: number;
  dataDir: string;
  overrides?: readonly string[];
}): Promise<BrokerProcess> {
  const args = [
    COMMAND,
    "start",
    "--port",
    String(options.port),
    "--data-dir",
    options.dataDir,
    "--log-format",
    "json",
  ];
  for (const override of options.overrides ?? []) args.push("--override", override);
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  const keep = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-200_000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  await ready(child, options.port, () => text);
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  return {
    pid: child.pid!,
    port: options.port,
    output: () => text,
    residentBytes: () => residentBytes(child.pid!),
    stop(signal) {
      child.kill(signal);
      return exited;
    },
  };
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

// The broker prints a line with its port once it serves.
function ready(child: ChildProcess, port: number, output: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`the broker was not ready in time:\n${output()}`));
    }, READY_LIMIT_MS);
    const finish = (error: Error | null): void => {
      clearTimeout(limit);
      child.off("exit", exited);
      child.stdout!.off("data", look);
      if (error === null) resolve();
      else reject(error);
    };
    const exited = (): void => finish(new Error(`the broker ended before it was ready:\n${output()}`));
    const look = (): void => {
      if (output().includes(`127.0.0.1:${port}`)) finish(null);
    };
    child.once("exit", exited);
    child.stdout!.on("data", look);
  });
}

function residentBytes(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return match === null ? 0 : Number(match[1]) * 1024;
}
