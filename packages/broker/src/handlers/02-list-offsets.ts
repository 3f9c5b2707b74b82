// ListOffsets: the earliest and latest offset of a partition, the offset of the largest timestamp, or the first offset
// whose timestamp is not below the asked one. Versions 1 to 11.
// Leaves out: tiered storage (its timestamps answer -1, as Kafka does when no tier is configured).

import { errorCodes } from "@ottla/protocol";
import { listOffsetsApi } from "@ottla/protocol/messages/02-list-offsets.ts";
import type { ListOffsetsRequest, ListOffsetsResponse } from "@ottla/protocol/messages/02-list-offsets.ts";
import type { Handler, RequestContext } from "../handler.ts";
import type { Partition } from "../partition.ts";

type PartitionRequest = ListOffsetsRequest["topics"][number]["partitions"][number];
type PartitionResponse = ListOffsetsResponse["topics"][number]["partitions"][number];

const LATEST = -1;
const EARLIEST = -2;
const MAX_TIMESTAMP = -3;
const EARLIEST_LOCAL = -4;
const LATEST_TIERED = -5;
const EARLIEST_PENDING_UPLOAD = -6;

// The version in which each special timestamp appeared (KIP-734, KIP-405, KIP-1005, KIP-1023).
const SINCE_VERSION = new Map([
  [MAX_TIMESTAMP, 7],
  [EARLIEST_LOCAL, 8],
  [LATEST_TIERED, 9],
  [EARLIEST_PENDING_UPLOAD, 11],
]);

const READ_UNCOMMITTED = 0;
const READ_COMMITTED = 1;
const FIRST_VERSION_WITH_EPOCHS = 4;

export const listOffsetsHandler: Handler<ListOffsetsRequest, ListOffsetsResponse> = {
  api: listOffsetsApi,
  handle(request, context) {
    const topics: ListOffsetsResponse["topics"] = [];
    for (const [name, wanted] of wantedPartitions(request)) {
      const partitions = [...wanted.values()].map(({ partition, repeated }) =>
        repeated ? refused(partition, errorCodes.INVALID_REQUEST) : listOffset(name, partition, request, context),
      );
      topics.push({ name, partitions });
    }
    return { throttleTimeMs: 0, topics };
  },
};

interface Wanted {
  readonly partition: PartitionRequest;
  /** Whether the request names it more than once: then it gets one answer, a refusal. */
  repeated: boolean;
}

/** By topic and partition. */
function wantedPartitions(request: ListOffsetsRequest): Map<string, Map<number, Wanted>> {
  const wanted = new Map<string, Map<number, Wanted>>();
  for (const { name, partitions } of request.topics) {
    let ofTopic = wanted.get(name);
    for (const partition of partitions) {
      if (ofTopic === undefined) wanted.set(name, (ofTopic = new Map<number, Wanted>()));
      const known = ofTopic.get(partition.partitionIndex);
      if (known === undefined) ofTopic.set(partition.partitionIndex, { partition, repeated: false });
      else known.repeated = true;
    }
  }
  return wanted;
}

function listOffset(
  topic: string,
  wanted: PartitionRequest,
  request: ListOffsetsRequest,
  context: RequestContext,
): PartitionResponse {
  const { isolationLevel } = request;
  // Kafka has no code for this: it trips over the level with an IllegalArgumentException.
  if (isolationLevel !== READ_UNCOMMITTED && isolationLevel !== READ_COMMITTED)
    return refused(wanted, errorCodes.UNKNOWN_SERVER_ERROR);
  const partition = context.broker.replicas.get(topic, wanted.partitionIndex);
  if (partition === undefined) return refused(wanted, errorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  const errorCode = partition.checkLeader(wanted.currentLeaderEpoch);
  if (errorCode !== errorCodes.NONE) return refused(wanted, errorCode);
  if (partition.log.offline) return refused(wanted, errorCodes.KAFKA_STORAGE_ERROR);
  const since = SINCE_VERSION.get(wanted.timestamp);
  if ((since !== undefined && context.apiVersion < since) || wanted.timestamp < EARLIEST_PENDING_UPLOAD) {
    return refused(wanted, errorCodes.UNSUPPORTED_VERSION);
  }
  let found: Found | null;
  try {
    found = find(partition, wanted.timestamp, isolationLevel === READ_COMMITTED);
  } catch (error) {
    // As in Fetch: a log that cannot be read hurts those who ask for it, not the rest of their request.
    context.broker.logger.error({ topic, partition: wanted.partitionIndex, error }, "a log could not be searched");
    return refused(wanted, errorCodes.KAFKA_STORAGE_ERROR);
  }
  return {
    partitionIndex: wanted.partitionIndex,
    errorCode: errorCodes.NONE,
    timestamp: found?.timestamp ?? -1,
    offset: found?.offset ?? -1,
    leaderEpoch: context.apiVersion < FIRST_VERSION_WITH_EPOCHS ? -1 : (found?.leaderEpoch ?? -1),
  };
}

interface Found {
  offset: number;
  timestamp: number;
  leaderEpoch: number;
}

function find(partition: Partition, timestamp: number, readCommitted: boolean): Found | null {
  const { log } = partition;
  switch (timestamp) {
    case LATEST:
      return { offset: partition.readableEnd(readCommitted), timestamp: -1, leaderEpoch: partition.leaderEpoch };
    case EARLIEST:
    case EARLIEST_LOCAL:
      return { ...log.earliest(), timestamp: -1 };
    case LATEST_TIERED:
    case EARLIEST_PENDING_UPLOAD:
      return null;
    case MAX_TIMESTAMP:
      return shown(partition, log.maxTimestampOffset(), readCommitted);
    default:
      return shown(partition, log.fetchOffsetByTimestamp(timestamp), readCommitted);
  }
}

// A record that the reader may not see yet is not found.
function shown(partition: Partition, found: Found | null, readCommitted: boolean): Found | null {
  return found === null || found.offset >= partition.readableEnd(readCommitted) ? null : found;
}

function refused(wanted: PartitionRequest, errorCode: number): PartitionResponse {
  return { partitionIndex: wanted.partitionIndex, errorCode, timestamp: -1, offset: -1, leaderEpoch: -1 };
}
