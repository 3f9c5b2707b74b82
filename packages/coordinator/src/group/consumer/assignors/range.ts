// The range assignor of KIP-848: each topic's partitions in contiguous ranges over its subscribers, in the order of instance ids, then member ids.
// Topics with the same number of partitions and the same subscribers are cut alike, so that a member has the same partition numbers of each.
// It does not look at what members had before.

import { assert } from "@ottla/base";
import { isSameAssignment } from "../assignment.ts";
import type { Assignment } from "../assignment.ts";
import type { AssignedTopic, AssigneeSpec, GroupSpec } from "./assignor.ts";

export function assignRanges({ members }: GroupSpec): Assignment[] {
  const order = members.map((_, index) => index).sort((left, right) => compare(members[left]!, members[right]!));
  const cutsOf = cutTopics(members);
  const targets: Assignment[] = Array.from({ length: members.length });
  for (const index of order) {
    const target = new Map<string, readonly number[]>();
    for (const cut of cutsOf.get(members[index]!.topics)!) {
      const range = cut.next();
      if (range.length > 0) target.set(cut.topicId, range);
    }
    targets[index] = isSameAssignment(target, members[index]!.previous) ? members[index]!.previous : target;
  }
  return targets;
}

/** Hands out one topic's ranges: the first subscribers get one partition more when they do not divide evenly. */
class TopicCut {
  readonly topicId: string;
  subscribers = 0;
  private readonly partitionCount: number;
  private handedOut = 0;
  private nextPartition = 0;

  constructor({ id, partitionCount }: AssignedTopic) {
    this.topicId = id;
    this.partitionCount = partitionCount;
  }

  next(): number[] {
    assert(this.handedOut < this.subscribers, "each subscriber gets one range");
    const extra = this.handedOut < this.partitionCount % this.subscribers ? 1 : 0;
    const size = Math.floor(this.partitionCount / this.subscribers) + extra;
    this.handedOut++;
    const range: number[] = [];
    for (let left = size; left > 0; left--) range.push(this.nextPartition++);
    return range;
  }
}

/** The cuts for each list of topics: members of one subscription share the list, so most groups have one. */
function cutTopics(members: readonly AssigneeSpec[]): Map<AssigneeSpec["topics"], TopicCut[]> {
  const byTopic = new Map<string, TopicCut>();
  const byList = new Map<AssigneeSpec["topics"], TopicCut[]>();
  for (const { topics } of members) {
    let cuts = byList.get(topics);
    if (cuts === undefined) {
      cuts = topics.map((topic) => byTopic.get(topic.id) ?? new TopicCut(topic));
      for (const cut of cuts) byTopic.set(cut.topicId, cut);
      byList.set(topics, cuts);
    }
    for (const cut of cuts) cut.subscribers++;
  }
  return byList;
}

// Static members first: their ids survive a restart, so their ranges do as well.
function compare(left: AssigneeSpec, right: AssigneeSpec): number {
  if (left.instanceId !== null && right.instanceId !== null) return left.instanceId < right.instanceId ? -1 : 1;
  if (left.instanceId !== null) return -1;
  if (right.instanceId !== null) return 1;
  return left.memberId < right.memberId ? -1 : 1;
}
