// Creates topics that a Metadata request names and nobody created: num.partitions and default.replication.factor apply.
// Several requests that name one topic at once share its creation, because the controller answers all but the first with
// TOPIC_ALREADY_EXISTS, which is success here.

import { ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { Broker } from "./broker.ts";

const CREATION_TIMEOUT_MS = 30_000;

/** The error of each topic that could not be created. */
export async function createMissingTopics(
  broker: Broker,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const refusals = new Map<string, number>();
  for (const { name, errorCode, topicId } of await create(broker, names)) {
    if (errorCode !== errorCodes.NONE && errorCode !== errorCodes.TOPIC_ALREADY_EXISTS) refusals.set(name, errorCode);
    else if (topicId !== ZERO_UUID) broker.logger.info({ topic: name }, "created a topic that a client asked for");
  }
  return refusals;
}

// A metadata log that cannot be written refuses the new topics, not the answers about those that are there.
async function create(
  broker: Broker,
  names: readonly string[],
): Promise<readonly { name: string; errorCode: number; topicId: string }[]> {
  try {
    const response = await broker.controller.createTopics({
      topics: names.map((name) => ({ name, numPartitions: -1, replicationFactor: -1, assignments: [], configs: [] })),
      timeoutMs: CREATION_TIMEOUT_MS,
      validateOnly: false,
    });
    return response.topics;
  } catch (error) {
    broker.logger.error({ names, error }, "topics that a client asked for could not be created");
    return names.map((name) => ({ name, errorCode: errorCodes.KAFKA_STORAGE_ERROR, topicId: ZERO_UUID }));
  }
}
