// What is said on the terminal beside the answer: progress on one line of stderr, and the question before something is lost.

import { CommandError, UsageError } from "../command-error.ts";
import type { CommandOption } from "../command-definition.ts";
import type { PeopleIo } from "./people-io.ts";
import { cut, printable } from "./text.ts";

/** A progress line is written anew at most so often. */
const PROGRESS_MS = 100;
const ERASE_LINE = "\r\u001b[2K";

export interface Progress {
  /** Shows the text in place of the one before. Cheap: it is written ten times a second at most. */
  update(text: string | (() => string)): void;
  /** Takes the line away. Has to be called before anything else is written. */
  end(): void;
}

/** A line of progress; nothing at all when stderr is no terminal. */
export function startProgress(io: PeopleIo, nowMs: () => number = () => performance.now()): Progress {
  if (!io.terminal.status || io.env["TERM"] === "dumb") return { update: () => {}, end: () => {} };
  let shownAtMs = -Infinity;
  let isShown = false;
  return {
    update: (text) => {
      if (nowMs() - shownAtMs < PROGRESS_MS) return;
      shownAtMs = nowMs();
      isShown = true;
      const line = printable(typeof text === "string" ? text : text());
      io.status(`${ERASE_LINE}${cut(line, io.terminal.columns - 1)}`);
    },
    end: () => {
      if (isShown) io.status(ERASE_LINE);
      isShown = false;
      shownAtMs = -Infinity;
    },
  };
}

/** Runs the action under a line of progress, which is gone before the answer is written. */
export async function withProgress<T>(
  io: PeopleIo,
  text: string,
  action: (progress: Progress) => Promise<T>,
): Promise<T> {
  const progress = startProgress(io);
  progress.update(text);
  try {
    return await action(progress);
  } finally {
    progress.end();
  }
}

export interface ChangeOptions {
  readonly yes?: true;
  readonly dryRun?: true;
}

export const yesOption: CommandOption = { flags: "-y, --yes", summary: "do not ask" };
export const dryRunOption: CommandOption = { flags: "--dry-run", summary: "only show what would change" };

/**
 * Asks before something is lost. Returns when the answer is yes, or `yes` was given.
 * @throws UsageError when there is nobody to ask, CommandError when the answer is another
 */
export async function confirm(io: PeopleIo, question: string, { yes }: ChangeOptions): Promise<void> {
  if (yes === true) return;
  const answer = await io.ask(`${printable(question)} [y/N] `);
  if (answer === null) {
    io.signal.throwIfAborted();
    throw new UsageError(
      "nobody is here to be asked: --yes does it without a question, --dry-run shows what it would do",
    );
  }
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new CommandError("nothing was changed");
}
