// What the consumer's calls take and answer, beside its options.

import type { ConsumerRecord, TopicPartition, Topics } from "../records.ts";
import type { ConsumerBatch } from "./delivery/consumer-batch.ts";
import type { RunContext } from "./delivery/run.ts";

/** Records as this consumer's type tells them: of the topics that the client was told of; of any, as bytes, when it was told of none. */
export type RecordOf<T extends Topics> = [keyof T] extends [never]
  ? ConsumerRecord
  : { [Name in keyof T & string]: ConsumerRecord<T, Name> }[keyof T & string];

/** The same for batches. */
export type BatchOf<T extends Topics> = [keyof T] extends [never]
  ? ConsumerBatch
  : { [Name in keyof T & string]: ConsumerBatch<T, Name> }[keyof T & string];

/** An offset, an end of the log, or the first record that is at least as young as the timestamp (the end, when there is none). */
export type SeekTarget =
  | number
  | "beginning"
  | "end"
  | { readonly offset: number; readonly leaderEpoch?: number }
  | { readonly timestamp: number };

export interface PartitionOffset extends TopicPartition {
  readonly offset: number;
  /** -1 when unknown. */
  readonly leaderEpoch: number;
}

export interface OffsetForTime extends TopicPartition {
  /** null when no record is as young. */
  readonly offset: number | null;
  readonly timestamp: number | null;
  readonly leaderEpoch: number | null;
}

interface RunLimits {
  /** How many handlers run at a time. Default 1. */
  readonly concurrency?: number;
  /** Ends the run: handlers that run are waited for, then `run` resolves. */
  readonly signal?: AbortSignal;
}

export type RunOptions<T extends Topics = {}> =
  | (RunLimits & {
      readonly eachRecord: (record: RecordOf<T>, context: RunContext) => unknown;
      /** "partition": records of a partition one after another. "key": those of one key; others may overtake. Default "partition". */
      readonly order?: "partition" | "key";
    })
  | (RunLimits & {
      readonly eachBatch: (batch: BatchOf<T>, context: RunContext) => unknown;
      readonly order?: "partition";
    });

export interface ConsumerCloseOptions {
  /** The bound; what is not done by then is left. Default 30,000. */
  readonly timeoutMs?: number;
  /** Default: dynamic members leave, static ones stay (KIP-1092). */
  readonly leaveGroup?: boolean;
}

export interface ConsumerParts {
  /** Called once it is closed. */
  readonly onClosed?: () => void;
}
