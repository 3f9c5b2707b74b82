// What the leader of a classic group does between JoinGroup and SyncGroup: reads what the members subscribe to, and divides the partitions.
// Also what it watches afterwards: a change of the topics' partitions calls for a new rebalance.

import type { JoinGroupResponse } from "@ottla/protocol/messages/11-join-group.ts";
import { KafkaError } from "../../errors.ts";
import type { MetadataView } from "../../network/cluster.ts";
import type { TopicPartition } from "../../records.ts";
import type { AssignablePartition, Assignor, GroupAssignment, AssignorMember } from "./assignors/assignor.ts";
import { decodeMember } from "./consumer-protocol.ts";
import { compareText, keyOf } from "./partition-set.ts";

export interface GroupToLead {
  readonly members: readonly AssignorMember[];
  /** Those whose subscription cannot be read; they get nothing. */
  readonly unreadable: readonly string[];
  /** All topics that somebody subscribes to. */
  readonly topics: readonly string[];
  /** Everybody keeps what they have: a static leader came back (KIP-814). */
  readonly skipAssignment: boolean;
}

export function groupToLead({ members, skipAssignment }: JoinGroupResponse): GroupToLead {
  const read: AssignorMember[] = [];
  const unreadable: string[] = [];
  for (const member of members) {
    const decoded = decodeMember(member);
    if (decoded === null) unreadable.push(member.memberId);
    else read.push(decoded);
  }
  const topics = [...new Set(read.flatMap((member) => member.topics))].toSorted(compareText);
  return { members: read, unreadable, topics, skipAssignment };
}

/** @throws KafkaError when the assignor throws, or gives a partition away that another member still owns */
export function assignGroup(
  { members, unreadable, topics }: GroupToLead,
  assignor: Assignor,
  options: { readonly view: MetadataView; readonly isCooperative: boolean },
): GroupAssignment {
  const known = new Map<string, readonly AssignablePartition[]>();
  for (const topic of topics) {
    const partitions = assignable(topic, options.view);
    if (partitions.length > 0) known.set(topic, partitions);
  }
  const assignment = new Map<string, readonly TopicPartition[]>();
  for (const memberId of unreadable) assignment.set(memberId, []);
  for (const { memberId } of members) assignment.set(memberId, []);
  try {
    for (const [memberId, partitions] of assignor.assign({ topics: known, members }))
      assignment.set(memberId, partitions);
  } catch (cause) {
    throw new KafkaError(`the assignor ${assignor.name} failed`, { code: "ASSIGNOR", cause });
  }
  // cooperative-sticky looks at the generation of what members say they own, as Java's does, and may take from a zombie.
  if (options.isCooperative && assignor.name !== "cooperative-sticky") refuseStolen(members, assignment, assignor.name);
  return assignment;
}

/**
 * Whether somebody has to give partitions up before others get them, and to join again so that they do. Who went away instead, as a static
 * member whose next instance takes over its part of the generation, never will, and the partitions would have no owner until something else
 * brings a rebalance. A leader that came back cannot know what its predecessor had held back.
 */
export function isUnfinished({ members, skipAssignment }: GroupToLead, assignment: GroupAssignment | null): boolean {
  if (skipAssignment || assignment === null) return members.length > 1;
  const given = new Set([...assignment.values()].flatMap((partitions) => partitions.map(keyOf)));
  return members.some(({ ownedPartitions }) => ownedPartitions.some((each) => !given.has(keyOf(each))));
}

function assignable(topic: string, view: MetadataView): AssignablePartition[] {
  return (view.topics.get(topic)?.partitions ?? []).map(({ partition, replicas }) => ({
    partition,
    racks: replicas.flatMap((nodeId) => view.brokers.get(nodeId)?.rack ?? []),
  }));
}

function refuseStolen(members: readonly AssignorMember[], assignment: GroupAssignment, name: string): void {
  const revoked = new Set<string>();
  const added = new Set<string>();
  for (const { memberId, ownedPartitions } of members) {
    const owned = new Set(ownedPartitions.map(keyOf));
    const assigned = new Set((assignment.get(memberId) ?? []).map(keyOf));
    for (const key of owned) if (!assigned.has(key)) revoked.add(key);
    for (const key of assigned) if (!owned.has(key)) added.add(key);
  }
  const stolen = [...added].filter((key) => revoked.has(key));
  if (stolen.length === 0) return;
  throw new KafkaError(
    `the assignor ${name} is cooperative and gave ${stolen.join(", ")} away, which another member still owns`,
    { code: "ASSIGNOR" },
  );
}

/** What a change of which makes the leader ask for a rebalance: the topics' partitions, and with racks those of the replicas (KIP-881). */
export function topicsFingerprint(topics: readonly string[], view: MetadataView, withRacks: boolean): string {
  return JSON.stringify(
    topics.map((topic) => {
      const partitions = assignable(topic, view);
      return [topic, partitions.length, withRacks ? partitions.map(({ racks }) => racks.toSorted(compareText)) : null];
    }),
  );
}
