// Every error that this package throws or rejects with: one tree under KafkaError, told apart by `code` and by what the caller may do.
// Java's counterpart is org.apache.kafka.common.errors; here a broker's error is one class with Kafka's name as its code, and only
// those that a program handles differently have a class of their own.

import { errorCodes, errorMessage, errorName, isRetriable } from "@ottla/protocol";

/** What an error was about, as far as it is known. */
export interface ErrorContext {
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: number;
  readonly nodeId?: number;
  /** "host:port" of the broker. */
  readonly address?: string;
  /** Kafka's name of the API, such as "Produce". */
  readonly api?: string;
  readonly groupId?: string;
  readonly transactionalId?: string;
}

export interface KafkaErrorOptions {
  /** Kafka's name in capitals ("NOT_LEADER_OR_FOLLOWER"), or the client's own ("TIMEOUT"). */
  readonly code: string;
  readonly retriable?: boolean;
  readonly fatal?: boolean;
  readonly abortable?: boolean;
  readonly context?: ErrorContext;
  readonly cause?: unknown;
}

/** The root of all errors of the client. */
export class KafkaError extends Error {
  override name = "KafkaError";
  /** Kafka's name of the error, or for errors that no broker told: TIMEOUT, CLOSED, CONNECTION, CONFIG, SERIALIZATION and so on. */
  readonly code: string;
  /** The same call may succeed when it is made again. The client has then tried again itself, for as long as it was allowed to. */
  readonly retriable: boolean;
  /** The producer or consumer cannot go on; close it and make a new one. */
  readonly fatal: boolean;
  /** The transaction has to be aborted; the next one can succeed (KIP-691, KIP-1050). */
  readonly abortable: boolean;
  readonly context: ErrorContext;

  constructor(message: string, options: KafkaErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.retriable = options.retriable ?? false;
    this.fatal = options.fatal ?? false;
    this.abortable = options.abortable ?? false;
    this.context = options.context ?? {};
  }
}

/** An error code that a broker answered with. */
export class BrokerError extends KafkaError {
  override name = "BrokerError";
  /** Kafka's number of the error. */
  readonly errorCode: number;

  constructor(errorCode: number, message: string, options: KafkaErrorOptions) {
    super(message, options);
    this.errorCode = errorCode;
  }
}

/** No connection, or it ended before the answer came. `code` is CONNECTION. */
export class ConnectionError extends KafkaError {
  override name = "ConnectionError";

  constructor(message: string, options: { context?: ErrorContext; cause?: unknown } = {}) {
    super(message, { code: "CONNECTION", retriable: true, ...options });
  }
}

/** TLS or SASL refused us; trying again with the same credentials is of no use. */
export class AuthenticationError extends KafkaError {
  override name = "AuthenticationError";

  constructor(message: string, options: { code?: string; context?: ErrorContext; cause?: unknown } = {}) {
    super(message, { code: "SASL_AUTHENTICATION_FAILED", fatal: true, ...options });
  }
}

/** The time that the call was given is over. `code` is TIMEOUT, or DELIVERY_TIMEOUT for records that were not acknowledged in time. */
export class TimeoutError extends KafkaError {
  override name = "TimeoutError";

  constructor(message: string, options: { code?: string; context?: ErrorContext; cause?: unknown } = {}) {
    super(message, { code: "TIMEOUT", retriable: true, ...options });
  }
}

/** The caller's AbortSignal ended the call; `cause` is the signal's reason. `name` is "AbortError", as the platform's own. */
export class AbortedError extends KafkaError {
  override name = "AbortError";

  constructor(signal: AbortSignal) {
    super("the call was aborted", { code: "ABORTED", cause: signal.reason });
  }
}

/** The client, producer, consumer or admin was closed. */
export class ClosedError extends KafkaError {
  override name = "ClosedError";

  constructor(what: string) {
    super(`the ${what} is closed`, { code: "CLOSED", fatal: true });
  }
}

/** An option or an argument that cannot work; thrown before anything is sent. */
export class ConfigError extends KafkaError {
  override name = "ConfigError";

  constructor(message: string) {
    super(message, { code: "CONFIG" });
  }
}

/** A call that does not fit the state, such as commit without a transaction. */
export class StateError extends KafkaError {
  override name = "StateError";

  constructor(message: string) {
    super(message, { code: "ILLEGAL_STATE" });
  }
}

/** A key or value could not be turned into bytes or back; `cause` is what the serde threw. */
export class SerializationError extends KafkaError {
  override name = "SerializationError";

  constructor(message: string, options: { context?: ErrorContext; cause?: unknown } = {}) {
    super(message, { code: "SERIALIZATION", ...options });
  }
}

/** Records from the broker whose checksum or structure is wrong. */
export class CorruptRecordError extends KafkaError {
  override name = "CorruptRecordError";

  constructor(message: string, options: { context?: ErrorContext; cause?: unknown } = {}) {
    super(message, { code: "CORRUPT_RECORD", ...options });
  }
}

/** Another producer with the same transactional id took over. */
export class ProducerFencedError extends BrokerError {
  override name = "ProducerFencedError";

  constructor(errorCode: number, context: ErrorContext = {}) {
    super(errorCode, "another producer uses this transactional id now", {
      code: errorName(errorCode),
      fatal: true,
      context,
    });
  }
}

/** The offsets were not committed, because the partitions belong to another member by now. */
export class CommitFailedError extends KafkaError {
  override name = "CommitFailedError";

  /** @param options `abortable` when the offsets were to be part of a transaction */
  constructor(message: string, options: { abortable?: boolean; context?: ErrorContext; cause?: unknown } = {}) {
    super(message, { code: "COMMIT_FAILED", ...options });
  }
}

/** A partition has no committed offset, or one outside the log, and `autoOffsetReset` is "none". */
export class NoOffsetError extends KafkaError {
  override name = "NoOffsetError";

  constructor(message: string, context: ErrorContext) {
    super(message, { code: "NO_OFFSET", context });
  }
}

/** The error for a broker's code. `message` is the broker's own sentence, when it sent one. */
export function brokerError(errorCode: number, message: string | null, context: ErrorContext = {}): BrokerError {
  // Some answers have an empty message where they mean none.
  return new BrokerError(errorCode, message || errorMessage(errorCode) || `error ${errorCode}`, {
    code: errorName(errorCode),
    retriable: isRetriable(errorCode),
    abortable: errorCode === errorCodes.TRANSACTION_ABORTABLE,
    context,
  });
}
