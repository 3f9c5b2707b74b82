// What an error of a transactional request means: the handlers of Java's TransactionManager as one table. Pure.

import { errorCodes, errorName, isRetriable } from "@ottla/protocol";
import { brokerError, BrokerError, CommitFailedError, KafkaError, ProducerFencedError } from "../errors.ts";
import type { ErrorContext } from "../errors.ts";

/** CONCURRENT_TRANSACTIONS lasts as long as the markers of the transaction before take: no reason to wait for the usual backoff. */
export const CONCURRENT_TRANSACTIONS_BACKOFF_MS = 20;

export type RequestKind = "init" | "add" | "offsets" | "commit" | "abort";

/** What to do after an answer. `backoffMs` null for the usual one. */
export type TransactionVerdict =
  | { readonly kind: "done" }
  | { readonly kind: "retry"; readonly newCoordinator: boolean; readonly backoffMs: number | null }
  /** `error.fatal` or `error.abortable` tells which; neither: only this call failed. */
  | { readonly kind: "failed"; readonly error: KafkaError };

const DONE: TransactionVerdict = { kind: "done" };

export function judgeTransaction(request: RequestKind, errorCode: number, context: ErrorContext): TransactionVerdict {
  if (errorCode === errorCodes.NONE) return DONE;
  if (coordinatorMoved.has(errorCode)) return { kind: "retry", newCoordinator: true, backoffMs: null };
  if (errorCode === errorCodes.CONCURRENT_TRANSACTIONS)
    return { kind: "retry", newCoordinator: false, backoffMs: CONCURRENT_TRANSACTIONS_BACKOFF_MS };
  if (errorCode === errorCodes.REQUEST_TIMED_OUT && request === "offsets")
    return { kind: "retry", newCoordinator: true, backoffMs: null };
  if (isRetriable(errorCode)) return { kind: "retry", newCoordinator: false, backoffMs: null };
  return { kind: "failed", error: failure(request, errorCode, context) };
}

function failure(request: RequestKind, errorCode: number, context: ErrorContext): KafkaError {
  // Old coordinators say INVALID_PRODUCER_EPOCH where newer ones say PRODUCER_FENCED (KIP-588).
  if (errorCode === errorCodes.INVALID_PRODUCER_EPOCH || errorCode === errorCodes.PRODUCER_FENCED)
    return new ProducerFencedError(errorCodes.PRODUCER_FENCED, context);
  if (request === "init" && notAuthorized.has(errorCode)) return brokerError(errorCode, null, context);
  if (mismatchedMember.has(errorCode)) {
    const cause = brokerError(errorCode, null, context);
    const message = `the offsets cannot become part of the transaction: ${cause.message}`;
    return new CommitFailedError(message, { abortable: true, context, cause });
  }
  // An abort that would have to be aborted leads nowhere.
  const isAbortable =
    abortable.has(errorCode) && !(request === "abort" && errorCode === errorCodes.TRANSACTION_ABORTABLE);
  return new BrokerError(errorCode, brokerError(errorCode, null).message, {
    code: errorName(errorCode),
    fatal: !isAbortable,
    abortable: isAbortable,
    context,
  });
}

/**
 * What failed for good within a transaction, such as a record: only an abort helps. Kept as it is when it is fatal, or says so already.
 */
export function asAbortable(error: KafkaError): KafkaError {
  if (error.fatal || error.abortable) return error;
  return new KafkaError(`the transaction has to be aborted: ${error.message}`, {
    code: error.code,
    abortable: true,
    context: error.context,
    cause: error,
  });
}

/** Errors of records that end the producer and not just the transaction (TransactionManager.maybeTransitionToErrorState). */
export function isFatalForProducer(error: KafkaError): boolean {
  return error.fatal || fatalForProducer.has(error.code);
}

const coordinatorMoved: ReadonlySet<number> = new Set([
  errorCodes.NOT_COORDINATOR,
  errorCodes.COORDINATOR_NOT_AVAILABLE,
]);

const notAuthorized: ReadonlySet<number> = new Set([
  errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  errorCodes.CLUSTER_AUTHORIZATION_FAILED,
]);

const mismatchedMember: ReadonlySet<number> = new Set([
  errorCodes.UNKNOWN_MEMBER_ID,
  errorCodes.ILLEGAL_GENERATION,
  errorCodes.STALE_MEMBER_EPOCH,
]);

const abortable: ReadonlySet<number> = new Set([
  errorCodes.TRANSACTION_ABORTABLE,
  errorCodes.TOPIC_AUTHORIZATION_FAILED,
  errorCodes.GROUP_AUTHORIZATION_FAILED,
  errorCodes.FENCED_INSTANCE_ID,
  errorCodes.UNKNOWN_PRODUCER_ID,
  // Not tried, because of another partition's error.
  errorCodes.OPERATION_NOT_ATTEMPTED,
]);

const fatalForProducer: ReadonlySet<string> = new Set([
  "CLUSTER_AUTHORIZATION_FAILED",
  "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
  "PRODUCER_FENCED",
  "UNSUPPORTED_VERSION",
  "INVALID_PRODUCER_ID_MAPPING",
]);
