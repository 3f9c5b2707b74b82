// Builds the records of consumer groups (Kafka's GroupCoordinatorRecordHelpers): one function for each that is written.

import type { GroupRecord } from "../group-records.ts";
import type { Assignment, OwnedAssignment } from "./assignment.ts";
import { toTopicPartitions } from "./assignment.ts";
import type { ConsumerMember } from "./consumer-member.ts";
import type { ResolvedPattern } from "./subscriptions.ts";

export function memberMetadataRecord(groupId: string, member: ConsumerMember): GroupRecord {
  return {
    kind: "ConsumerGroupMemberMetadata",
    key: { groupId, memberId: member.memberId },
    value: {
      instanceId: member.instanceId,
      rackId: member.rackId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      subscribedTopicNames: member.topicNames as string[],
      subscribedTopicRegex: member.topicRegex,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      serverAssignor: member.serverAssignor,
      classicMemberMetadata: member.classic,
    },
  };
}

export function currentAssignmentRecord(groupId: string, member: ConsumerMember): GroupRecord {
  return {
    kind: "ConsumerGroupCurrentMemberAssignment",
    key: { groupId, memberId: member.memberId },
    value: {
      memberEpoch: member.memberEpoch,
      previousMemberEpoch: member.previousMemberEpoch,
      state: member.state,
      assignedPartitions: withEpochs(member.assigned),
      partitionsPendingRevocation: withEpochs(member.pendingRevocation),
    },
  };
}

function withEpochs(
  owned: OwnedAssignment,
): { topicId: string; partitions: number[]; assignmentEpochs: number[] | null }[] {
  const list = [];
  for (const [topicId, { partitions, epochs }] of owned) {
    list.push({ topicId, partitions: partitions as number[], assignmentEpochs: epochs as number[] });
  }
  return list;
}

export function targetAssignmentRecord(groupId: string, memberId: string, target: Assignment): GroupRecord {
  return {
    kind: "ConsumerGroupTargetAssignmentMember",
    key: { groupId, memberId },
    value: { topicPartitions: toTopicPartitions(target) },
  };
}

export function targetAssignmentMetadataRecord(
  groupId: string,
  target: { assignmentEpoch: number; assignmentTimestamp: number },
): GroupRecord {
  return { kind: "ConsumerGroupTargetAssignmentMetadata", key: { groupId }, value: target };
}

export function groupEpochRecord(groupId: string, epoch: number, metadataHash: string): GroupRecord {
  return { kind: "ConsumerGroupMetadata", key: { groupId }, value: { epoch, metadataHash } };
}

export function patternRecord(groupId: string, pattern: string, { topics, ...rest }: ResolvedPattern): GroupRecord {
  return {
    kind: "ConsumerGroupRegularExpression",
    key: { groupId, regularExpression: pattern },
    value: { topics: topics as string[], version: rest.version, timestamp: rest.timestampMs },
  };
}

export function patternTombstone(groupId: string, pattern: string): GroupRecord {
  return { kind: "ConsumerGroupRegularExpression", key: { groupId, regularExpression: pattern }, value: null };
}

/** A record that older coordinators kept, and newer replace by the hash in the group's epoch. */
export function partitionMetadataTombstone(groupId: string): GroupRecord {
  return { kind: "ConsumerGroupPartitionMetadata", key: { groupId }, value: null };
}

/** What makes one member be forgotten; replay insists on the order. */
export function memberTombstones(groupId: string, memberId: string): GroupRecord[] {
  const key = { groupId, memberId };
  return [
    { kind: "ConsumerGroupCurrentMemberAssignment", key, value: null },
    { kind: "ConsumerGroupTargetAssignmentMember", key, value: null },
    { kind: "ConsumerGroupMemberMetadata", key, value: null },
  ];
}

/** What makes a whole group be forgotten; replay insists on the order. */
export function groupTombstones(
  groupId: string,
  memberIds: readonly string[],
  patterns: Iterable<string>,
): GroupRecord[] {
  const records: GroupRecord[] = [];
  for (const memberId of memberIds) {
    records.push({ kind: "ConsumerGroupCurrentMemberAssignment", key: { groupId, memberId }, value: null });
  }
  for (const memberId of memberIds) {
    records.push({ kind: "ConsumerGroupTargetAssignmentMember", key: { groupId, memberId }, value: null });
  }
  records.push({ kind: "ConsumerGroupTargetAssignmentMetadata", key: { groupId }, value: null });
  for (const memberId of memberIds) {
    records.push({ kind: "ConsumerGroupMemberMetadata", key: { groupId, memberId }, value: null });
  }
  for (const pattern of patterns) records.push(patternTombstone(groupId, pattern));
  records.push(partitionMetadataTombstone(groupId));
  records.push({ kind: "ConsumerGroupMetadata", key: { groupId }, value: null });
  return records;
}
