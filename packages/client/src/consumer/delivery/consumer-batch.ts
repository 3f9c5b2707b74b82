// Records of one partition, handed out together.

import type { CallOptions, ConsumerRecord, OffsetToCommit, TopicPartition, Topics } from "../../records.ts";
import type { FetchedRecord } from "../decode/fetched-record.ts";
import type { PartitionState } from "../partition-state.ts";
import type { Reader } from "../reader.ts";

/** A batch that was read: at least one record, in order of offsets, which may have gaps. */
export interface ConsumerBatch<T extends Topics = {}, Name extends string = string> extends TopicPartition {
  readonly topic: Name;
  readonly records: readonly ConsumerRecord<T, Name>[];
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** Offset after the last record that is safe in the partition, as of the fetch that brought these. */
  readonly highWatermark: number;
  /** How many offsets lie between this batch and the end of what this consumer may read. */
  readonly lag: number;
  /** Commits that this batch is done. @throws as Consumer.commit */
  commit(options?: CallOptions): Promise<void>;
}

/** How a batch commits. */
export type CommitOffsets = (offsets: readonly OffsetToCommit[], options: CallOptions) => Promise<void>;

export class FetchedBatch implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly FetchedRecord[];
  readonly highWatermark: number;
  readonly lag: number;
  private readonly commitOffsets: CommitOffsets;

  constructor(
    records: readonly FetchedRecord[],
    facts: { highWatermark: number; lag: number; commitOffsets: CommitOffsets },
  ) {
    const { topic, partition } = records[0]!;
    this.topic = topic;
    this.partition = partition;
    this.records = records;
    this.highWatermark = facts.highWatermark;
    this.lag = facts.lag;
    this.commitOffsets = facts.commitOffsets;
  }

  get firstOffset(): number {
    return this.records[0]!.offset;
  }

  get lastOffset(): number {
    return this.records.at(-1)!.offset;
  }

  /** The application is done with all of its records. */
  finish(): void {
    this.records[0]!.origin.window.finishThrough(this.lastOffset);
  }

  /** The application left it: nobody works on its records, and they are not done. */
  setAside(): void {
    for (const record of this.records) record.origin.window.setAside(record.offset);
  }

  commit(options: CallOptions = {}): Promise<void> {
    const { topic, partition } = this;
    const { offset, leaderEpoch } = this.records.at(-1)!;
    this.finish();
    const epoch = leaderEpoch < 0 ? {} : { leaderEpoch };
    return this.commitOffsets([{ topic, partition, offset: offset + 1, ...epoch }], options);
  }
}

/**
 * At most `most` records that are there, of this partition; null when there is none after all.
 * @throws what the first record fails with; a later failure ends the batch before it, and is thrown by the next call
 */
export async function collectRecords(
  reader: Reader,
  state: PartitionState,
  most: number,
): Promise<FetchedRecord[] | null> {
  const records: FetchedRecord[] = [];
  try {
    while (records.length < most) {
      const taken = reader.takeFrom(state);
      const record = taken instanceof Promise ? await taken : taken;
      if (record !== null) records.push(record);
      else if (taken === null || !state.isDeliverable) break;
    }
  } catch (error) {
    if (records.length === 0) throw error;
    reader.failLater(error);
  }
  return records.length === 0 ? null : records;
}
