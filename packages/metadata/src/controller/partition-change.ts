// What happens to a partition when a broker comes or goes: its ISR, its eligible leader replicas (KIP-966) and its leader.
// The rules of Kafka's PartitionChangeBuilder for elections from the ISR or the ELR, and of the last known leader, which may come back when
// both are empty. Left out until AlterPartitionReassignments and ElectLeaders are there: reassignments, preferred and unclean elections.
// Invariant: a partition with an eligible live replica gets a leader; one without keeps its data and waits.

import { NO_LEADER } from "../image/image-types.ts";
import type { PartitionImage } from "../image/image-types.ts";
import { NO_LEADER_CHANGE, NO_RECOVERY_CHANGE } from "../image/partition-image.ts";
import type { RecordValue } from "../records/metadata-record.ts";

export interface PartitionSituation {
  readonly partition: PartitionImage;
  /** A broker that leaves the ISR and may not lead; it stays eligible under KIP-966, for it stopped in order. */
  readonly leaving: number | null;
  /** A broker that came back from a crash: it may have lost records, so it leaves the ISR and the ELR (KIP-966). */
  readonly crashed: number | null;
  /** min.insync.replicas, at most the number of replicas. */
  readonly minInsyncReplicas: number;
  readonly keepsElr: boolean;
  readonly canLead: (brokerId: number) => boolean;
}

/** What changes, without topic and partition; null when nothing does. */
export type PartitionChange = Omit<RecordValue<"partitionChange">, "topicId" | "partitionId">;

const RECOVERING = 1;

export function changePartition(situation: PartitionSituation): PartitionChange | null {
  const { partition, leaving, crashed, keepsElr } = situation;
  const remaining = partition.isr.filter((id) => id !== leaving && id !== crashed);
  const elr = eligibleReplicas(situation, remaining);
  const election = elect(situation, remaining, elr);
  const isr = nextIsr(partition, remaining, election, keepsElr);
  const nextElr = keepsElr && !election.unclean ? elr.filter((id) => id !== election.leader) : [];
  const leaderChanges = election.leader !== partition.leader;
  const change: PartitionChange = {
    isr: equalLists(isr, partition.isr) ? null : isr,
    leader: leaderChanges ? election.leader : NO_LEADER_CHANGE,
    replicas: null,
    removingReplicas: null,
    addingReplicas: null,
    leaderRecoveryState:
      election.unclean && partition.leaderRecoveryState !== RECOVERING ? RECOVERING : NO_RECOVERY_CHANGE,
    directories: null,
    eligibleLeaderReplicas: equalLists(nextElr, partition.eligibleLeaderReplicas) ? null : nextElr,
    lastKnownElr: keepsElr ? nextLastKnown(partition, election.leader, leaderChanges) : null,
  };
  return changesNothing(change) ? null : change;
}

interface Election {
  readonly leader: number;
  /** The last known leader came back though nothing says that it has every record. */
  readonly unclean: boolean;
}

/** Replicas outside the ISR that still have every committed record: there are some only while the ISR is below its minimum. */
function eligibleReplicas(situation: PartitionSituation, remaining: readonly number[]): number[] {
  const { partition, crashed, keepsElr, minInsyncReplicas } = situation;
  if (!keepsElr || remaining.length >= minInsyncReplicas) return [];
  const candidates = new Set([...partition.eligibleLeaderReplicas, ...partition.isr]);
  return [...candidates].filter((id) => !remaining.includes(id) && id !== crashed);
}

function elect(situation: PartitionSituation, isr: readonly number[], elr: readonly number[]): Election {
  const { partition, canLead, keepsElr } = situation;
  const electable = isr.length > 0 ? isr : elr;
  const mayLead = (id: number): boolean => electable.includes(id) && canLead(id);
  if (mayLead(partition.leader)) return { leader: partition.leader, unclean: false };
  const next = partition.replicas.find(mayLead);
  if (next !== undefined) return { leader: next, unclean: false };
  const lastKnown = partition.lastKnownElr[0];
  const nobodyIsEligible = isr.length === 0 && elr.length === 0 && partition.lastKnownElr.length === 1;
  if (keepsElr && nobodyIsEligible && canLead(lastKnown!)) return { leader: lastKnown!, unclean: true };
  return { leader: NO_LEADER, unclean: false };
}

/** Without KIP-966 the last replica never leaves the ISR. */
function nextIsr(
  partition: PartitionImage,
  remaining: readonly number[],
  { leader, unclean }: Election,
  keepsElr: boolean,
): number[] {
  if (unclean) return [leader];
  if (remaining.length === 0 && leader !== NO_LEADER) return [leader];
  if (remaining.length === 0 && !keepsElr) return [...partition.isr];
  return [...remaining];
}

/** While there is no leader, lastKnownElr holds the last one. */
function nextLastKnown(partition: PartitionImage, leader: number, leaderChanges: boolean): number[] | null {
  if (leaderChanges && leader === NO_LEADER && partition.lastKnownElr.length === 0) return [partition.leader];
  if (leaderChanges && leader !== NO_LEADER && partition.lastKnownElr.length > 0) return [];
  return null;
}

function changesNothing(change: PartitionChange): boolean {
  return (
    change.isr === null &&
    change.leader === NO_LEADER_CHANGE &&
    change.leaderRecoveryState === NO_RECOVERY_CHANGE &&
    change.eligibleLeaderReplicas === null &&
    change.lastKnownElr === null
  );
}

function equalLists(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}
