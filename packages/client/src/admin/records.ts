// Offsets of partitions and what lies before them: listing offsets and deleting records. Both go to the partitions' leaders.
// Java: Admin.listOffsets (KIP-396, KIP-734, KIP-1005, KIP-1023) and Admin.deleteRecords (KIP-107).

import { deleteRecordsApi } from "@ottla/protocol/messages/21-delete-records.ts";
import { listOffsetsApi } from "@ottla/protocol/messages/02-list-offsets.ts";
import { ConfigError } from "../errors.ts";
import type { KafkaError } from "../errors.ts";
import type { CallOptions, TopicPartition } from "../records.ts";
import { needsVersion } from "./admin-call.ts";
import type { AdminCall } from "./admin-call.ts";
import { performKeyed } from "./keyed.ts";
import type { Outcome } from "./keyed.ts";
import { byPartition, byTopic, leaderOutcome, partitionKey, partitionLeaders } from "./lookups.ts";

/** The timestamps below zero that stand for places, and the version of ListOffsets that knows each. */
const places = {
  latest: { timestamp: -1, from: 1 },
  earliest: { timestamp: -2, from: 1 },
  maxTimestamp: { timestamp: -3, from: 7 },
  earliestLocal: { timestamp: -4, from: 8 },
  latestTiered: { timestamp: -5, from: 9 },
  earliestPendingUpload: { timestamp: -6, from: 11 },
} as const;

/**
 * Which offset: a place, or a time in milliseconds since 1970, which stands for the first record of that time or later.
 * "latest" is the offset of the next record (with read_committed, of the first record of an open transaction), "maxTimestamp" that of
 * the record with the largest timestamp; the last three are about tiered storage.
 */
export type OffsetSpec = keyof typeof places | number;

export interface OffsetQuery extends TopicPartition {
  /** Default "latest". */
  readonly at?: OffsetSpec;
}

export interface ListOffsetsOptions extends CallOptions {
  /** Default "read_uncommitted". */
  readonly isolationLevel?: "read_uncommitted" | "read_committed";
}

export interface ListedOffset extends TopicPartition {
  /** -1 when there is none, such as for a time after the last record. */
  readonly offset: number;
  /** Of the record at that offset; -1 for "earliest" and "latest" and when there is none. */
  readonly timestamp: number;
  readonly leaderEpoch: number | null;
}

export interface RecordsToDelete extends TopicPartition {
  /** Records below it are deleted; -1 for all up to the high watermark. */
  readonly beforeOffset: number;
}

export interface DeletedRecords extends TopicPartition {
  /** The smallest offset that is left on any replica. */
  readonly lowWatermark: number;
}

/** Java: Admin.listOffsets. */
export async function listOffsets(
  call: AdminCall,
  queries: readonly OffsetQuery[],
  options: ListOffsetsOptions,
): Promise<Map<string, ListedOffset>> {
  const wanted = byPartition(queries);
  for (const { at = "latest" } of queries) {
    if (typeof at !== "number" && !Object.hasOwn(places, at)) throw new ConfigError(`there is no offset "${at}"`);
  }
  return performKeyed<string, ListedOffset>(call, {
    keys: wanted.keys(),
    locate: partitionLeaders(wanted),
    perform: async (nodeId, keys) => {
      const outcomes = new Map<string, Outcome<ListedOffset>>();
      const version = await call.versionOf(nodeId, listOffsetsApi);
      const asked: OffsetQuery[] = [];
      for (const key of keys) {
        const query = wanted.get(key)!;
        const tooNew = version < 0 ? null : notServed(query, version);
        if (tooNew === null) asked.push(query);
        else outcomes.set(key, { error: tooNew });
      }
      if (asked.length === 0) return outcomes;
      const response = await call.send(nodeId, listOffsetsApi, {
        replicaId: -1,
        isolationLevel: options.isolationLevel === "read_committed" ? 1 : 0,
        topics: [...byTopic(asked)].map(([name, partitions]) => ({
          name,
          partitions: partitions.map(({ partition, at }) => ({
            partitionIndex: partition,
            timestamp: timestampOf(at),
          })),
        })),
        timeoutMs: call.requestTimeoutMs,
      });
      for (const { name: topic, partitions } of response.topics) {
        for (const { partitionIndex: partition, errorCode, offset, timestamp, leaderEpoch } of partitions) {
          const listed = { topic, partition, offset, timestamp, leaderEpoch: leaderEpoch < 0 ? null : leaderEpoch };
          const failed = leaderOutcome(errorCode, null, listed);
          outcomes.set(partitionKey(topic, partition), failed ?? { value: listed });
        }
      }
      return outcomes;
    },
  });
}

/** The number on the wire for a place or a time. */
function timestampOf(at: OffsetSpec = "latest"): number {
  return typeof at === "number" ? at : places[at].timestamp;
}

function notServed({ at = "latest" }: OffsetQuery, version: number): KafkaError | null {
  if (typeof at === "number") return null;
  try {
    needsVersion(listOffsetsApi, version, places[at].from, `the offset "${at}"`);
    return null;
  } catch (error) {
    return error as KafkaError;
  }
}

/** Java: Admin.deleteRecords. */
export async function deleteRecords(
  call: AdminCall,
  deletions: readonly RecordsToDelete[],
): Promise<Map<string, DeletedRecords>> {
  const wanted = byPartition(deletions);
  return performKeyed<string, DeletedRecords>(call, {
    keys: wanted.keys(),
    locate: partitionLeaders(wanted),
    perform: async (nodeId, keys) => {
      const response = await call.send(nodeId, deleteRecordsApi, {
        topics: [...byTopic(keys.map((key) => wanted.get(key)!))].map(([name, partitions]) => ({
          name,
          partitions: partitions.map(({ partition, beforeOffset }) => ({
            partitionIndex: partition,
            offset: beforeOffset,
          })),
        })),
        timeoutMs: call.requestTimeoutMs,
      });
      const outcomes = new Map<string, Outcome<DeletedRecords>>();
      for (const { name: topic, partitions } of response.topics) {
        for (const { partitionIndex: partition, lowWatermark, errorCode } of partitions) {
          const deleted = { topic, partition, lowWatermark };
          outcomes.set(partitionKey(topic, partition), leaderOutcome(errorCode, null, deleted) ?? { value: deleted });
        }
      }
      return outcomes;
    },
  });
}
