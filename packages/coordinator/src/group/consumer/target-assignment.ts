// Computes what every member of a group shall have (Kafka's TargetAssignmentBuilder): asks the assignor and writes what is new.
// Invariant: a member whose target stays the same gets no record, so that a change of one member costs what it changes.

import type { GroupRecord } from "../group-records.ts";
import type { TopicsView } from "../topics-view.ts";
import type { AssignedTopic, AssigneeSpec, Assignor } from "./assignors/assignor.ts";
import { assignRanges } from "./assignors/range.ts";
import { assignUniformly } from "./assignors/uniform.ts";
import type { Assignment } from "./assignment.ts";
import { isSameAssignment, NO_PARTITIONS } from "./assignment.ts";
import type { ConsumerGroup } from "./consumer-group.ts";
import type { ConsumerMember } from "./consumer-member.ts";
import { targetAssignmentMetadataRecord, targetAssignmentRecord } from "./consumer-records.ts";

/** The server-side assignors by the names that clients and configs know. */
export const assignors: ReadonlyMap<string, Assignor> = new Map([
  ["uniform", assignUniformly],
  ["range", assignRanges],
]);

export interface TargetInput {
  readonly group: ConsumerGroup;
  /** The epoch that the targets are for. */
  readonly groupEpoch: number;
  /** A member as it will be once the records at hand are replayed; it may be new, or replace a static member. */
  readonly updated: ConsumerMember;
  readonly homogeneous: boolean;
  readonly assignor: Assignor;
  readonly topics: TopicsView;
  readonly wallMs: number;
}

/** The target of `updated`; adds to `records` what changes. */
export function computeTargets(input: TargetInput, records: GroupRecord[]): Assignment {
  const { group, updated, homogeneous, assignor, groupEpoch } = input;
  const members = specsOf(input);
  const targets = assignor({ members, homogeneous });
  let ownTarget = NO_PARTITIONS;
  members.forEach(({ memberId }, index) => {
    const target = targets[index]!;
    const known = group.targets.get(memberId);
    if (known === undefined || !isSameAssignment(known, target)) {
      records.push(targetAssignmentRecord(group.groupId, memberId, target));
    }
    if (memberId === updated.memberId) ownTarget = target;
  });
  const metadata = { assignmentEpoch: groupEpoch, assignmentTimestamp: input.wallMs };
  records.push(targetAssignmentMetadataRecord(group.groupId, metadata));
  return ownTarget;
}

function specsOf({ group, updated, topics }: TargetInput): AssigneeSpec[] {
  const subscribed = new SubscribedTopics(group, topics);
  const replacedId = updated.instanceId === null ? undefined : group.staticMembers.get(updated.instanceId);
  const specs: AssigneeSpec[] = [];
  const addSpec = (member: ConsumerMember, previous: Assignment): void => {
    specs.push({
      memberId: member.memberId,
      instanceId: member.instanceId,
      topics: subscribed.of(member),
      previous,
    });
  };
  let isKnown = false;
  for (const member of group.members.values()) {
    if (member.memberId === updated.memberId || member.memberId === replacedId) {
      if (isKnown) continue;
      isKnown = true;
      addSpec(updated, group.targetOf(updated.memberId, updated.instanceId));
    } else {
      addSpec(member, group.targets.get(member.memberId) ?? NO_PARTITIONS);
    }
  }
  if (!isKnown) addSpec(updated, NO_PARTITIONS);
  return specs;
}

/** The topics of subscriptions, one list for all members with the same one. */
class SubscribedTopics {
  private readonly group: ConsumerGroup;
  private readonly topics: TopicsView;
  private readonly lists: { names: readonly string[]; pattern: string; topics: AssignedTopic[] }[] = [];
  private readonly byKey = new Map<string, AssignedTopic[]>();

  constructor(group: ConsumerGroup, topics: TopicsView) {
    this.group = group;
    this.topics = topics;
  }

  of({ topicNames, topicRegex }: ConsumerMember): readonly AssignedTopic[] {
    // Members that subscribe alike mostly share the very list.
    for (const { names, pattern, topics } of this.lists) {
      if (names === topicNames && pattern === topicRegex) return topics;
    }
    // Topic names hold no comma.
    const key = `${topicNames.join(",")},,${topicRegex}`;
    let found = this.byKey.get(key);
    if (found === undefined) this.byKey.set(key, (found = this.lookUp(topicNames, topicRegex)));
    if (this.lists.length < 8) this.lists.push({ names: topicNames, pattern: topicRegex, topics: found });
    return found;
  }

  private lookUp(topicNames: readonly string[], topicRegex: string): AssignedTopic[] {
    const resolved = topicRegex === "" ? undefined : this.group.resolvedPatterns.get(topicRegex);
    const names = resolved === undefined ? topicNames : new Set([...topicNames, ...resolved.topics]);
    const found: AssignedTopic[] = [];
    for (const name of names) {
      const topic = this.topics.topic(name);
      if (topic !== undefined) found.push({ id: topic.id, partitionCount: topic.partitionCount });
    }
    return found;
  }
}
