// The quorum of controllers: describe it, add and remove voters (KIP-836, KIP-853).
// Java: Admin.describeMetadataQuorum, addRaftVoter, removeRaftVoter. Any broker passes these on to the active controller.

import { addRaftVoterApi } from "@ottla/protocol/messages/80-add-raft-voter.ts";
import { describeQuorumApi } from "@ottla/protocol/messages/55-describe-quorum.ts";
import type { DescribeQuorumResponse } from "@ottla/protocol/messages/55-describe-quorum.ts";
import { removeRaftVoterApi } from "@ottla/protocol/messages/81-remove-raft-voter.ts";
import type { CallOptions } from "../records.ts";
import { incompleteAnswer, throwIfNotController, throwOnError } from "./admin-call.ts";
import type { AdminCall } from "./admin-call.ts";

export interface QuorumReplica {
  readonly replicaId: number;
  /** ZERO_UUID when the broker does not tell (before 3.9). */
  readonly directoryId: string;
  readonly logEndOffset: number;
  /** Milliseconds since 1970; null when unknown, as of the leader itself. */
  readonly lastFetchTimestampMs: number | null;
  readonly lastCaughtUpTimestampMs: number | null;
}

export interface RaftEndpoint {
  /** The listener's name. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface QuorumDescription {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly highWatermark: number;
  readonly voters: readonly QuorumReplica[];
  readonly observers: readonly QuorumReplica[];
  /** Where the voters listen, by node id; empty when the broker does not tell (before 3.9). */
  readonly nodes: ReadonlyMap<number, readonly RaftEndpoint[]>;
}

export interface RaftVoter {
  readonly voterId: number;
  /** The id of the voter's metadata folder: what `kafka-metadata-quorum describe` shows. */
  readonly directoryId: string;
}

export interface NewRaftVoter extends RaftVoter {
  readonly endpoints: readonly RaftEndpoint[];
}

export interface RaftVoterOptions extends CallOptions {
  /** Fails with INCONSISTENT_CLUSTER_ID in another cluster. Default: not checked. */
  readonly clusterId?: string;
}

const metadataTopic = "__cluster_metadata";

/** Java: Admin.describeMetadataQuorum. */
export async function describeMetadataQuorum(call: AdminCall): Promise<QuorumDescription> {
  return call.retry(async () => {
    const response = await call.send(null, describeQuorumApi, {
      topics: [{ topicName: metadataTopic, partitions: [{ partitionIndex: 0 }] }],
    });
    throwOnError(response.errorCode, response.errorMessage);
    const topic = response.topics.find(({ topicName }) => topicName === metadataTopic);
    const partition = topic?.partitions.find(({ partitionIndex }) => partitionIndex === 0);
    if (partition === undefined) throw incompleteAnswer("DescribeQuorum", metadataTopic);
    throwOnError(partition.errorCode, partition.errorMessage);
    const { leaderId, leaderEpoch, highWatermark, currentVoters, observers } = partition;
    return {
      leaderId,
      leaderEpoch,
      highWatermark,
      voters: currentVoters.map(replicaOf),
      observers: observers.map(replicaOf),
      nodes: new Map(response.nodes.map(({ nodeId, listeners }) => [nodeId, listeners])),
    };
  });
}

function replicaOf(
  replica: DescribeQuorumResponse["topics"][number]["partitions"][number]["observers"][number],
): QuorumReplica {
  const { replicaId, replicaDirectoryId, logEndOffset, lastFetchTimestamp, lastCaughtUpTimestamp } = replica;
  return {
    replicaId,
    directoryId: replicaDirectoryId,
    logEndOffset,
    lastFetchTimestampMs: lastFetchTimestamp < 0 ? null : lastFetchTimestamp,
    lastCaughtUpTimestampMs: lastCaughtUpTimestamp < 0 ? null : lastCaughtUpTimestamp,
  };
}

/** Java: Admin.addRaftVoter. */
export async function addRaftVoter(call: AdminCall, voter: NewRaftVoter, options: RaftVoterOptions): Promise<void> {
  const response = await call.retry(async () => {
    const answer = await call.send(null, addRaftVoterApi, {
      clusterId: options.clusterId ?? null,
      timeoutMs: call.requestTimeoutMs,
      voterId: voter.voterId,
      voterDirectoryId: voter.directoryId,
      listeners: [...voter.endpoints],
    });
    throwIfNotController(answer.errorCode);
    return answer;
  });
  throwOnError(response.errorCode, response.errorMessage);
}

/** Java: Admin.removeRaftVoter. */
export async function removeRaftVoter(call: AdminCall, voter: RaftVoter, options: RaftVoterOptions): Promise<void> {
  const response = await call.retry(async () => {
    const answer = await call.send(null, removeRaftVoterApi, {
      clusterId: options.clusterId ?? null,
      voterId: voter.voterId,
      voterDirectoryId: voter.directoryId,
    });
    throwIfNotController(answer.errorCode);
    return answer;
  });
  throwOnError(response.errorCode, response.errorMessage);
}
