// OffsetFetch of one group: a pure read of what replay put into the tables (Kafka's fetchOffsets and fetchAllOffsets).
// A partition with an offset in an open transaction is unstable: whoever asks for stable offsets must come again (KIP-447).

import { ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { OffsetFetchRequest, OffsetFetchResponse } from "@ottla/protocol/messages/09-offset-fetch.ts";
import type { OffsetTable } from "./offset-table.ts";
import type { PendingOffsets } from "./pending-offsets.ts";

export type OffsetFetchGroup = OffsetFetchRequest["groups"][number];
export type OffsetFetchGroupAnswer = OffsetFetchResponse["groups"][number];

type TopicAnswer = OffsetFetchGroupAnswer["topics"][number];
type PartitionAnswer = TopicAnswer["partitions"][number];

export interface FetchedFrom {
  readonly table: OffsetTable;
  /** Null when unstable offsets may be told as well. */
  readonly pending: PendingOffsets | null;
}

/** The partitions that were asked for, in that order. */
export function fetchPartitions(
  groupId: string,
  topics: NonNullable<OffsetFetchGroup["topics"]>,
  from: FetchedFrom,
): TopicAnswer[] {
  const mayBeUnstable = from.pending?.hasGroup(groupId) === true;
  return topics.map(({ name, topicId, partitionIndexes }) => ({
    name,
    topicId,
    partitions: partitionIndexes.map((partition) => {
      if (mayBeUnstable && from.pending.has(groupId, name, partition)) return unstable(partition);
      return fetchPartition(from.table, from.table.find(groupId, name, partition), { partition, topicId });
    }),
  }));
}

/** Every partition that the group has an offset of. */
export function fetchAll(groupId: string, { table, pending }: FetchedFrom): TopicAnswer[] {
  const mayBeUnstable = pending?.hasGroup(groupId) === true;
  const topics = new Map<string, TopicAnswer>();
  for (const { topic, partition, offset, leaderEpoch, metadata } of table.ofGroup(groupId)) {
    let answer = topics.get(topic);
    if (answer === undefined) {
      answer = { name: topic, topicId: ZERO_UUID, partitions: [] };
      topics.set(topic, answer);
    }
    answer.partitions.push(
      mayBeUnstable && pending.has(groupId, topic, partition)
        ? unstable(partition)
        : {
            partitionIndex: partition,
            committedOffset: offset,
            committedLeaderEpoch: leaderEpoch,
            metadata,
            errorCode: errorCodes.NONE,
          },
    );
  }
  return [...topics.values()];
}

/** Every partition has no offset, as in a group that does not exist. */
export function fetchNothing(topics: NonNullable<OffsetFetchGroup["topics"]>): TopicAnswer[] {
  return topics.map(({ name, topicId, partitionIndexes }) => ({
    name,
    topicId,
    partitions: partitionIndexes.map((partition) => without(partition, errorCodes.NONE)),
  }));
}

function fetchPartition(
  table: OffsetTable,
  row: number,
  asked: { partition: number; topicId: string },
): PartitionAnswer {
  if (row < 0 || isOfAnother(table.topicIdAt(row), asked.topicId)) return without(asked.partition, errorCodes.NONE);
  return {
    partitionIndex: asked.partition,
    committedOffset: table.offsetAt(row),
    committedLeaderEpoch: table.leaderEpochAt(row),
    metadata: table.metadataAt(row),
    errorCode: errorCodes.NONE,
  };
}

// An offset that was committed to a topic of this name that is gone says nothing of the topic that has the name now.
function isOfAnother(keptTopicId: string, askedTopicId: string): boolean {
  return keptTopicId !== askedTopicId && keptTopicId !== ZERO_UUID && askedTopicId !== ZERO_UUID;
}

function unstable(partition: number): PartitionAnswer {
  return without(partition, errorCodes.UNSTABLE_OFFSET_COMMIT);
}

function without(partitionIndex: number, errorCode: number): PartitionAnswer {
  return { partitionIndex, committedOffset: -1, committedLeaderEpoch: -1, metadata: "", errorCode };
}
