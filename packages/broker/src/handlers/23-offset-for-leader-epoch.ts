// OffsetForLeaderEpoch: where a leader epoch ended, so that a reader can see whether its position was truncated (KIP-101, KIP-320).
// Versions 2 to 4.

import { errorCodes } from "@ottla/protocol";
import { offsetForLeaderEpochApi } from "@ottla/protocol/messages/23-offset-for-leader-epoch.ts";
import type {
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse,
} from "@ottla/protocol/messages/23-offset-for-leader-epoch.ts";
import type { Handler, RequestContext } from "../handler.ts";

type PartitionRequest = OffsetForLeaderEpochRequest["topics"][number]["partitions"][number];
type PartitionResponse = OffsetForLeaderEpochResponse["topics"][number]["partitions"][number];

export const offsetForLeaderEpochHandler: Handler<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse> = {
  api: offsetForLeaderEpochApi,
  handle(request, context) {
    const topics = request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map((wanted) => endOfEpoch(topic, wanted, context)),
    }));
    return { throttleTimeMs: 0, topics };
  },
};

function endOfEpoch(topic: string, wanted: PartitionRequest, context: RequestContext): PartitionResponse {
  const answer = { errorCode: errorCodes.NONE, partition: wanted.partition, leaderEpoch: -1, endOffset: -1 };
  const partition = context.broker.replicas.get(topic, wanted.partition);
  if (partition === undefined) return { ...answer, errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION };
  const errorCode = partition.checkLeader(wanted.currentLeaderEpoch);
  if (errorCode !== errorCodes.NONE) return { ...answer, errorCode };
  const end = partition.log.endOffsetFor(wanted.leaderEpoch);
  return { ...answer, leaderEpoch: end.epoch, endOffset: end.endOffset };
}
