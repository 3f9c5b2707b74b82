// CreateTopics: the controller decides; the answer leaves when every new partition can be produced to. Versions 2 to 7.
// Leaves out: the controller mutation quota.

import { ZERO_UUID } from "@ottla/base";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import type { CreateTopicsRequest, CreateTopicsResponse } from "@ottla/protocol/messages/19-create-topics.ts";
import type { Handler } from "../handler.ts";
import { orRefusal } from "../unwritable-metadata.ts";

export const createTopicsHandler: Handler<CreateTopicsRequest, CreateTopicsResponse> = {
  api: createTopicsApi,
  handle: (request, context) =>
    orRefusal(context.broker.controller.createTopics(request), (refusal) => {
      const names = new Set(request.topics.map(({ name }) => name));
      return { throttleTimeMs: 0, topics: [...names].map((name) => ({ name, ...notCreated, ...refusal })) };
    }),
};

const notCreated = {
  topicId: ZERO_UUID,
  topicConfigErrorCode: 0,
  numPartitions: -1,
  replicationFactor: -1,
  configs: [],
};
