// What of the assigned partitions is to be committed. Pure.

import type { OffsetToCommit } from "../../records.ts";
import type { PartitionState } from "../partition-state.ts";

/** The offsets that are known to differ from what is committed, a partition each. */
export function offsetsToCommit(states: Iterable<PartitionState>): OffsetToCommit[] {
  const offsets: OffsetToCommit[] = [];
  for (const state of states) {
    const done = state.committable();
    if (done === null || done.offset === state.committed) continue;
    const { topic, partition } = state;
    const epoch = done.leaderEpoch < 0 ? {} : { leaderEpoch: done.leaderEpoch };
    offsets.push({ topic, partition, offset: done.offset, ...epoch });
  }
  return offsets;
}
