// A broker in a process of its own, as a user starts it, for what only a real process can show: kill -9, memory, signals.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { atProcessEnd } from "./process-end.ts";

const COMMAND = fileURLToPath(new URL("../../packages/cli/bin/ottla.js", import.meta.url));
const READY_LIMIT_MS = 20_000;
/** A clean stop takes five seconds at most; a machine under load gets more before it counts as hanging. */
const STOP_LIMIT_MS = 20_000;

export interface BrokerProcess {
  readonly pid: number;
  readonly port: number;
  /** Everything that it printed so far. */
  output(): string;
  /** Resident set in bytes, from the kernel. */
  residentBytes(): number;
  /** Sends the signal and resolves with the exit code, or null when a signal ended it: at last SIGKILL, if it does not end by itself. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

export interface BrokerProcessOptions {
  port: number;
  dataDir: string;
  overrides?: readonly string[];
}

/** Starts `ottla start` on this port and data folder; resolves when it answers on its port. It ends with this process at the latest. */
export async function startBrokerProcess(options: BrokerProcessOptions): Promise<BrokerProcess> {
  const child = spawnBroker(options);
  let text = "";
  const keep = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-200_000);
  };
  child.stdout!.on("data", keep);
  child.stderr!.on("data", keep);
  const exited = exitOf(child);
  await ready(child, options.port, () => text);
  return {
    pid: child.pid!,
    port: options.port,
    output: () => text,
    residentBytes: () => residentBytes(child.pid!),
    async stop(signal) {
      child.kill(signal);
      const limit = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
      const code = await exited;
      clearTimeout(limit);
      return code;
    },
  };
}

/** Starts a broker and kills it after so long, most likely while it still reads what an earlier one left. */
export async function startAndKill(options: BrokerProcessOptions, afterMs: number): Promise<void> {
  const child = spawnBroker(options);
  const exited = exitOf(child);
  setTimeout(() => child.kill("SIGKILL"), afterMs);
  await exited;
}

function spawnBroker({ port, dataDir, overrides = [] }: BrokerProcessOptions): ChildProcess {
  const args = ["start", "--port", String(port), "--data-dir", dataDir, "--log-format", "json"];
  for (const override of overrides) args.push("--override", override);
  return spawn(process.execPath, [COMMAND, ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

function exitOf(child: ChildProcess): Promise<number | null> {
  const taken = atProcessEnd(() => void child.kill("SIGKILL"));
  return new Promise((resolve) =>
    child.once("exit", (code) => {
      taken();
      resolve(code);
    }),
  );
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
