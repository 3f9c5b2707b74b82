// The partitions of a new topic, or those added to one: placed by the controller or by hand, as PartitionRecords.
// Shared by CreateTopics and CreatePartitions; the rules are those of ReplicationControlManager.

import { errorCodes } from "@ottla/protocol";
import type { BrokerImage } from "../image/image-types.ts";
import { recordVersions, METADATA_VERSION } from "../records/feature-levels.ts";
import { makeRecord } from "../records/metadata-record.ts";
import type { MetadataRecord } from "../records/metadata-record.ts";
import type { ErrorResult } from "./controller-api.ts";
import { NO_ERROR, refusal } from "./decision.ts";
import type { DecisionContext } from "./decision.ts";
import { directoryFor, placeReplicas } from "./placement.ts";

/** A partition yet to be recorded. */
export interface NewPartition {
  readonly replicas: readonly number[];
  /** The replicas that can follow from the start; the first of them leads. */
  readonly isr: readonly number[];
}

export type NewPartitions = { readonly partitions: readonly NewPartition[] } | { readonly error: ErrorResult };

export function placePartitions(count: number, replicationFactor: number, context: DecisionContext): NewPartitions {
  const placement = placeReplicas({ partitions: count, replicationFactor }, context.image.brokers(), context.random);
  const prefix = `Unable to replicate the partition ${replicationFactor} time(s): `;
  if (!placement.ok) return { error: refusal(errorCodes.INVALID_REPLICATION_FACTOR, prefix + placement.reason) };
  return { partitions: placement.replicas.map((replicas) => ({ replicas, isr: activeOf(replicas, context) })) };
}

/** `replicationFactor` is that of the topic, or null while its first partition decides it. */
export function assignPartition(
  partitionIndex: number,
  replicas: readonly number[],
  replicationFactor: number | null,
  context: DecisionContext,
): NewPartition | { readonly error: ErrorResult } {
  const error = checkAssignment(replicas, replicationFactor, context);
  if (error !== NO_ERROR) return { error };
  const isr = activeOf(replicas, context);
  if (isr.length > 0) return { replicas, isr };
  const reason = `All brokers of the manual assignment of partition ${partitionIndex} are fenced or in controlled shutdown.`;
  return { error: refusal(errorCodes.INVALID_REPLICA_ASSIGNMENT, reason) };
}

export function partitionRecordOf(
  topicId: string,
  partitionId: number,
  partition: NewPartition,
  context: DecisionContext,
): MetadataRecord {
  const versions = recordVersions(context.image.feature(METADATA_VERSION));
  const { replicas, isr } = partition;
  const value = {
    partitionId,
    topicId,
    replicas: [...replicas],
    isr: [...isr],
    removingReplicas: [],
    addingReplicas: [],
    leader: isr[0]!,
    leaderRecoveryState: 0,
    leaderEpoch: 0,
    partitionEpoch: 0,
    directories: versions.directories ? replicas.map((id) => directoryFor(context.image.broker(id))) : [],
    eligibleLeaderReplicas: null,
    lastKnownElr: null,
  };
  return makeRecord("partition", value, versions.partition);
}

function activeOf(replicas: readonly number[], context: DecisionContext): number[] {
  return replicas.filter((id) => isActive(context.image.broker(id)));
}

/** Whether a broker can be in an ISR: neither fenced nor about to stop. */
export function isActive(broker: BrokerImage | undefined): boolean {
  return broker !== undefined && !broker.fenced && !broker.inControlledShutdown;
}

function checkAssignment(
  replicas: readonly number[],
  replicationFactor: number | null,
  context: DecisionContext,
): ErrorResult {
  const refuse = (reason: string): ErrorResult =>
    refusal(errorCodes.INVALID_REPLICA_ASSIGNMENT, `The manual assignment ${reason}.`);
  if (replicas.length === 0) return refuse("has a partition with no replicas");
  for (const [index, id] of replicas.entries()) {
    if (context.image.broker(id) === undefined) return refuse(`names broker ${id}, which is not registered`);
    if (replicas.indexOf(id) !== index) return refuse(`names broker ${id} more than once for one partition`);
  }
  if (replicationFactor !== null && replicas.length !== replicationFactor) {
    return refuse(`has a partition with ${replicas.length} replica(s) where the others have ${replicationFactor}`);
  }
  return NO_ERROR;
}
