// What Kafka's commands do when something fails: the message, and the stack trace, which here is its first line alone and only for errors
// that a broker or the client told of; then exit code 1. Programming faults keep their stack.

import { KafkaError } from "@ottla/client";
import { CommandFailure } from "./command-failure.ts";
import { ExitError } from "./command-io.ts";
import type { CommandIo } from "./command-io.ts";
import { PropertyError } from "./client/property-values.ts";
import { OptionError } from "./options/option-error.ts";
import { javaMessage, javaText, rootError } from "./text/java-error.ts";

/** Whether it is told in a line; anything else is a fault of ours. */
export function isExpected(error: unknown): error is Error {
  if (error instanceof KafkaError || error instanceof CommandFailure) return true;
  return error instanceof OptionError || error instanceof PropertyError;
}

/** Runs a command as Kafka's mainNoExit does: message and trace on stderr, exit code 1. */
export async function reportingFailures(io: CommandIo, action: () => Promise<number | void>): Promise<number | void> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof ExitError || !isExpected(error)) throw error;
    if (javaTrace(error).length > 0) traceLine(io, error);
    else io.error(javaMessage(error));
    return 1;
  }
}

/** The message of what waiting for an answer throws in Java, an ExecutionException: it names the class of the error. */
export function futureMessage(error: unknown): string {
  return rootError(error) instanceof KafkaError ? javaText(error) : javaMessage(error);
}

/** Where Java prints a stack trace: the lines that name the exceptions' classes, which scripts look for. */
export function traceLine(io: CommandIo, error: unknown): void {
  for (const line of javaTrace(error)) io.error(line);
}

/** The lines of a trace that name exceptions; none for what Java has no class for that scripts look for. */
export function javaTrace(error: unknown): string[] {
  const root = rootError(error);
  if (root instanceof KafkaError) return [javaText(root)];
  if (!(root instanceof CommandFailure || root instanceof PropertyError) || root.javaClass === null) return [];
  const causes = javaTrace(root.cause).map((line, index) => (index === 0 ? `Caused by: ${line}` : line));
  return [`${root.javaClass}: ${root.message}`, ...causes];
}
