// How kafka-transactions ends when an answer is an error, or an argument is missing.

import { KafkaError } from "@ottla/client";
import { ExitError } from "../../command-io.ts";
import type { CommandIo } from "../../command-io.ts";
import { errorNameOf, javaMessage, rootError } from "../../text/java-error.ts";

/** Prints the line on stderr and ends the command with 1. */
export function fail(io: CommandIo, message: string): never {
  io.error(message);
  throw new ExitError(1);
}

/** What the call gives, or the end of the command with this sentence and the error's, or what `words` has for it. */
export async function orFail<T>(
  io: CommandIo,
  message: string,
  call: Promise<T>,
  words: Readonly<Record<string, string>> = {},
): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(rootError(error) instanceof KafkaError)) throw error;
    const reason = words[errorNameOf(error)] ?? javaMessage(error);
    return fail(io, `${message}: ${reason}. Enable debug logging for additional detail.`);
  }
}
