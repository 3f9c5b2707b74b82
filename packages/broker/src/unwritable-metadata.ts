// What clients are told when the metadata log cannot be written, because the disk is full or failed: nothing of their request was done, so each
// item of it is refused. (Kafka's controller ends its process there, and its clients wait for another.) Other errors are bugs and travel on.

import { errorCodes } from "@ottla/protocol";
import { errorCodeOf } from "@ottla/storage";

const REFUSAL = {
  errorCode: errorCodes.KAFKA_STORAGE_ERROR,
  errorMessage: "The metadata log cannot be written.",
} as const;

/** The controller's answer, or `refuse` of the error when the operating system would not let it write. */
export async function orRefusal<Response>(
  answer: Promise<Response>,
  refuse: (refusal: typeof REFUSAL) => Response,
): Promise<Response> {
  try {
    return await answer;
  } catch (error) {
    if (errorCodeOf(error) === "") throw error;
    return refuse(REFUSAL);
  }
}
