// What went wrong, in one line: the sentence, and Kafka's name of the error in brackets. Programming faults are no failures: they keep their stack.

import { AbortedError, AdminError, ClosedError, KafkaError } from "@ottla/client";
import type { ItemKey } from "@ottla/client";
import { CommandError } from "../command-error.ts";
import type { PeopleIo } from "./people-io.ts";

/** Null for what needs no words: the user ended the command. @throws what is no failure but a fault of the program */
export function failureLine(error: unknown): string | null {
  if (error instanceof AbortedError || error instanceof ClosedError) return null;
  if (error instanceof DOMException && error.name === "AbortError") return null;
  if (error instanceof CommandError) return oneLine(error.message);
  if (error instanceof AdminError) return oneLine(error.message);
  if (error instanceof KafkaError) return withName(error);
  throw error;
}

/** Tells what failed of several things, each in its line. Answers with the exit code. */
export function reportErrors(io: PeopleIo, errors: ReadonlyMap<ItemKey, KafkaError>): 0 | 1 {
  for (const [item, error] of errors) io.error(`ottla: ${item}: ${withName(error)}`);
  return errors.size === 0 ? 0 : 1;
}

/** "sentence (NAME)", with the reason of a call that ran out of time. */
export function withName(error: KafkaError): string {
  const cause = error.code === "TIMEOUT" && error.cause instanceof KafkaError ? `: ${error.cause.message}` : "";
  return `${oneLine(error.message)}${oneLine(cause)} (${error.code})`;
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*[\r\n]+\s*/g, " ");
}
