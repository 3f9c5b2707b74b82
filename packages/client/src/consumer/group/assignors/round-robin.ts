// The roundrobin assignor: all partitions in order, one after the other to the members in order, leaving out who did not subscribe to
// the topic. The same result as Java's RoundRobinAssignor.

import type { TopicPartition } from "../../../records.ts";
import { compareText } from "../partition-set.ts";
import type { Assignor, GroupAssignment, GroupToAssign } from "./assignor.ts";
import { compareMembers } from "./assignor.ts";

export const roundRobinAssignor: Assignor = { name: "roundrobin", protocols: ["eager"], assign };

function assign({ topics, members }: GroupToAssign): GroupAssignment {
  const assigned = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]));
  const circle = members.toSorted(compareMembers).map(({ memberId, topics: names }) => ({
    topics: new Set(names),
    list: assigned.get(memberId)!,
  }));
  let next = 0;
  for (const [topic, partitions] of [...topics].toSorted(([one], [other]) => compareText(one, other))) {
    if (!circle.some((member) => member.topics.has(topic))) continue;
    for (const { partition } of partitions) {
      while (!circle[next]!.topics.has(topic)) next = (next + 1) % circle.length;
      circle[next]!.list.push({ topic, partition });
      next = (next + 1) % circle.length;
    }
  }
  return assigned;
}
