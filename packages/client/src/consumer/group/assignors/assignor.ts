// What divides a group's partitions among its members: the interface that the assignors here and those of users fit (Java's
// ConsumerPartitionAssignor). Assignors are pure: what one has to remember is given to it.

import type { TopicPartition } from "../../../records.ts";

/** Eager members give everything back before a rebalance; cooperative ones only what somebody else shall have (KIP-429). */
export type RebalanceProtocol = "eager" | "cooperative";

/** A partition that can be assigned. */
export interface AssignablePartition {
  readonly partition: number;
  /** Racks of its replicas (KIP-881); empty when they are not known. */
  readonly racks: readonly string[];
}

/** A member as it told of itself when it joined. */
export interface AssignorMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly topics: readonly string[];
  /** What it had when it joined; empty with the eager protocol. */
  readonly ownedPartitions: readonly TopicPartition[];
  /** The generation in which it had that; -1 when it did not tell. */
  readonly generationId: number;
  readonly rack: string | null;
  readonly userData: Buffer | null;
}

export interface GroupToAssign {
  /** The topics that somebody subscribed to and that exist, with their partitions by number. */
  readonly topics: ReadonlyMap<string, readonly AssignablePartition[]>;
  readonly members: readonly AssignorMember[];
}

/** Each member's partitions, by member id. A member that is not there gets nothing. */
export type GroupAssignment = ReadonlyMap<string, readonly TopicPartition[]>;

/** What a member knows of its past, for the data that its assignor sends along. */
export interface AssignorContext {
  readonly topics: readonly string[];
  /** What was assigned last, even when it was given back since; null before the first assignment. */
  readonly lastAssignment: readonly TopicPartition[] | null;
  /** The generation of that assignment; -1 before the first. */
  readonly lastGenerationId: number;
}

export interface Assignor {
  /** All members of a group must have an assignor of one name. */
  readonly name: string;
  /** Default ["eager"]. */
  readonly protocols?: readonly RebalanceProtocol[];
  /**
   * Divides the partitions; runs in the member that leads the group. Under the cooperative protocol it must not give a partition to a
   * member while another one owns it: it leaves it out, and gives it in the rebalance that follows.
   */
  assign(group: GroupToAssign): GroupAssignment;
  /** Bytes that every member sends along when it joins. Default: none. */
  subscriptionUserData?(context: AssignorContext): Buffer | null;
}

/** The members in the order of range and roundrobin: static ones first, by instance id, then the others by member id. */
export function compareMembers(one: AssignorMember, other: AssignorMember): number {
  if (one.groupInstanceId !== null && other.groupInstanceId !== null)
    return compare(one.groupInstanceId, other.groupInstanceId);
  if (one.groupInstanceId !== null) return -1;
  if (other.groupInstanceId !== null) return 1;
  return compare(one.memberId, other.memberId);
}

/** KIP-881: racks count only when some partitions have no replica on some of the racks, and members are on racks that have replicas. */
export function racksMatter(consumerRacks: ReadonlySet<string>, partitions: Iterable<AssignablePartition>): boolean {
  if (consumerRacks.size === 0) return false;
  const sets = [...partitions].map(({ racks }) => new Set(racks));
  const all = new Set(sets.flatMap((racks) => [...racks]));
  if ([...consumerRacks].every((rack) => !all.has(rack))) return false;
  return sets.some((racks) => racks.size !== all.size);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
