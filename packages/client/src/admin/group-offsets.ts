// Committed offsets of consumer and streams groups: list, change, delete. All of it goes to the groups' coordinators.
// Java: Admin.listConsumerGroupOffsets (KIP-709), alterConsumerGroupOffsets (KIP-396), deleteConsumerGroupOffsets (KIP-496), and the
// same three for streams groups (KIP-1071), which are the same requests.

import { ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { offsetCommitApi } from "@ottla/protocol/messages/08-offset-commit.ts";
import { offsetDeleteApi } from "@ottla/protocol/messages/47-offset-delete.ts";
import { offsetFetchApi } from "@ottla/protocol/messages/09-offset-fetch.ts";
import { brokerError } from "../errors.ts";
import type { KafkaError } from "../errors.ts";
import type { CallOptions, CommittedOffset, OffsetToCommit, TopicPartition } from "../records.ts";
import { needsVersion } from "./admin-call.ts";
import type { AdminCall } from "./admin-call.ts";
import { valuesOrError } from "./admin-error.ts";
import { performKeyed } from "./keyed.ts";
import type { Outcome } from "./keyed.ts";
import { byTopic, coordinatorOutcome, coordinators, isCoordinatorMoving, partitionKey } from "./lookups.ts";

/** A group, with all partitions that it has offsets of, or only these. */
export interface GroupPartitions {
  readonly groupId: string;
  /** Default: all that have a committed offset. */
  readonly partitions?: readonly TopicPartition[];
}

export interface ListGroupOffsetsOptions extends CallOptions {
  /** Wait for offsets that are part of an open transaction (KIP-447). Default false. */
  readonly requireStable?: boolean;
}

/** OffsetFetch and OffsetCommit name topics by id from version 10 on; an admin names them by name. */
const lastVersionWithNames = 9;

/** Partitions that were asked for without a commit have the offset null; of all partitions, only those with one are listed. */
export async function listGroupOffsets(
  call: AdminCall,
  groups: readonly (string | GroupPartitions)[],
  options: ListGroupOffsetsOptions,
): Promise<Map<string, CommittedOffset[]>> {
  const specs = groups.map((each): GroupPartitions => (typeof each === "string" ? { groupId: each } : each));
  const wanted = new Map(specs.map((spec) => [spec.groupId, spec]));
  return performKeyed<string, CommittedOffset[]>(call, {
    keys: wanted.keys(),
    locate: coordinators("group"),
    perform: async (nodeId, keys) => {
      const version = await call.versionOf(nodeId, offsetFetchApi);
      if (version >= 8 || version < 0) return fetchGroups(call, nodeId, keys, wanted, options);
      const outcomes = await Promise.all(keys.map((key) => fetchOneGroup(call, nodeId, wanted.get(key)!, options)));
      return new Map(outcomes.flatMap((each) => [...each]));
    },
  });
}

type FetchedTopics = readonly {
  name: string;
  partitions: readonly {
    partitionIndex: number;
    committedOffset: number;
    committedLeaderEpoch: number;
    metadata: string | null;
    errorCode: number;
  }[];
}[];

async function fetchGroups(
  call: AdminCall,
  nodeId: number | null,
  groupIds: readonly string[],
  wanted: ReadonlyMap<string, GroupPartitions>,
  options: ListGroupOffsetsOptions,
): Promise<Map<string, Outcome<CommittedOffset[]>>> {
  const response = await call.send(
    nodeId,
    offsetFetchApi,
    {
      groupId: "",
      topics: [],
      groups: groupIds.map((groupId) => ({
        groupId,
        topics: topicsOf(wanted.get(groupId)!)?.map((topic) => ({ ...topic, topicId: ZERO_UUID })) ?? null,
      })),
      requireStable: options.requireStable ?? false,
    },
    lastVersionWithNames,
  );
  return new Map(
    response.groups.map(({ groupId, errorCode, topics }) => [groupId, fetchedOutcome(groupId, errorCode, topics)]),
  );
}

/** Brokers before 3.0 take one group per request. */
async function fetchOneGroup(
  call: AdminCall,
  nodeId: number | null,
  spec: GroupPartitions,
  options: ListGroupOffsetsOptions,
): Promise<Map<string, Outcome<CommittedOffset[]>>> {
  const { groupId } = spec;
  const response = await call.send(nodeId, offsetFetchApi, (version) => {
    if (options.requireStable === true) needsVersion(offsetFetchApi, version, 7, "waiting for stable offsets");
    return { groupId, topics: topicsOf(spec), groups: [], requireStable: options.requireStable ?? false };
  });
  return new Map([[groupId, fetchedOutcome(groupId, response.errorCode, response.topics)]]);
}

function topicsOf({ partitions }: GroupPartitions): { name: string; partitionIndexes: number[] }[] | null {
  if (partitions === undefined) return null;
  return [...byTopic(partitions)].map(([name, those]) => ({
    name,
    partitionIndexes: those.map(({ partition }) => partition),
  }));
}

/** A partition's error is its group's: an open transaction is waited for, anything else fails. Java's client leaves such partitions out. */
function fetchedOutcome(groupId: string, errorCode: number, topics: FetchedTopics): Outcome<CommittedOffset[]> {
  const failed = coordinatorOutcome(errorCode, null, { groupId });
  if (failed !== null) return failed;
  const offsets: CommittedOffset[] = [];
  for (const { name: topic, partitions } of topics) {
    for (const each of partitions) {
      const { partitionIndex: partition, committedOffset, committedLeaderEpoch, metadata } = each;
      if (each.errorCode !== errorCodes.NONE) {
        const error = brokerError(each.errorCode, null, { groupId, topic, partition });
        return each.errorCode === errorCodes.UNSTABLE_OFFSET_COMMIT ? { again: error } : { error };
      }
      const isCommitted = committedOffset >= 0;
      offsets.push({
        topic,
        partition,
        offset: isCommitted ? committedOffset : null,
        leaderEpoch: isCommitted && committedLeaderEpoch >= 0 ? committedLeaderEpoch : null,
        metadata: metadata ?? "",
      });
    }
  }
  return { value: offsets };
}

/** Failures are told by partition. The group must be without members, or simple. */
export async function alterGroupOffsets(
  call: AdminCall,
  groupId: string,
  offsets: readonly OffsetToCommit[],
): Promise<void> {
  if (offsets.length === 0) return;
  const committed = await performKeyed<string, Map<string, KafkaError>>(call, {
    keys: [groupId],
    locate: coordinators("group"),
    perform: async (nodeId) => {
      const response = await call.send(
        nodeId,
        offsetCommitApi,
        {
          groupId,
          memberId: "",
          topics: [...byTopic(offsets)].map(([name, partitions]) => ({
            name,
            topicId: ZERO_UUID,
            partitions: partitions.map(({ partition, offset, leaderEpoch, metadata }) => ({
              partitionIndex: partition,
              committedOffset: offset,
              committedLeaderEpoch: leaderEpoch ?? -1,
              committedMetadata: metadata ?? "",
            })),
          })),
        },
        lastVersionWithNames,
      );
      return new Map([[groupId, partitionOutcome(groupId, response.topics)]]);
    },
  });
  valuesOrError(new Map(), committed.get(groupId)!);
}

/** Failures are told by partition. */
export async function deleteGroupOffsets(
  call: AdminCall,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<void> {
  if (partitions.length === 0) return;
  const deleted = await performKeyed<string, Map<string, KafkaError>>(call, {
    keys: [groupId],
    locate: coordinators("group"),
    perform: async (nodeId) => {
      const response = await call.send(nodeId, offsetDeleteApi, {
        groupId,
        topics: [...byTopic(partitions)].map(([name, those]) => ({
          name,
          partitions: those.map(({ partition }) => ({ partitionIndex: partition })),
        })),
      });
      const failed = coordinatorOutcome(response.errorCode, null, { groupId });
      return new Map([[groupId, failed ?? partitionOutcome(groupId, response.topics)]]);
    },
  });
  valuesOrError(new Map(), deleted.get(groupId)!);
}

/** Errors by partition; the whole request again when the coordinator moves or the group rebalances. */
function partitionOutcome(
  groupId: string,
  topics: readonly { name: string; partitions: readonly { partitionIndex: number; errorCode: number }[] }[],
): Outcome<Map<string, KafkaError>> {
  const errors = new Map<string, KafkaError>();
  for (const { name: topic, partitions } of topics) {
    for (const { partitionIndex: partition, errorCode } of partitions) {
      if (errorCode === errorCodes.NONE) continue;
      const error = brokerError(errorCode, null, { groupId, topic, partition });
      if (isCoordinatorMoving(errorCode) || errorCode === errorCodes.REBALANCE_IN_PROGRESS) return { again: error };
      errors.set(partitionKey(topic, partition), error);
    }
  }
  return { value: errors };
}
