// What went wrong, in one line: the sentence, and Kafka's name of the error in brackets. Programming faults are no failures: they keep their stack.

import { AdminError, BrokerError, KafkaError } from "@ottla/client";
import type { ItemKey } from "@ottla/client";
import { errorMessage } from "@ottla/protocol";
import { CommandError } from "../command-error.ts";
import type { PeopleIo } from "./people-io.ts";

const NAMED_AT_MOST = 3;

/** Null for what needs no words: the user ended the command. @throws what is no failure but a fault of the program */
export function failureLine(error: unknown): string | null {
  // The client's and Node's own have the same name.
  if (error instanceof Error && error.name === "AbortError") return null;
  if (error instanceof CommandError) return oneLine(error.message);
  if (error instanceof AdminError) return itemLine(error);
  if (error instanceof KafkaError) return withName(error);
  throw error;
}

/** Tells what failed of several things, each in its line. Answers with the exit code. */
export function reportErrors(io: PeopleIo, errors: ReadonlyMap<ItemKey, KafkaError>): 0 | 1 {
  for (const [item, error] of errors) io.error(`ottla: ${item}: ${withName(error)}`);
  return errors.size === 0 ? 0 : 1;
}

/** Tells why a part of the answer is missing that is no failure of the command, such as the sizes that a broker keeps to itself. */
export function reportGaps(io: PeopleIo, what: string, errors: ReadonlyMap<ItemKey, KafkaError>): void {
  for (const [item, error] of errors) {
    const of = typeof item === "number" ? ` of broker ${item}` : "";
    io.error(`ottla: ${what}${of} not told: ${withName(error)}`);
  }
}

/** "sentence (NAME)", with the reason of a call that ran out of time. */
export function withName(error: KafkaError): string {
  const cause = error.code === "TIMEOUT" && error.cause instanceof KafkaError ? `: ${error.cause.message}` : "";
  return `${oneLine(sentence(error))}${oneLine(cause)} (${error.code})`;
}

/** Some answers of Kafka have a code and no words. */
function sentence(error: KafkaError): string {
  if (error.message !== "") return error.message;
  return (error instanceof BrokerError ? errorMessage(error.errorCode) : null) ?? "it failed";
}

function itemLine({ errors }: AdminError): string {
  const named = [...errors].slice(0, NAMED_AT_MOST).map(([item, error]) => `${item}: ${withName(error)}`);
  const more = errors.size - named.length;
  return `${named.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*[\r\n]+\s*/g, " ");
}
