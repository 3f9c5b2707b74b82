// Node processes that the benchmark starts: servers, which say when they are ready, and the load generator.
// Every one ends with the benchmark: by `stop`, or when the benchmark itself ends for whatever reason.

import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Job, JobAnswer, JobResult } from "./load.ts";

const READY_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 15_000;
const KEPT_OUTPUT_CHARACTERS = 4000;

export interface ServerOptions {
  script: string;
  words: string[];
  nodeFlags: string[];
  ready: RegExp;
  environment?: Record<string, string>;
  /** Whether the server takes messages from the benchmark. */
  channel?: true;
}

/** A server in a Node process. Its port is the first group of the pattern that its ready line matches. */
export class ServerProcess {
  readonly child: ChildProcess;
  readonly port: number;
  /** From spawn to the ready line. */
  readonly readyMs: number;

  private constructor(child: ChildProcess, port: number, readyMs: number) {
    this.child = child;
    this.port = port;
    this.readyMs = readyMs;
  }

  static async start(options: ServerOptions): Promise<ServerProcess> {
    const startedMs = performance.now();
    const child = spawn(process.execPath, [...options.nodeFlags, options.script, ...options.words], {
      stdio: ["ignore", "pipe", "pipe", ...(options.channel === true ? ["ipc" as const] : [])],
      env: { ...process.env, ...options.environment },
    });
    endWithParent(child);
    const port = await readyPort(child, options.ready);
    return new ServerProcess(child, port, performance.now() - startedMs);
  }

  /** SIGTERM, and SIGKILL when that does not end it. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    const limit = setTimeout(() => this.child.kill("SIGKILL"), STOP_LIMIT_MS);
    await ended;
    clearTimeout(limit);
  }
}

/** The load generator's process. One job at a time. */
export class LoadGenerator {
  private readonly child: ChildProcess;

  constructor() {
    this.child = fork(`${import.meta.dirname}/load.ts`, [], {
      execArgv: [],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      serialization: "advanced",
    });
    endWithParent(this.child);
  }

  run(job: Job): Promise<JobResult> {
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error("the load generator ended"));
      this.child.once("exit", ended);
      this.child.once("message", (answer: JobAnswer) => {
        this.child.off("exit", ended);
        if ("error" in answer) reject(new Error(answer.error));
        else resolve(answer.result);
      });
      this.child.send(job);
    });
  }

  stop(): void {
    this.child.disconnect();
  }
}

function endWithParent(child: ChildProcess): void {
  const end = (): void => void child.kill("SIGKILL");
  process.on("exit", end);
  child.once("exit", () => process.off("exit", end));
}

function readyPort(child: ChildProcess, ready: RegExp): Promise<number> {
  let output = "";
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`not ready in time:\n${output}`)), READY_LIMIT_MS);
    const read = (text: string): void => {
      output = (output + text).slice(-KEPT_OUTPUT_CHARACTERS);
      const match = ready.exec(output);
      if (match === null) return;
      clearTimeout(limit);
      resolve(Number(match[1]));
    };
    child.stdout!.setEncoding("utf8").on("data", read);
    child.stderr!.setEncoding("utf8").on("data", read);
    child.once("exit", (code) => {
      clearTimeout(limit);
      reject(new Error(`ended with ${code} before it was ready:\n${output}`));
    });
  });
}
