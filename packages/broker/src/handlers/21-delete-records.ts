// DeleteRecords: moves a partition's log start offset forward (KIP-107). Versions 0 to 2.
// Offset -1 means the high watermark; beyond it is OFFSET_OUT_OF_RANGE. The answer leaves when the new start is kept.
// Leaves out: waiting for followers.

import { errorCodes } from "@ottla/protocol";
import { deleteRecordsApi } from "@ottla/protocol/messages/21-delete-records.ts";
import type { DeleteRecordsRequest, DeleteRecordsResponse } from "@ottla/protocol/messages/21-delete-records.ts";
import type { Handler, RequestContext } from "../handler.ts";

type PartitionRequest = DeleteRecordsRequest["topics"][number]["partitions"][number];
type PartitionResponse = DeleteRecordsResponse["topics"][number]["partitions"][number];

const HIGH_WATERMARK = -1;

export const deleteRecordsHandler: Handler<DeleteRecordsRequest, DeleteRecordsResponse> = {
  api: deleteRecordsApi,
  async handle(request, context) {
    // All at once, so that they share the writes of the checkpoint.
    const topics = await Promise.all(
      [...wantedPartitions(request)].map(async ([name, wanted]) => {
        const partitions = await Promise.all([...wanted.values()].map((each) => deleteBefore(name, each, context)));
        return { name, partitions };
      }),
    );
    return { throttleTimeMs: 0, topics };
  },
};

/** By topic and partition: of two entries for one partition the last counts, as in Kafka. */
function wantedPartitions(request: DeleteRecordsRequest): Map<string, Map<number, PartitionRequest>> {
  const wanted = new Map<string, Map<number, PartitionRequest>>();
  for (const { name, partitions } of request.topics) {
    for (const partition of partitions) {
      const known = wanted.get(name) ?? new Map<number, PartitionRequest>();
      wanted.set(name, known.set(partition.partitionIndex, partition));
    }
  }
  return wanted;
}

async function deleteBefore(
  topic: string,
  wanted: PartitionRequest,
  context: RequestContext,
): Promise<PartitionResponse> {
  const { broker } = context;
  const refused = (errorCode: number): PartitionResponse => ({
    partitionIndex: wanted.partitionIndex,
    lowWatermark: -1,
    errorCode,
  });
  if (broker.isInternalTopic(topic)) return refused(errorCodes.INVALID_TOPIC_EXCEPTION);
  const partition = broker.replicas.get(topic, wanted.partitionIndex);
  if (partition === undefined) return refused(errorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  const errorCode = partition.checkLeader(-1);
  if (errorCode !== errorCodes.NONE) return refused(errorCode);
  const { log } = partition;
  // A topic with neither policy keeps everything until somebody says otherwise, which this request does.
  if (log.config.compacted && !log.config.deleted) return refused(errorCodes.POLICY_VIOLATION);
  try {
    const offset = wanted.offset === HIGH_WATERMARK ? log.highWatermark : wanted.offset;
    const outcome = await broker.logDirectory.deleteRecordsBefore(log, offset);
    if (outcome !== errorCodes.NONE) return refused(outcome);
  } catch (error) {
    broker.logger.error({ topic, partition: wanted.partitionIndex, error }, "the new log start cannot be kept");
    return refused(errorCodes.KAFKA_STORAGE_ERROR);
  }
  return { partitionIndex: wanted.partitionIndex, lowWatermark: log.logStartOffset, errorCode: errorCodes.NONE };
}
