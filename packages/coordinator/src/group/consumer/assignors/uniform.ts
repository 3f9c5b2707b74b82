// The uniform assignor of KIP-848, the default: as even as the subscriptions allow, and as much as possible stays where it is.
// Like Kafka 4.3's it does not look at racks, for all that its documentation says "potentially".
// Two ways: for members that all subscribe to the same topics, and for others.

import { NO_PARTITIONS } from "../assignment.ts";
import type { Assignment } from "../assignment.ts";
import type { GroupSpec } from "./assignor.ts";
import { assignUnevenSubscriptions } from "./uniform-heterogeneous.ts";
import { assignEvenly } from "./uniform-homogeneous.ts";

export function assignUniformly(group: GroupSpec): Assignment[] {
  const { members } = group;
  if (members.every(({ topics }) => topics.length === 0)) return members.map(() => NO_PARTITIONS);
  return group.homogeneous ? assignEvenly(members) : assignUnevenSubscriptions(members);
}
