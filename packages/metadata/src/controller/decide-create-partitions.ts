// CreatePartitions: more partitions for existing topics, never fewer (ReplicationControlManager.createPartitions).

import { errorCodes, errorMessage } from "@ottla/protocol";
import type {
  CreatePartitionsRequest,
  CreatePartitionsResponse,
} from "@ottla/protocol/messages/37-create-partitions.ts";
import type { TopicImage } from "../image/image-types.ts";
import type { MetadataRecord } from "../records/metadata-record.ts";
import type { ErrorResult } from "./controller-api.ts";
import { MAX_RECORDS_PER_REQUEST, NO_ERROR, refusal, repeatedKeys } from "./decision.ts";
import type { Decision, DecisionContext } from "./decision.ts";
import { assignPartition, partitionRecordOf, placePartitions } from "./new-partitions.ts";
import type { NewPartition, NewPartitions } from "./new-partitions.ts";

type RequestedTopic = CreatePartitionsRequest["topics"][number];

export function decideCreatePartitions(
  request: CreatePartitionsRequest,
  context: DecisionContext,
): Decision<CreatePartitionsResponse> {
  const repeated = repeatedKeys(request.topics, ({ name }) => name);
  const records: MetadataRecord[] = [];
  const results = new Map<string, ErrorResult>();
  for (const topic of request.topics) {
    const result = repeated.has(topic.name)
      ? refusal(errorCodes.INVALID_REQUEST, "Duplicate topic name.")
      : addPartitions(topic, records, context);
    results.set(topic.name, result);
  }
  return {
    records: request.validateOnly ? [] : records,
    response: { throttleTimeMs: 0, results: [...results].map(([name, result]) => ({ name, ...result })) },
  };
}

/** Appends the new partitions' records when they can be created. */
function addPartitions(requested: RequestedTopic, records: MetadataRecord[], context: DecisionContext): ErrorResult {
  const topic = context.image.topic(requested.name);
  if (topic === undefined) {
    return refusal(errorCodes.UNKNOWN_TOPIC_OR_PARTITION, errorMessage(errorCodes.UNKNOWN_TOPIC_OR_PARTITION));
  }
  const existing = topic.partitions.length;
  if (requested.count === existing) {
    return refusal(errorCodes.INVALID_PARTITIONS, `Topic already has ${existing} partition(s).`);
  }
  if (requested.count < existing) {
    const reason = `${topic.name} has ${existing} partition(s), and ${requested.count} would not be more.`;
    return refusal(errorCodes.INVALID_PARTITIONS, reason);
  }
  if (records.length + requested.count - existing > MAX_RECORDS_PER_REQUEST) {
    return refusal(errorCodes.POLICY_VIOLATION, "The request needs more records than one request may have.");
  }
  const placed = place(requested, topic, context);
  if ("error" in placed) return placed.error;
  for (const [index, partition] of placed.partitions.entries()) {
    records.push(partitionRecordOf(topic.id, existing + index, partition, context));
  }
  return NO_ERROR;
}

function place(requested: RequestedTopic, topic: TopicImage, context: DecisionContext): NewPartitions {
  const existing = topic.partitions.length;
  const replicationFactor = topic.partitions[0]!.replicas.length;
  if (requested.assignments === null) return placePartitions(requested.count - existing, replicationFactor, context);
  if (requested.assignments.length !== requested.count - existing) {
    const reason = `${requested.count - existing} partition(s) are to be added, and ${requested.assignments.length} are assigned.`;
    return { error: refusal(errorCodes.INVALID_REPLICA_ASSIGNMENT, reason) };
  }
  const partitions: NewPartition[] = [];
  for (const [index, { brokerIds }] of requested.assignments.entries()) {
    const partition = assignPartition(existing + index, brokerIds, replicationFactor, context);
    if ("error" in partition) return partition;
    partitions.push(partition);
  }
  return { partitions };
}
