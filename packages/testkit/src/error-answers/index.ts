// The table of error answers: how each API that the broker serves refuses a request as a whole, without its handler having run.
// Where the error stands is where getErrorResponse of Kafka's request class puts it: with each partition, topic or group that the request
// names, or at the top where the answer has a place for it.

import { errorCodes, errorMessage } from "@ottla/protocol";
import type { ErrorName } from "@ottla/protocol";
import { adminErrorAnswers } from "./admin.ts";
import { groupErrorAnswers } from "./groups.ts";
import { recordErrorAnswers } from "./records.ts";
import type { ErrorAnswer } from "./sketch.ts";
import { transactionErrorAnswers } from "./transactions.ts";

export const errorAnswers: readonly ErrorAnswer[] = [
  ...recordErrorAnswers,
  ...groupErrorAnswers,
  ...transactionErrorAnswers,
  ...adminErrorAnswers,
];

const byKey = new Map(errorAnswers.map((row) => [row.apiKey, row]));

/** The whole answer, ready for the API's codec. */
export function buildErrorAnswer(
  request: { readonly apiKey: number; readonly apiVersion: number; readonly request: unknown },
  error: ErrorName,
): object {
  const code = errorCodes[error];
  return byKey.get(request.apiKey)!.build(request.request, { code, message: errorMessage(code) }, request.apiVersion);
}
