// Where on their disks brokers keep replicas (KIP-113, KIP-827): describe the folders, find replicas in them, move replicas.
// Java: Admin.describeLogDirs, describeReplicaLogDirs, alterReplicaLogDirs. Each goes to the brokers that it names.

import { errorCodes } from "@ottla/protocol";
import { alterReplicaLogDirsApi } from "@ottla/protocol/messages/34-alter-replica-log-dirs.ts";
import { describeLogDirsApi } from "@ottla/protocol/messages/35-describe-log-dirs.ts";
import type { DescribeLogDirsResponse } from "@ottla/protocol/messages/35-describe-log-dirs.ts";
import { brokerError } from "../errors.ts";
import type { KafkaError } from "../errors.ts";
import type { TopicPartition } from "../records.ts";
import type { AdminCall } from "./admin-call.ts";
import { performKeyed } from "./keyed.ts";
import type { Outcome } from "./keyed.ts";
import { brokerNamedBy, byTopic } from "./lookups.ts";

export interface Replica extends TopicPartition {
  readonly brokerId: number;
}

export interface ReplicaMove extends Replica {
  /** Absolute path of a folder of the broker's log.dirs. */
  readonly logDir: string;
}

export interface LogDirReplica extends TopicPartition {
  readonly sizeBytes: number;
  /** How far the replica is behind: the current one behind the high watermark, a future one behind the current one. */
  readonly offsetLag: number;
  /** It is being moved to this folder. */
  readonly isFuture: boolean;
}

export interface LogDirDescription {
  readonly path: string;
  /** KAFKA_STORAGE_ERROR when the folder is offline, otherwise null. */
  readonly error: KafkaError | null;
  readonly replicas: readonly LogDirReplica[];
  /** Of the volume; null when the broker does not tell (before 3.3). */
  readonly totalBytes: number | null;
  readonly usableBytes: number | null;
  /** No new replicas are put here (KIP-1066). */
  readonly isCordoned: boolean;
}

export interface ReplicaPlace {
  readonly path: string;
  readonly offsetLag: number;
}

export interface ReplicaLogDirs extends Replica {
  /** null when the broker has no such replica, or its folder is offline. */
  readonly current: ReplicaPlace | null;
  /** Where it is being moved to, or null. */
  readonly future: ReplicaPlace | null;
}

/** The key of a replica in results: "topic-partition-broker", as Java writes it. */
export function replicaKey({ topic, partition, brokerId }: Replica): string {
  return `${topic}-${partition}-${brokerId}`;
}

/** Java: Admin.describeLogDirs. */
export async function describeLogDirs(
  call: AdminCall,
  brokerIds: readonly number[],
): Promise<Map<number, LogDirDescription[]>> {
  return performKeyed<number, LogDirDescription[]>(call, {
    keys: brokerIds,
    locate: brokerNamedBy((brokerId) => brokerId),
    perform: async (nodeId, keys) => {
      const response = await call.send(nodeId, describeLogDirsApi, { topics: null });
      return new Map(keys.map((key) => [key, folders(response, key)]));
    },
  });
}

/** A broker always has a folder: an answer without any is a refusal, which versions before 3 could not say otherwise. */
function folders({ errorCode, results }: DescribeLogDirsResponse, nodeId: number): Outcome<LogDirDescription[]> {
  if (results.length > 0) return { value: results.map(folderOf) };
  const code = errorCode === errorCodes.NONE ? errorCodes.CLUSTER_AUTHORIZATION_FAILED : errorCode;
  return { error: brokerError(code, null, { nodeId }) };
}

function folderOf(result: DescribeLogDirsResponse["results"][number]): LogDirDescription {
  return {
    path: result.logDir,
    error: result.errorCode === errorCodes.NONE ? null : brokerError(result.errorCode, null),
    replicas: result.topics.flatMap(({ name: topic, partitions }) =>
      partitions.map(({ partitionIndex: partition, partitionSize, offsetLag, isFutureKey }) => ({
        topic,
        partition,
        sizeBytes: partitionSize,
        offsetLag,
        isFuture: isFutureKey,
      })),
    ),
    totalBytes: result.totalBytes < 0 ? null : result.totalBytes,
    usableBytes: result.usableBytes < 0 ? null : result.usableBytes,
    isCordoned: result.isCordoned,
  };
}

/** Java: Admin.describeReplicaLogDirs. */
export async function describeReplicaLogDirs(
  call: AdminCall,
  replicas: readonly Replica[],
): Promise<Map<string, ReplicaLogDirs>> {
  const wanted = new Map(replicas.map((replica) => [replicaKey(replica), replica]));
  return performKeyed<string, ReplicaLogDirs>(call, {
    keys: wanted.keys(),
    locate: brokerNamedBy((key) => wanted.get(key)!.brokerId),
    perform: async (nodeId, keys) => {
      const response = await call.send(nodeId, describeLogDirsApi, {
        topics: [...byTopic(keys.map((key) => wanted.get(key)!))].map(([topic, those]) => ({
          topic,
          partitions: those.map(({ partition }) => partition),
        })),
      });
      const described = folders(response, nodeId!);
      return new Map(
        keys.map((key) => [key, "value" in described ? found(described.value, wanted.get(key)!) : described]),
      );
    },
  });
}

function found(dirs: readonly LogDirDescription[], replica: Replica): Outcome<ReplicaLogDirs> {
  let current: ReplicaPlace | null = null;
  let future: ReplicaPlace | null = null;
  for (const { path, error, replicas } of dirs) {
    if (error !== null && error.code !== "KAFKA_STORAGE_ERROR") return { error };
    for (const { topic, partition, offsetLag, isFuture } of replicas) {
      if (topic !== replica.topic || partition !== replica.partition) continue;
      if (isFuture) future = { path, offsetLag };
      else current = { path, offsetLag };
    }
  }
  const { topic, partition, brokerId } = replica;
  return { value: { topic, partition, brokerId, current, future } };
}

/** Java: Admin.alterReplicaLogDirs. */
export async function alterReplicaLogDirs(call: AdminCall, moves: readonly ReplicaMove[]): Promise<void> {
  const wanted = new Map(moves.map((move) => [replicaKey(move), move]));
  await performKeyed<string, null>(call, {
    keys: wanted.keys(),
    locate: brokerNamedBy((key) => wanted.get(key)!.brokerId),
    perform: async (nodeId, keys) => {
      const those = keys.map((key) => wanted.get(key)!);
      const response = await call.send(nodeId, alterReplicaLogDirsApi, {
        dirs: [...new Set(those.map(({ logDir }) => logDir))].map((path) => ({
          path,
          topics: [...byTopic(those.filter(({ logDir }) => logDir === path))].map(([name, replicas]) => ({
            name,
            partitions: replicas.map(({ partition }) => partition),
          })),
        })),
      });
      const outcomes = new Map<string, Outcome<null>>();
      for (const { topicName: topic, partitions } of response.results) {
        for (const { partitionIndex: partition, errorCode } of partitions) {
          const error = brokerError(errorCode, null, { topic, partition, nodeId: nodeId! });
          const key = replicaKey({ topic, partition, brokerId: nodeId! });
          outcomes.set(key, errorCode === errorCodes.NONE ? { value: null } : { error });
        }
      }
      return outcomes;
    },
  });
}
