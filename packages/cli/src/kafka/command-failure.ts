// Something the user can mend: an option's value, a file. Printed as its message, in the place where the command tells of failures.

export interface CommandFailureOptions {
  readonly cause?: unknown;
  /** The class of the exception that Java throws for it, with its package, where scripts may look for it. */
  readonly javaClass?: string;
}

export class CommandFailure extends Error {
  override name = "CommandFailure";
  readonly javaClass: string | null;

  constructor(message: string, { cause, javaClass }: CommandFailureOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.javaClass = javaClass ?? null;
  }
}
