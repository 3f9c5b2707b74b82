// What a command sees of the world: its output, its input, and the signal that ends it. Tests give their own.

/** Ends the command with this exit code; all that was to be said has been said. */
export class ExitError extends Error {
  override name = "ExitError";
  readonly code: number;

  constructor(code: number) {
    super(`ends with ${code}`);
    this.code = code;
  }
}

export interface CommandIo {
  /** A line on stdout. */
  out(line: string): void;
  /** Text or bytes on stdout as they are. */
  write(piece: string | Uint8Array): void;
  /** A line on stderr. */
  error(line: string): void;
  /** Resolves when what was written has left the process; a command that writes much waits for it now and then. */
  drained(): Promise<void>;
  /** Whether whoever read stdout has gone away. */
  readonly isOutputClosed: boolean;
  readonly input: AsyncIterable<Buffer>;
  /** Somebody sits in front of it: input and output are a terminal. */
  readonly isInteractive: boolean;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

/** A command: its words in, its exit code out; undefined is 0. */
export type KafkaCommand = (words: readonly string[], io: CommandIo) => Promise<number | void>;
