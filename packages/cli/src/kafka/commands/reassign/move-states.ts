// How far reassignments and moves between folders have come, and the sentences for it. The sentences are pure.

import { replicaKey, settled } from "@ottla/client";
import type { Admin, ReplicaLogDirs, ReplicaMove } from "@ottla/client";
import { errorNameOf } from "../../text/java-error.ts";
import { comparePartitions, partitionText } from "../../text/java-format.ts";
import type { PartitionReplicas } from "./reassignment-file.ts";

export interface PartitionState {
  readonly target: PartitionReplicas;
  /** Of now. */
  readonly replicas: readonly number[];
  readonly isDone: boolean;
}

/** A partition that is not there has no replicas. */
export async function partitionStates(
  admin: Admin,
  targets: readonly PartitionReplicas[],
): Promise<{ readonly states: PartitionState[]; readonly anyUnderWay: boolean }> {
  const underWay = await admin.listPartitionReassignments();
  const others = targets.filter((target) => !underWay.has(partitionText(target)));
  const { values, errors } = await settled(admin.describeTopics([...new Set(others.map(({ topic }) => topic))]));
  const [failed] = [...errors.values()].filter((error) => errorNameOf(error) !== "UNKNOWN_TOPIC_OR_PARTITION");
  if (failed !== undefined) throw failed;
  const states = targets.map((target) => {
    const moving = underWay.get(partitionText(target));
    if (moving !== undefined) return { target, replicas: moving.replicas, isDone: false };
    const partition = values.get(target.topic)?.partitions.find((each) => each.partition === target.partition);
    return { target, replicas: partition?.replicas ?? [], isDone: true };
  });
  return { states, anyUnderWay: underWay.size > 0 };
}

export function partitionStateLines(states: readonly PartitionState[]): string[] {
  const sorted = [...states].sort((one, other) => comparePartitions(one.target, other.target));
  return ["Status of partition reassignment:", ...sorted.map(partitionStateLine)];
}

function partitionStateLine({ target, replicas, isDone }: PartitionState): string {
  const name = partitionText(target);
  if (!isDone) return `Reassignment of partition ${name} is still in progress.`;
  const now = replicas.join(",");
  const wanted = target.replicas.join(",");
  return now === wanted
    ? `Reassignment of partition ${name} is completed.`
    : `There is no active reassignment of partition ${name}, but replica set is ${now} rather than ${wanted}.`;
}

export interface MoveState {
  readonly move: ReplicaMove;
  /** Undefined when the broker tells nothing of the replica. */
  readonly places: ReplicaLogDirs | undefined;
}

export async function moveStates(admin: Admin, moves: readonly ReplicaMove[]): Promise<MoveState[]> {
  if (moves.length === 0) return [];
  const places = await admin.describeReplicaLogDirs(moves);
  return moves.map((move) => ({ move, places: places.get(replicaKey(move)) }));
}

/** Whether nothing more will happen to it. */
export function isMoveDone({ places }: MoveState): boolean {
  return places?.current !== undefined && places.current !== null && places.future === null;
}

/** Where the replica is now, while it is on its way to another folder; otherwise null. */
export function activeMove({ places }: MoveState): string | null {
  return places?.future === null ? null : (places?.current?.path ?? null);
}

export function moveStateLines(states: readonly MoveState[]): string[] {
  return [...states]
    .sort((one, other) => one.move.brokerId - other.move.brokerId || comparePartitions(one.move, other.move))
    .map(moveStateLine);
}

function moveStateLine({ move, places }: MoveState): string {
  const name = partitionText(move);
  const { brokerId, logDir } = move;
  if (places === undefined) return `Partition ${name} cannot be found in any live log directory on broker ${brokerId}.`;
  const { current, future } = places;
  if (current === null) {
    return `Partition ${name} is not found in any live log dir on broker ${brokerId}. There is likely an offline log directory on the broker.`;
  }
  if (future === null) {
    return current.path === logDir
      ? `Reassignment of replica ${replicaKey(move)} completed successfully.`
      : `Partition ${name} on broker ${brokerId} is not being moved from log dir ${current.path} to ${logDir}.`;
  }
  return future.path === logDir
    ? `Reassignment of replica ${replicaKey(move)} is still in progress.`
    : `Partition ${name} on broker ${brokerId} is being moved to log dir ${future.path} instead of ${logDir}.`;
}
