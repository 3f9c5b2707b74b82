// What a command for people sees of the world: that of Kafka's commands, the terminal, and the environment. Tests give their own.

import type { CommandIo } from "../kafka/command-io.ts";

export interface TerminalShape {
  /** Whether stdout is a terminal. */
  readonly output: boolean;
  /** Whether stderr is one: there progress is shown. */
  readonly status: boolean;
  /** Its width in characters; of no meaning when neither is a terminal. */
  readonly columns: number;
}

export interface PeopleIo extends CommandIo {
  readonly terminal: TerminalShape;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Resolves when all that was written so far has left the process, or cannot; `isOutputClosed` tells which. */
  written(): Promise<void>;
  /** Text on stderr as it is, without a line's end. */
  status(text: string): void;
  /** Asks on the terminal and answers with the line; null when there is nobody to ask or no more input. */
  ask(question: string): Promise<string | null>;
}
