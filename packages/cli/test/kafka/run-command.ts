// Runs one of Kafka's commands in this process, with its output kept.

import { runKafkaCommand } from "../../src/kafka/main.ts";
import type { CommandIo } from "../../src/kafka/command-io.ts";

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** What the command reads. */
  readonly input?: string;
  readonly signal?: AbortSignal;
  /** Sees stdout as it grows. */
  readonly onOutput?: (stdout: string) => void;
}

/** `line` is split at spaces; a list of words is taken as it is. */
export async function runCommand(
  name: string,
  line: string | readonly string[],
  { input = "", signal = new AbortController().signal, onOutput }: RunOptions = {},
): Promise<CommandResult> {
  let stdout = "";
  let stderr = "";
  const write = (piece: string | Uint8Array): void => {
    stdout += typeof piece === "string" ? piece : Buffer.from(piece).toString("utf8");
    onOutput?.(stdout);
  };
  const io: CommandIo = {
    out: (text) => write(`${text}\n`),
    write,
    error: (text) => void (stderr += `${text}\n`),
    drained: () => Promise.resolve(),
    isOutputClosed: false,
    input: inputOf(input),
    isInteractive: false,
    signal,
  };
  const words = typeof line === "string" ? line.split(" ").filter((word) => word !== "") : line;
  const code = await runKafkaCommand(name, words, io);
  return { code, stdout, stderr };
}

async function* inputOf(text: string): AsyncGenerator<Buffer> {
  if (text !== "") yield Buffer.from(text);
}
