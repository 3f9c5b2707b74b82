// Whatever was thrown, as an error of this package: bugs keep their cause.

import { KafkaError } from "../errors.ts";

export function errorOf(thrown: unknown): KafkaError {
  if (thrown instanceof KafkaError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new KafkaError(message, { code: "UNEXPECTED", cause: thrown });
}
