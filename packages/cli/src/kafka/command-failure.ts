// Something the user can mend: an option's value, a file. Printed as its message, in the place where the command tells of failures.

export class CommandFailure extends Error {
  override name = "CommandFailure";
}
