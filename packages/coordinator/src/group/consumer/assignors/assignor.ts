// What a server-side assignor is given and what it gives: a pure function from members, their topics and their last targets to new targets.
// Invariant of every assignor: each partition of a topic that somebody subscribes to goes to exactly one member, who subscribes to its topic.

import type { Assignment } from "../assignment.ts";

export interface AssignedTopic {
  readonly id: string;
  readonly partitionCount: number;
}

export interface AssigneeSpec {
  readonly memberId: string;
  readonly instanceId: string | null;
  /** The topics that exist of those that the member subscribes to. The same list for members with the same subscription. */
  readonly topics: readonly AssignedTopic[];
  /** What the member was to have until now. */
  readonly previous: Assignment;
}

export interface GroupSpec {
  readonly members: readonly AssigneeSpec[];
  /** Whether all members subscribe to the same topics. */
  readonly homogeneous: boolean;
}

/** The targets in the order of `members`; a target that stays as it was is the very same value. */
export type Assignor = (group: GroupSpec) => Assignment[];
