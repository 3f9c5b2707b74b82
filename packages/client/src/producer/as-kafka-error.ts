// Whatever was thrown, as an error of ours: what is none is a bug or the operating system's, and is kept as the cause.

import { KafkaError } from "../errors.ts";

export function asKafkaError(error: unknown, what: string): KafkaError {
  if (error instanceof KafkaError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new KafkaError(`${what}: ${reason}`, { code: "INTERNAL", cause: error });
}
