// DescribeProducers: the idempotent and transactional producers that a partition remembers (KIP-664). Version 0.

import { errorCodes, errorMessage } from "@ottla/protocol";
import { describeProducersApi } from "@ottla/protocol/messages/61-describe-producers.ts";
import type {
  DescribeProducersRequest,
  DescribeProducersResponse,
} from "@ottla/protocol/messages/61-describe-producers.ts";
import type { Broker } from "../broker.ts";
import type { Handler } from "../handler.ts";

type PartitionResponse = DescribeProducersResponse["topics"][number]["partitions"][number];

export const describeProducersHandler: Handler<DescribeProducersRequest, DescribeProducersResponse> = {
  api: describeProducersApi,
  handle(request, context) {
    const topics = request.topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((index) => producersOf(context.broker, name, index)),
    }));
    return { throttleTimeMs: 0, topics };
  },
};

function producersOf(broker: Broker, topic: string, partitionIndex: number): PartitionResponse {
  const partition = broker.replicas.get(topic, partitionIndex);
  const errorCode = partition === undefined ? broker.missingTopicError(topic) : partition.checkLeader(-1);
  if (errorCode === errorCodes.NONE)
    return { partitionIndex, errorCode, errorMessage: null, activeProducers: partition!.log.activeProducers() };
  // As in Kafka, only what is wrong with the topic as a whole is put into words.
  const message = broker.topic(topic) === undefined ? errorMessage(errorCode) : null;
  return { partitionIndex, errorCode, errorMessage: message, activeProducers: [] };
}
