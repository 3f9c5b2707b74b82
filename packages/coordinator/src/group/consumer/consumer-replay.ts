// Replays the records of consumer groups: the only code that changes one (GroupMetadataManager.replay in Kafka 4.3).
// Tombstones of what is not there are passed over: a compacted log keeps them longer than what they are about.
// Invariant: a member is forgotten only after its assignments, a group only after its members.

import { assert } from "@ottla/base";
import type { GroupRecord } from "../group-records.ts";
import type { Group } from "../group.ts";
import { ascending, assignmentOf, isSameList } from "./assignment.ts";
import { ConsumerGroup } from "./consumer-group.ts";
import type { ConsumerMember } from "./consumer-member.ts";
import { departed, LEAVE_EPOCH, newMember, withCurrentAssignment, withMetadata } from "./consumer-member.ts";

type RecordOf<Kind extends GroupRecord["kind"]> = Extract<GroupRecord, { kind: Kind }>;
export type ConsumerGroupRecord = Exclude<GroupRecord, RecordOf<"OffsetCommit" | "GroupMetadata">>;

export function replayConsumerGroup(groups: Map<string, Group>, record: ConsumerGroupRecord): void {
  const group = groupOf(groups, record);
  if (group === null) return;
  switch (record.kind) {
    case "ConsumerGroupMemberMetadata":
      return replayMember(group, record);
    case "ConsumerGroupMetadata":
      return replayGroup(groups, group, record);
    case "ConsumerGroupPartitionMetadata":
      group.hasPartitionMetadata = record.value !== null;
      return;
    case "ConsumerGroupTargetAssignmentMember":
      return replayTarget(group, record);
    case "ConsumerGroupTargetAssignmentMetadata":
      return replayAssignmentEpoch(group, record);
    case "ConsumerGroupCurrentMemberAssignment":
      return replayCurrentAssignment(group, record);
    case "ConsumerGroupRegularExpression":
      return replayPattern(group, record);
  }
}

/** The group that a record is about, made when it is new; null when a tombstone is about none. */
function groupOf(groups: Map<string, Group>, { key: { groupId }, value }: ConsumerGroupRecord): ConsumerGroup | null {
  const known = groups.get(groupId);
  if (known instanceof ConsumerGroup) return known;
  if (value === null && known === undefined) return null;
  // Commits that come before the group's records in the log make a classic group that has nothing but them.
  const isSimple = known === undefined || (known.isEmpty() && known.protocolType() === "");
  assert(isSimple, `records of a consumer group for ${groupId}, which is a ${known?.type} group`);
  if (value === null) return null;
  const group = new ConsumerGroup(groupId);
  groups.set(groupId, group);
  return group;
}

function replayMember(group: ConsumerGroup, { key, value }: RecordOf<"ConsumerGroupMemberMetadata">): void {
  const { memberId } = key;
  const known = group.members.get(memberId);
  if (value !== null) {
    group.updateMember(shareTopicNames(group, withMetadata(known ?? newMember(memberId), value)));
    return;
  }
  if (known === undefined) return;
  assert(known.memberEpoch === LEAVE_EPOCH, `member ${memberId} is forgotten after its assignment`);
  assert(!group.targets.has(memberId), `member ${memberId} is forgotten after its target`);
  group.removeMember(memberId);
}

// Most members of a group subscribe alike: they share one list.
function shareTopicNames(group: ConsumerGroup, member: ConsumerMember): ConsumerMember {
  const { commonTopicNames } = group;
  if (commonTopicNames === member.topicNames) return member;
  if (isSameList(commonTopicNames, member.topicNames)) return { ...member, topicNames: commonTopicNames };
  group.commonTopicNames = member.topicNames;
  return member;
}

function replayGroup(
  groups: Map<string, Group>,
  group: ConsumerGroup,
  { key: { groupId }, value }: RecordOf<"ConsumerGroupMetadata">,
): void {
  if (value !== null) {
    group.groupEpoch = value.epoch;
    group.metadataHash = value.metadataHash;
    return;
  }
  assert(group.members.size === 0, `group ${groupId} is forgotten after its members`);
  assert(group.targets.size === 0, `group ${groupId} is forgotten after its targets`);
  assert(group.assignmentEpoch === -1, `group ${groupId} is forgotten after its assignment epoch`);
  groups.delete(groupId);
}

function replayTarget(group: ConsumerGroup, { key, value }: RecordOf<"ConsumerGroupTargetAssignmentMember">): void {
  if (value === null) group.targets.delete(key.memberId);
  else group.targets.set(key.memberId, assignmentOf(value.topicPartitions));
}

function replayAssignmentEpoch(
  group: ConsumerGroup,
  { value }: RecordOf<"ConsumerGroupTargetAssignmentMetadata">,
): void {
  assert(value !== null || group.targets.size === 0, `the assignment epoch of ${group.groupId} goes after its targets`);
  group.assignmentEpoch = value?.assignmentEpoch ?? -1;
  group.assignmentTimestampMs = value?.assignmentTimestamp ?? 0;
}

function replayCurrentAssignment(
  group: ConsumerGroup,
  { key: { memberId }, value }: RecordOf<"ConsumerGroupCurrentMemberAssignment">,
): void {
  const known = group.members.get(memberId);
  if (value !== null) group.updateMember(withCurrentAssignment(known ?? newMember(memberId), value));
  else if (known !== undefined) group.updateMember(departed(known));
}

function replayPattern(group: ConsumerGroup, { key, value }: RecordOf<"ConsumerGroupRegularExpression">): void {
  const resolved =
    value === null ? null : { topics: ascending(value.topics), version: value.version, timestampMs: value.timestamp };
  group.setResolvedPattern(key.regularExpression, resolved);
}
