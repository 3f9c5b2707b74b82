// How far groups are behind: committed offsets beside the ends of the logs, for in-process code. Reads only what is in memory.
// A commit is seen as soon as it was decided, which may be a moment before its client is told.

import type { Broker } from "../broker.ts";

export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  readonly committedOffset: number;
  /** What the client stored with the offset. */
  readonly metadata: string;
  /** Null, like all that follow, when the partition is not here any more. */
  readonly logEndOffset: number | null;
  /** What a read_uncommitted consumer may read up to. */
  readonly highWatermark: number | null;
  /** What a read_committed consumer may read up to. */
  readonly lastStableOffset: number | null;
  /** Records from the committed offset to the high watermark, as kafka-consumer-groups counts them; negative after a log was cut. */
  readonly lag: number | null;
}

/** The lag in each partition that the group has an offset of; null when this node does not coordinate the group, or not yet. */
export function groupLag(broker: Broker, groupId: string): PartitionLag[] | null {
  const coordinating = broker.groups.partitionFor(groupId);
  const runtime = coordinating === null ? undefined : broker.groups.runtime(coordinating);
  if (runtime === undefined || !runtime.isActive) return null;
  const lags: PartitionLag[] = [];
  for (const { topic, partition, offset, metadata } of runtime.shard.offsets.committed(groupId)) {
    lags.push({ topic, partition, committedOffset: offset, metadata, ...endsOf(broker, { topic, partition, offset }) });
  }
  return lags;
}

/** The groups that this node coordinates and has loaded. */
export function* coordinatedGroups(broker: Broker): Generator<string, void, undefined> {
  for (const partition of broker.groups.partitions()) {
    const runtime = broker.groups.runtime(partition);
    if (runtime?.isActive === true) yield* runtime.shard.context.groups.keys();
  }
}

function endsOf(
  broker: Broker,
  committed: { topic: string; partition: number; offset: number },
): Pick<PartitionLag, "logEndOffset" | "highWatermark" | "lastStableOffset" | "lag"> {
  const log = broker.replicas.get(committed.topic, committed.partition)?.log;
  if (log === undefined) return { logEndOffset: null, highWatermark: null, lastStableOffset: null, lag: null };
  const { logEndOffset, highWatermark, lastStableOffset } = log;
  return { logEndOffset, highWatermark, lastStableOffset, lag: highWatermark - committed.offset };
}
