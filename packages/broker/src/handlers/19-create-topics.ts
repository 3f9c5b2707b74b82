// CreateTopics: the controller decides; the answer leaves when every new partition can be produced to. Versions 2 to 7.
// Leaves out: the controller mutation quota.

import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import type { CreateTopicsRequest, CreateTopicsResponse } from "@ottla/protocol/messages/19-create-topics.ts";
import type { Handler } from "../handler.ts";

export const createTopicsHandler: Handler<CreateTopicsRequest, CreateTopicsResponse> = {
  api: createTopicsApi,
  handle: (request, context) => context.broker.controller.createTopics(request),
};
