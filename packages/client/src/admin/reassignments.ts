// Where partitions' replicas are and which of them leads: reassignments (KIP-455, KIP-860) and elections (KIP-183, KIP-460).
// Java: Admin.alterPartitionReassignments, listPartitionReassignments, electLeaders.

import { errorCodes } from "@ottla/protocol";
import { alterPartitionReassignmentsApi } from "@ottla/protocol/messages/45-alter-partition-reassignments.ts";
import { electLeadersApi } from "@ottla/protocol/messages/43-elect-leaders.ts";
import { listPartitionReassignmentsApi } from "@ottla/protocol/messages/46-list-partition-reassignments.ts";
import { brokerError } from "../errors.ts";
import type { KafkaError } from "../errors.ts";
import type { CallOptions, TopicPartition } from "../records.ts";
import { needsVersion, throwIfNotController, throwOnError } from "./admin-call.ts";
import type { AdminCall } from "./admin-call.ts";
import { valuesOrError } from "./admin-error.ts";
import { performKeyed } from "./keyed.ts";
import type { Outcome } from "./keyed.ts";
import { byPartition, byTopic, controllerOf, partitionKey } from "./lookups.ts";

export interface NewReassignment extends TopicPartition {
  /** Broker ids; the first becomes the preferred leader. null cancels a reassignment under way. */
  readonly replicas: readonly number[] | null;
}

export interface AlterReassignmentsOptions extends CallOptions {
  /** Whether the number of replicas may change (KIP-860). Default true. */
  readonly allowReplicationFactorChange?: boolean;
}

export interface PartitionReassignment extends TopicPartition {
  /** All replicas, those added and those on their way out included. */
  readonly replicas: readonly number[];
  readonly addingReplicas: readonly number[];
  readonly removingReplicas: readonly number[];
}

/** PREFERRED: the first replica leads again. UNCLEAN: any replica may, even if records are lost. */
export type ElectionType = "PREFERRED" | "UNCLEAN";

/** Java: Admin.alterPartitionReassignments. */
export async function alterPartitionReassignments(
  call: AdminCall,
  reassignments: readonly NewReassignment[],
  options: AlterReassignmentsOptions,
): Promise<void> {
  const wanted = byPartition(reassignments);
  const { allowReplicationFactorChange = true } = options;
  await performKeyed<string, null>(call, {
    keys: wanted.keys(),
    locate: controllerOf,
    perform: async (nodeId, keys) => {
      const response = await call.send(nodeId, alterPartitionReassignmentsApi, (version) => {
        if (!allowReplicationFactorChange)
          needsVersion(alterPartitionReassignmentsApi, version, 1, "forbidding a new replication factor");
        return {
          timeoutMs: call.requestTimeoutMs,
          allowReplicationFactorChange,
          topics: [...byTopic(keys.map((key) => wanted.get(key)!))].map(([name, partitions]) => ({
            name,
            partitions: partitions.map(({ partition, replicas }) => ({
              partitionIndex: partition,
              replicas: replicas === null ? null : [...replicas],
            })),
          })),
        };
      });
      throwOnError(response.errorCode, response.errorMessage);
      const outcomes = new Map<string, Outcome<null>>();
      for (const { name: topic, partitions } of response.responses) {
        for (const { partitionIndex: partition, errorCode, errorMessage } of partitions) {
          const error = brokerError(errorCode, errorMessage, { topic, partition });
          outcomes.set(partitionKey(topic, partition), errorCode === errorCodes.NONE ? { value: null } : { error });
        }
      }
      return outcomes;
    },
  });
}

/** Java: Admin.listPartitionReassignments. Only partitions that are being moved are listed. */
export async function listPartitionReassignments(
  call: AdminCall,
  partitions: readonly TopicPartition[] | "all",
): Promise<Map<string, PartitionReassignment>> {
  if (partitions.length === 0) return new Map();
  const response = await call.retry(async (isFirst) => {
    const answer = await call.send(await call.controller(!isFirst), listPartitionReassignmentsApi, {
      timeoutMs: call.requestTimeoutMs,
      topics: topicsOf(partitions)?.map(([name, partitionIndexes]) => ({ name, partitionIndexes })) ?? null,
    });
    throwOnError(answer.errorCode, answer.errorMessage);
    return answer;
  });
  const found = response.topics.flatMap(({ name: topic, partitions: moving }) =>
    moving.map(({ partitionIndex: partition, ...replicas }) => ({ topic, partition, ...replicas })),
  );
  return byPartition(found);
}

/**
 * Java: Admin.electLeaders. The partitions that got a leader; with "all", only those that needed one are told at all. What has its
 * leader already fails with ELECTION_NOT_NEEDED.
 */
export async function electLeaders(
  call: AdminCall,
  type: ElectionType,
  partitions: readonly TopicPartition[] | "all",
): Promise<Map<string, TopicPartition>> {
  if (partitions.length === 0) return new Map();
  const response = await call.retry(async (isFirst) => {
    const answer = await call.send(await call.controller(!isFirst), electLeadersApi, (version) => {
      if (type === "UNCLEAN") needsVersion(electLeadersApi, version, 1, "an unclean election");
      return {
        electionType: type === "UNCLEAN" ? 1 : 0,
        topicPartitions: topicsOf(partitions)?.map(([topic, those]) => ({ topic, partitions: those })) ?? null,
        timeoutMs: call.requestTimeoutMs,
      };
    });
    throwIfNotController(answer.errorCode);
    return answer;
  });
  throwOnError(response.errorCode);
  const elected = new Map<string, TopicPartition>();
  const errors = new Map<string, KafkaError>();
  for (const { topic, partitionResult } of response.replicaElectionResults) {
    for (const { partitionId: partition, errorCode, errorMessage } of partitionResult) {
      const key = partitionKey(topic, partition);
      if (errorCode === errorCodes.NONE) elected.set(key, { topic, partition });
      else errors.set(key, brokerError(errorCode, errorMessage, { topic, partition }));
    }
  }
  return valuesOrError(elected, errors);
}

function topicsOf(partitions: readonly TopicPartition[] | "all"): [string, number[]][] | null {
  if (partitions === "all") return null;
  return [...byTopic(byPartition(partitions).values())].map(([topic, those]) => [
    topic,
    those.map(({ partition }) => partition),
  ]);
}
