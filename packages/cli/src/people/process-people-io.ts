// The world of a command for people in a real process. The first SIGINT or SIGTERM asks the command to end, which it does within a bound;
// the second ends the process.

import { createInterface } from "node:readline/promises";
import { processIo } from "../kafka/process-io.ts";
import type { PeopleIo } from "./people-io.ts";

/** How long a command may take to end after a signal. */
const END_MS = 5_000;
const NARROWEST = 40;

export interface ProcessPeopleIo extends PeopleIo {
  /** Writes what is left and ends the process. */
  exit(code: number): Promise<never>;
}

export function processPeopleIo(): ProcessPeopleIo {
  const io = processIo();
  process.stderr.on("error", () => {});
  let asked: AbortSignal | null = null;
  // Who never asks for it is ended by the first signal.
  const signal = (): AbortSignal => {
    if (asked !== null) return asked;
    asked = io.signal;
    asked.addEventListener("abort", () => setTimeout(() => process.exit(io.signalCode ?? 1), END_MS).unref());
    return asked;
  };
  return {
    out: (line) => io.out(line),
    write: (piece) => io.write(piece),
    error: (line) => io.error(line),
    drained: () => io.drained(),
    written: () => io.end(),
    input: io.input,
    isInteractive: io.isInteractive,
    get signal() {
      return signal();
    },
    get isOutputClosed() {
      return io.isOutputClosed;
    },
    terminal: {
      output: process.stdout.isTTY,
      status: process.stderr.isTTY,
      get columns() {
        return Math.max(NARROWEST, process.stdout.columns ?? process.stderr.columns ?? 80);
      },
    },
    env: process.env,
    status: (text) => void process.stderr.write(text),
    ask: async (question) => await ask(question, signal()),
    exit: async (code) => {
      await io.end();
      const lost = io.outputError;
      if (lost !== null) io.error(`ottla: the output cannot be written: ${lost.message}`);
      process.exit(io.signalCode ?? (lost === null ? code : 1));
    },
  };
}

async function ask(question: string, signal: AbortSignal): Promise<string | null> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return null;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // readline takes Ctrl-C for itself while it reads.
  lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const ended = new Promise<null>((resolve) => lines.once("close", () => resolve(null)));
  try {
    const answer = await Promise.race([lines.question(question, { signal }), ended]);
    // Ctrl-D leaves the cursor behind the question.
    if (answer === null) process.stderr.write("\n");
    return answer;
  } finally {
    lines.close();
  }
}
