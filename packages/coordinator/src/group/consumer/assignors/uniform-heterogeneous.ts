// The uniform assignor when members subscribe to different topics (Kafka's UniformHeterogeneousAssignmentBuilder).
// Three steps: keep what members had and still subscribe to; give away the rest, topics with the most partitions per subscriber first;
// then move partitions topic by topic from the fullest to the emptiest subscriber until nothing improves.
// Invariant: between the subscribers of a topic, no move of one of its partitions would even them out (unless the rounds ran out).

import { isSameAssignment } from "../assignment.ts";
import type { Assignment } from "../assignment.ts";
import type { AssignedTopic, AssigneeSpec } from "./assignor.ts";
import { LoadLevels } from "./load-levels.ts";

// Overlapping subscriptions may converge slowly; each round about halves what is uneven.
const BALANCING_ROUNDS_MAX = 16;

interface TopicState {
  readonly id: string;
  /** Indices of members, ascending. */
  readonly subscribers: number[];
  /** The index of the member that shall have each partition, or -1. */
  readonly owners: Int32Array;
  /** The id in the order that Kafka compares ids. */
  readonly rank: Buffer;
}

export function assignUnevenSubscriptions(members: readonly AssigneeSpec[]): Assignment[] {
  const sizes = new Int32Array(members.length);
  const topics = topicStates(members);
  keepSubscribed(members, topics, sizes);
  const sorted = [...topics.values()].sort(compareTopics);
  const levels = new LoadLevels(sizes);
  assignRemaining(sorted, levels, sizes);
  balance(
    sorted.filter(({ subscribers }) => subscribers.length > 1),
    levels,
    sizes,
  );
  return targetsOf(members, topics);
}

function topicStates(members: readonly AssigneeSpec[]): Map<string, TopicState> {
  const topics = new Map<string, TopicState>();
  // Members of one subscription share its list: its topics are looked up once.
  const byList = new Map<readonly AssignedTopic[], TopicState[]>();
  members.forEach((member, index) => {
    let states = byList.get(member.topics);
    if (states === undefined) {
      states = member.topics.map((topic) => topics.get(topic.id) ?? newTopicState(topic));
      for (const state of states) topics.set(state.id, state);
      byList.set(member.topics, states);
    }
    for (const state of states) state.subscribers.push(index);
  });
  return topics;
}

function newTopicState({ id, partitionCount }: AssignedTopic): TopicState {
  // Java compares ids as two signed longs: with the sign bits flipped, as bytes.
  const rank = Buffer.from(id, "base64url");
  rank[0]! ^= 0x80;
  rank[8]! ^= 0x80;
  return { id, subscribers: [], owners: new Int32Array(partitionCount).fill(-1), rank };
}

function keepSubscribed(
  members: readonly AssigneeSpec[],
  topics: ReadonlyMap<string, TopicState>,
  sizes: Int32Array,
): void {
  const subscriptions = new Map<readonly AssignedTopic[], Set<string>>();
  members.forEach((member, index) => {
    if (member.previous.size === 0) return;
    let subscribed = subscriptions.get(member.topics);
    if (subscribed === undefined) {
      subscribed = new Set(member.topics.map(({ id }) => id));
      subscriptions.set(member.topics, subscribed);
    }
    for (const [topicId, partitions] of member.previous) {
      if (!subscribed.has(topicId)) continue;
      const { owners } = topics.get(topicId)!;
      for (const partition of partitions) {
        if (owners[partition] !== -1) continue;
        owners[partition] = index;
        sizes[index]!++;
      }
    }
  });
}

// Most partitions per subscriber first, then the fewest subscribers, then by id.
function compareTopics(left: TopicState, right: TopicState): number {
  const leftLoad = left.owners.length / left.subscribers.length;
  const rightLoad = right.owners.length / right.subscribers.length;
  return (
    rightLoad - leftLoad || left.subscribers.length - right.subscribers.length || Buffer.compare(left.rank, right.rank)
  );
}

function assignRemaining(sorted: readonly TopicState[], levels: LoadLevels, sizes: Int32Array): void {
  for (const { owners, subscribers } of sorted) {
    if (!owners.includes(-1)) continue;
    levels.begin(subscribers);
    for (let partition = 0; partition < owners.length; partition++) {
      if (owners[partition] !== -1) continue;
      const member = levels.takeLeast();
      owners[partition] = member;
      sizes[member]!++;
    }
  }
}

function balance(sorted: readonly TopicState[], levels: LoadLevels, sizes: Int32Array): void {
  let lastMoved = -1;
  for (let round = 0; round < BALANCING_ROUNDS_MAX; round++) {
    for (let index = 0; index < sorted.length; index++) {
      // Once around since the last move: nothing can be improved.
      if (index === lastMoved) return;
      const moved = balanceTopic(sorted[index]!, levels, sizes);
      if (moved > 0 || lastMoved === -1) lastMoved = index;
    }
  }
}

/** Gives how many partitions moved. */
function balanceTopic({ owners, subscribers }: TopicState, levels: LoadLevels, sizes: Int32Array): number {
  if (levels.spread(subscribers) <= 1) return 0;
  levels.begin(subscribers);
  const byOwner = partitionsByOwner(owners);
  let moved = 0;
  for (;;) {
    const from = takeGiver(levels, byOwner);
    if (from === -1) return moved;
    const partition = byOwner.get(from)!.pop()!;
    const to = levels.takeLeast();
    if (levels.isBalanced()) return moved;
    owners[partition] = to;
    sizes[from]!--;
    sizes[to]!++;
    moved++;
  }
}

function takeGiver(levels: LoadLevels, byOwner: ReadonlyMap<number, number[]>): number {
  for (;;) {
    const member = levels.takeMost();
    if (member === -1) return -1;
    if ((byOwner.get(member)?.length ?? 0) > 0) return member;
    levels.excludeMost();
  }
}

function partitionsByOwner(owners: Int32Array): Map<number, number[]> {
  const byOwner = new Map<number, number[]>();
  owners.forEach((owner, partition) => {
    const partitions = byOwner.get(owner);
    if (partitions === undefined) byOwner.set(owner, [partition]);
    else partitions.push(partition);
  });
  return byOwner;
}

function targetsOf(members: readonly AssigneeSpec[], topics: ReadonlyMap<string, TopicState>): Assignment[] {
  const targets = members.map(() => new Map<string, number[]>());
  for (const { id, owners } of topics.values()) {
    owners.forEach((owner, partition) => {
      const target = targets[owner]!;
      const partitions = target.get(id);
      if (partitions === undefined) target.set(id, [partition]);
      else partitions.push(partition);
    });
  }
  return targets.map((target, index) => {
    const { previous } = members[index]!;
    return isSameAssignment(target, previous) ? previous : target;
  });
}
