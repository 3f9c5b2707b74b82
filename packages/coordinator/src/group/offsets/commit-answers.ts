// What OffsetCommit and TxnOffsetCommit have in common: each partition becomes a record or an error, and both answer alike.
// Pure: who may commit at all was decided before; an error of one partition that concerns its member refuses the whole request, as in Kafka.

import { errorCodes } from "@ottla/protocol";
import type { GroupRecord } from "../group-records.ts";

export interface CommitRequest {
  readonly groupId: string;
  readonly topics: readonly CommitRequestTopic[];
}

export interface CommitRequestTopic {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: readonly CommitRequestPartition[];
}

interface CommitRequestPartition {
  readonly partitionIndex: number;
  readonly committedOffset: number;
  readonly committedLeaderEpoch: number;
  readonly committedMetadata: string | null;
}

export interface CommitAnswer {
  throttleTimeMs: number;
  topics: { name: string; topicId: string; partitions: { partitionIndex: number; errorCode: number }[] }[];
}

/** What the commits of one request share. */
export interface CommitTerms {
  readonly metadataMaxBytes: number;
  readonly commitTimestamp: number;
  /** -1 when the group's rules say when the offsets expire. */
  readonly expireTimestamp: number;
  /** The topic id that is kept with the offset. */
  keptTopicId(topic: CommitRequestTopic): string;
  /** An error code that refuses the whole request; null when no partition has to be asked for. */
  readonly refuse: ((topic: CommitRequestTopic, partition: number) => number) | null;
}

export type CommitDecision =
  | { readonly records: GroupRecord[]; readonly answer: CommitAnswer }
  | { readonly errorCode: number; readonly records: null };

export function decideCommits(request: CommitRequest, terms: CommitTerms): CommitDecision {
  const records: GroupRecord[] = [];
  const answer: CommitAnswer = { throttleTimeMs: 0, topics: [] };
  for (const topic of request.topics) {
    const partitions: CommitAnswer["topics"][number]["partitions"] = [];
    answer.topics.push({ name: topic.name, topicId: topic.topicId, partitions });
    for (const partition of topic.partitions) {
      const { partitionIndex, committedMetadata } = partition;
      if (committedMetadata !== null && committedMetadata.length > terms.metadataMaxBytes) {
        partitions.push({ partitionIndex, errorCode: errorCodes.OFFSET_METADATA_TOO_LARGE });
        continue;
      }
      const errorCode = terms.refuse?.(topic, partitionIndex) ?? errorCodes.NONE;
      if (errorCode !== errorCodes.NONE) return { errorCode, records: null };
      partitions.push({ partitionIndex, errorCode: errorCodes.NONE });
      records.push(commitRecord(request.groupId, topic, partition, terms));
    }
  }
  return { records, answer };
}

/** The answer to a commit of which every partition is refused. */
export function refusedCommits(request: CommitRequest, errorCode: number): CommitAnswer {
  return {
    throttleTimeMs: 0,
    topics: request.topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  };
}

function commitRecord(
  group: string,
  topic: CommitRequestTopic,
  partition: CommitRequestPartition,
  terms: CommitTerms,
): GroupRecord {
  return {
    kind: "OffsetCommit",
    key: { group, topic: topic.name, partition: partition.partitionIndex },
    value: {
      offset: partition.committedOffset,
      leaderEpoch: partition.committedLeaderEpoch,
      metadata: partition.committedMetadata ?? "",
      commitTimestamp: terms.commitTimestamp,
      expireTimestamp: terms.expireTimestamp,
      topicId: terms.keptTopicId(topic),
    },
  };
}
