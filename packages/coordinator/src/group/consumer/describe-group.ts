// ConsumerGroupDescribe: a consumer group as admin tools see it.

import { errorCodes } from "@ottla/protocol";
import type { ConsumerGroupDescribeResponseInput } from "@ottla/protocol/messages/69-consumer-group-describe.ts";
import type { TopicsView } from "../topics-view.ts";
import { ascending, NO_PARTITIONS } from "./assignment.ts";
import type { ConsumerGroup } from "./consumer-group.ts";
import type { ConsumerMember } from "./consumer-member.ts";

type Described = ConsumerGroupDescribeResponseInput["groups"][number];
type DescribedMember = Described["members"][number];
type DescribedAssignment = DescribedMember["assignment"];

const MEMBER_TYPES = { classic: 0, consumer: 1 } as const;

export function describeGroup(group: ConsumerGroup, topics: TopicsView, defaultAssignor: string): Described {
  const members: DescribedMember[] = [];
  for (const member of group.members.values()) members.push(describeMember(group, member, topics));
  return {
    errorCode: errorCodes.NONE,
    errorMessage: null,
    groupId: group.groupId,
    groupState: group.stateName(),
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    assignorName: group.preferredAssignor(null, null) ?? defaultAssignor,
    members,
  };
}

function describeMember(group: ConsumerGroup, member: ConsumerMember, topics: TopicsView): DescribedMember {
  return {
    memberId: member.memberId,
    instanceId: member.instanceId,
    rackId: member.rackId,
    memberEpoch: member.memberEpoch,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: member.topicNames,
    subscribedTopicRegex: member.topicRegex,
    assignment: named(stillHeld(member), topics),
    targetAssignment: named(group.targets.get(member.memberId) ?? NO_PARTITIONS, topics),
    memberType: member.classic === null ? MEMBER_TYPES.consumer : MEMBER_TYPES.classic,
  };
}

// What a member is about to give up it still answers for.
function stillHeld({ assigned, pendingRevocation }: ConsumerMember): Map<string, readonly number[]> {
  const held = new Map<string, readonly number[]>();
  for (const [topicId, { partitions }] of assigned) held.set(topicId, partitions);
  for (const [topicId, { partitions }] of pendingRevocation) {
    held.set(topicId, ascending([...(held.get(topicId) ?? []), ...partitions]));
  }
  return held;
}

// A topic that was deleted has no name any more and is left out.
function named(assignment: ReadonlyMap<string, readonly number[]>, topics: TopicsView): DescribedAssignment {
  const topicPartitions: { topicId: string; topicName: string; partitions: readonly number[] }[] = [];
  for (const [topicId, partitions] of assignment) {
    const topic = topics.topicById(topicId);
    if (topic !== undefined) topicPartitions.push({ topicId, topicName: topic.name, partitions });
  }
  return { topicPartitions };
}
