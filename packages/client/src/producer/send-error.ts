// What `send` of several records rejects with when they did not all fare alike.

import { KafkaError } from "../errors.ts";
import type { RecordMetadata } from "../records.ts";

/**
 * Some records of one `send` were written and others were not, or they failed for different reasons. `code`, `retriable`, `fatal` and
 * `abortable` are those of the first failure, which is also the `cause`; `results` has, in the order of the call, where each record is
 * or why it is nowhere.
 */
export class SendError extends KafkaError {
  override name = "SendError";
  readonly results: readonly (RecordMetadata | KafkaError)[];

  constructor(first: KafkaError, results: readonly (RecordMetadata | KafkaError)[]) {
    const failed = results.filter((each) => each instanceof KafkaError).length;
    super(`${failed} of ${results.length} records were not delivered, the first because: ${first.message}`, {
      code: first.code,
      retriable: first.retriable,
      fatal: first.fatal,
      abortable: first.abortable,
      context: first.context,
      cause: first,
    });
    this.results = results;
  }

  /** One error for all when all have it, else a SendError. At least one outcome is an error. */
  static of(outcomes: readonly (RecordMetadata | KafkaError)[]): KafkaError {
    const first = outcomes.find((each) => each instanceof KafkaError)!;
    return outcomes.every((each) => each === first) ? first : new SendError(first, outcomes);
  }
}
