// How records make and change a partition: Kafka's PartitionRegistration(record) and PartitionRegistration.merge.
// Any change raises the partition epoch; naming a leader raises the leader epoch too, even when it is the same broker.

import { ZERO_UUID } from "@ottla/base";
import type { RecordValue } from "../records/metadata-record.ts";
import type { PartitionImage } from "./image-types.ts";

/** A PartitionChangeRecord's leader when it did not change. */
export const NO_LEADER_CHANGE = -2;
/** A PartitionChangeRecord's leaderRecoveryState when it did not change. */
export const NO_RECOVERY_CHANGE = -1;
/** KIP-858: nobody said yet which directory a replica is in. */
export const UNASSIGNED_DIRECTORY = "AAAAAAAAAAAAAAAAAAAAAQ";
/** KIP-858: the directory of a replica from before directories were recorded. */
export const MIGRATING_DIRECTORY = ZERO_UUID;

const NONE: readonly number[] = [];

export function createPartitionImage(value: RecordValue<"partition">): PartitionImage {
  return {
    replicas: value.replicas,
    directories: value.directories.length > 0 ? value.directories : value.replicas.map(() => MIGRATING_DIRECTORY),
    isr: value.isr,
    removingReplicas: shared(value.removingReplicas),
    addingReplicas: shared(value.addingReplicas),
    eligibleLeaderReplicas: shared(value.eligibleLeaderReplicas),
    lastKnownElr: shared(value.lastKnownElr),
    leader: value.leader,
    leaderRecoveryState: value.leaderRecoveryState,
    leaderEpoch: value.leaderEpoch,
    partitionEpoch: value.partitionEpoch,
  };
}

export function mergePartitionChange(
  partition: PartitionImage,
  change: RecordValue<"partitionChange">,
): PartitionImage {
  const replicas = change.replicas ?? partition.replicas;
  return {
    replicas,
    directories:
      change.directories ?? (change.replicas === null ? partition.directories : movedDirectories(partition, replicas)),
    isr: change.isr ?? partition.isr,
    removingReplicas: shared(change.removingReplicas ?? partition.removingReplicas),
    addingReplicas: shared(change.addingReplicas ?? partition.addingReplicas),
    eligibleLeaderReplicas: shared(change.eligibleLeaderReplicas ?? partition.eligibleLeaderReplicas),
    lastKnownElr: shared(change.lastKnownElr ?? partition.lastKnownElr),
    leader: change.leader === NO_LEADER_CHANGE ? partition.leader : change.leader,
    leaderRecoveryState:
      change.leaderRecoveryState === NO_RECOVERY_CHANGE ? partition.leaderRecoveryState : change.leaderRecoveryState,
    leaderEpoch: change.leader === NO_LEADER_CHANGE ? partition.leaderEpoch : partition.leaderEpoch + 1,
    partitionEpoch: partition.partitionEpoch + 1,
  };
}

/** The same partition when there is nothing to clear. */
export function clearElr(partition: PartitionImage): PartitionImage {
  if (partition.eligibleLeaderReplicas.length === 0 && partition.lastKnownElr.length === 0) return partition;
  return {
    ...partition,
    eligibleLeaderReplicas: NONE,
    lastKnownElr: NONE,
    partitionEpoch: partition.partitionEpoch + 1,
  };
}

/** Most of these lists are empty: one empty list serves them all. */
function shared(list: readonly number[] | null): readonly number[] {
  return list === null || list.length === 0 ? NONE : list;
}

function movedDirectories(partition: PartitionImage, replicas: readonly number[]): string[] {
  return replicas.map((replica) => partition.directories[partition.replicas.indexOf(replica)] ?? UNASSIGNED_DIRECTORY);
}
