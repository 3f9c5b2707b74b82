// What the transaction coordinator may know of the world around one shard.

import type { Logger } from "@ottla/base";
import type { TransactionCounters } from "./transaction-counters.ts";

/** The configs that the transaction coordinator honours, by Kafka's names in camel case. */
export interface TransactionCoordinatorConfig {
  /** transaction.max.timeout.ms */
  readonly transactionMaxTimeoutMs: number;
  /** transactional.id.expiration.ms */
  readonly transactionalIdExpirationMs: number;
  /** transaction.abort.timed.out.transaction.cleanup.interval.ms */
  readonly abortTimedOutIntervalMs: number;
  /** transaction.remove.expired.transaction.cleanup.interval.ms */
  readonly removeExpiredIntervalMs: number;
}

export interface TransactionContext {
  /** The leader epoch of the shard's partition of __transaction_state: markers carry it, so that partitions can refuse those of a coordinator of old. */
  readonly coordinatorEpoch: number;
  /** The configs in force now. */
  config(): TransactionCoordinatorConfig;
  /** The finalized level of the feature transaction.version: 0, 1 or 2. */
  transactionVersion(): number;
  /** An id that no producer ever had; null when there is none at the moment. */
  takeProducerId(): number | null;
  /**
   * Called, in the middle of a command, when there are markers that nobody has taken: the broker then runs `takeMarkers`.
   * Its answer, as every answer, is given when the records that decided on the markers are kept.
   */
  markersWaiting(): void;
  /** Counted into, by all shards of a node alike. */
  readonly counters: TransactionCounters;
  readonly logger: Logger;
}
