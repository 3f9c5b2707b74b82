// What a request to the coordinator comes to: the steps that are written, and what the client is told.

import { errorCodes } from "@ottla/protocol";
import { NO_EPOCH, NO_PRODUCER_ID } from "./transaction.ts";
import type { Transaction } from "./transaction.ts";

export interface Decision {
  readonly errorCode: number;
  /** The states that the transaction goes through, in order; each is a record. */
  readonly steps: readonly Transaction[];
  /** As the client is told; -1 where it is told none. */
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** What a decision may know besides the transaction and the request. */
export interface DecisionContext {
  /** Wall time. */
  readonly nowMs: number;
  /** The level of the feature transaction.version that the cluster has finalized: 0, 1 or 2. */
  readonly transactionVersion: number;
  /** An id that no producer ever had; null when there is none at the moment. */
  takeProducerId(): number | null;
}

export function refused(errorCode: number): Decision {
  return { errorCode, steps: [], producerId: NO_PRODUCER_ID, producerEpoch: NO_EPOCH };
}

/** Goes through `steps` without telling the client a producer. */
export function taken(steps: readonly Transaction[], errorCode: number = errorCodes.NONE): Decision {
  return { errorCode, steps, producerId: NO_PRODUCER_ID, producerEpoch: NO_EPOCH };
}
