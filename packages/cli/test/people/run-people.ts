// Runs a command of `ottla` in this process, with its output kept and a terminal when the test wants one.

import { runCommandLine } from "../../src/command-line.ts";
import type { PeopleIo } from "../../src/people/people-io.ts";

export interface PeopleResult {
  readonly code: number | undefined;
  readonly stdout: string;
  /** Lines of failures and what is said beside the answer, progress included. */
  readonly stderr: string;
  readonly questions: readonly string[];
  /** All of it in the order in which a terminal shows it, answers included. */
  readonly transcript: string;
}

export interface PeopleOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What the command reads. */
  readonly input?: string;
  /** Answers to the questions, in order; without them there is nobody to ask. */
  readonly answers?: readonly string[];
  /** Makes stdout and stderr a terminal of this width. */
  readonly columns?: number;
  readonly signal?: AbortSignal;
  /** Sees stdout as it grows. */
  readonly onOutput?: (stdout: string) => void;
}

/** `line` is split at spaces; a list of words is taken as it is. */
export async function ottlaCommand(
  line: string | readonly string[],
  options: PeopleOptions = {},
): Promise<PeopleResult> {
  const { env = {}, input = "", answers, columns, signal = new AbortController().signal, onOutput } = options;
  let stdout = "";
  let stderr = "";
  let transcript = "";
  const questions: string[] = [];
  const write = (piece: string | Uint8Array): void => {
    const text = typeof piece === "string" ? piece : Buffer.from(piece).toString("utf8");
    stdout += text;
    transcript += text;
    onOutput?.(stdout);
  };
  const say = (text: string): void => {
    stderr += text;
    transcript += text;
  };
  const isTerminal = columns !== undefined;
  const io: PeopleIo = {
    out: (text) => write(`${text}\n`),
    write,
    error: (text) => say(`${text}\n`),
    status: say,
    drained: () => Promise.resolve(),
    written: () => Promise.resolve(),
    isOutputClosed: false,
    input: inputOf(input),
    isInteractive: answers !== undefined,
    signal,
    terminal: { output: isTerminal, status: isTerminal, columns: columns ?? 80 },
    // No file of contexts of the person who runs the tests.
    env: { OTTLA_CONFIG: "/nonexistent/ottla.yaml", ...env },
    ask: (question) => {
      const answer = answers?.[questions.length] ?? null;
      questions.push(question);
      if (answer !== null) transcript += `${question}${answer}\n`;
      return Promise.resolve(answer);
    },
  };
  const words = typeof line === "string" ? line.split(" ").filter((word) => word !== "") : line;
  const code = await runCommandLine(words, {
    out: write,
    error: say,
    people: () => Promise.resolve(io),
  });
  return { code, stdout, stderr, questions, transcript };
}

async function* inputOf(text: string): AsyncGenerator<Buffer> {
  if (text !== "") yield Buffer.from(text);
}
