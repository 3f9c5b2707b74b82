// What went wrong by the user's doing: it is told in one line on stderr, and the command exits with 1, or with 2 when it is the command line
// that cannot be understood. Everything else that is thrown is a bug and keeps its stack.

export class CommandError extends Error {
  override name = "CommandError";
}

/** The command line says something that the command cannot do. */
export class UsageError extends CommandError {
  override name = "UsageError";
}
