// What went wrong by the user's doing: it is told in one line on stderr, and the command exits with 1.
// Everything else that is thrown is a bug and keeps its stack.

export class CommandError extends Error {
  override name = "CommandError";
}
