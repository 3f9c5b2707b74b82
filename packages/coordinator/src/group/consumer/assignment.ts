// Which partitions a member has or shall have, as plain values: by topic id, the partitions ascending, never changed once made.
// `Assignment` is a target; `OwnedAssignment` is what a member holds, each partition with the member epoch since which it does (KIP-1251).
// Invariant: no topic with an empty list, no partition twice, so that equal assignments look equal.

/** Partitions by topic id. */
export type Assignment = ReadonlyMap<string, readonly number[]>;

/** `epochs[i]` is the member epoch at which `partitions[i]` was assigned. */
export interface OwnedPartitions {
  readonly partitions: readonly number[];
  readonly epochs: readonly number[];
}

export type OwnedAssignment = ReadonlyMap<string, OwnedPartitions>;

export const NO_PARTITIONS: Assignment = new Map();
export const OWNS_NOTHING: OwnedAssignment = new Map();

interface TopicPartitions {
  readonly topicId: string;
  readonly partitions: readonly number[];
}

interface TopicPartitionsWithEpochs extends TopicPartitions {
  readonly assignmentEpochs: readonly number[] | null;
}

/** From a record. The lists are taken over. */
export function assignmentOf(topicPartitions: readonly TopicPartitions[]): Assignment {
  if (topicPartitions.length === 0) return NO_PARTITIONS;
  const assignment = new Map<string, readonly number[]>();
  for (const { topicId, partitions } of topicPartitions) {
    if (partitions.length > 0) assignment.set(topicId, ascending(partitions));
  }
  return assignment;
}

/** From a record. Partitions of records from before KIP-1251 have `fallbackEpoch`, or 0 when that is negative (a static member that is away). */
export function ownedOf(topicPartitions: readonly TopicPartitionsWithEpochs[], fallbackEpoch: number): OwnedAssignment {
  if (topicPartitions.length === 0) return OWNS_NOTHING;
  const owned = new Map<string, OwnedPartitions>();
  for (const { topicId, partitions, assignmentEpochs } of topicPartitions) {
    if (partitions.length === 0) continue;
    const epochs =
      assignmentEpochs !== null && assignmentEpochs.length === partitions.length
        ? assignmentEpochs
        : partitions.map(() => Math.max(fallbackEpoch, 0));
    owned.set(topicId, isAscending(partitions) ? { partitions, epochs } : inOrder(partitions, epochs));
  }
  return owned;
}

/** All of `assignment`, held since one epoch. */
export function ownedSince(assignment: Assignment, epoch: number): OwnedAssignment {
  const owned = new Map<string, OwnedPartitions>();
  for (const [topicId, partitions] of assignment)
    owned.set(topicId, { partitions, epochs: partitions.map(() => epoch) });
  return owned;
}

export function toTopicPartitions(assignment: Assignment): { topicId: string; partitions: number[] }[] {
  const list = [];
  for (const [topicId, partitions] of assignment) list.push({ topicId, partitions: partitions as number[] });
  return list;
}

/** The partitions of what a member holds, without their epochs. */
export function ownedTopicPartitions(owned: OwnedAssignment): { topicId: string; partitions: number[] }[] {
  const list = [];
  for (const [topicId, { partitions }] of owned) list.push({ topicId, partitions: partitions as number[] });
  return list;
}

export function isSameAssignment(left: Assignment, right: Assignment): boolean {
  if (left === right) return true;
  if (left.size !== right.size) return false;
  for (const [topicId, partitions] of left) {
    const others = right.get(topicId);
    if (others === undefined || !isSameList(partitions, others)) return false;
  }
  return true;
}

export function isSameOwned(left: OwnedAssignment, right: OwnedAssignment): boolean {
  if (left === right) return true;
  if (left.size !== right.size) return false;
  for (const [topicId, { partitions, epochs }] of left) {
    const others = right.get(topicId);
    if (others === undefined || !isSameList(partitions, others.partitions)) return false;
    if (!isSameList(epochs, others.epochs)) return false;
  }
  return true;
}

export function isSameList<T>(left: readonly T[], right: readonly T[]): boolean {
  if (left === right) return true;
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index++) {
    if (left[index] !== right[index]) return false;
  }
  return true;
}

/** Where `value` is in a list that ascends, or -1. */
export function indexInAscending<T extends number | string>(list: readonly T[], value: T): number {
  let low = 0;
  let high = list.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = list[middle]!;
    if (found === value) return middle;
    if (found < value) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** Since which epoch a partition is held, or null. */
export function epochOf(owned: OwnedAssignment, topicId: string, partition: number): number | null {
  const topic = owned.get(topicId);
  if (topic === undefined) return null;
  const index = indexInAscending(topic.partitions, partition);
  return index < 0 ? null : topic.epochs[index]!;
}

/** Whether each of the partitions that a member reports is among those that it holds. Null, not reported, is not. */
export function isSubset(reported: readonly TopicPartitions[] | null, owned: OwnedAssignment): boolean {
  if (reported === null) return false;
  for (const { topicId, partitions } of reported) {
    const topic = owned.get(topicId);
    if (topic === undefined) return false;
    for (const partition of partitions) {
      if (indexInAscending(topic.partitions, partition) < 0) return false;
    }
  }
  return true;
}

/** The same values ascending and each once; the list itself when it is so already. */
export function ascending<T extends number | string>(list: readonly T[]): readonly T[] {
  if (isAscending(list)) return list;
  return [...new Set(list)].sort((left, right) => (left < right ? -1 : 1));
}

function isAscending(list: readonly (number | string)[]): boolean {
  for (let index = 1; index < list.length; index++) {
    if (list[index - 1]! >= list[index]!) return false;
  }
  return true;
}

function inOrder(partitions: readonly number[], epochs: readonly number[]): OwnedPartitions {
  const byPartition = new Map(partitions.map((partition, index) => [partition, epochs[index]!]));
  const sorted = ascending(partitions);
  return { partitions: sorted, epochs: sorted.map((partition) => byPartition.get(partition)!) };
}
