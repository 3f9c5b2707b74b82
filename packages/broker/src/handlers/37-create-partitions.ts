// CreatePartitions: more partitions for a topic, never fewer (KIP-195). Versions 0 to 3.
// Leaves out: the controller mutation quota.

import { createPartitionsApi } from "@ottla/protocol/messages/37-create-partitions.ts";
import type {
  CreatePartitionsRequest,
  CreatePartitionsResponse,
} from "@ottla/protocol/messages/37-create-partitions.ts";
import type { Handler } from "../handler.ts";
import { orRefusal } from "../unwritable-metadata.ts";

export const createPartitionsHandler: Handler<CreatePartitionsRequest, CreatePartitionsResponse> = {
  api: createPartitionsApi,
  handle: (request, context) =>
    orRefusal(context.broker.controller.createPartitions(request), (refusal) => ({
      throttleTimeMs: 0,
      results: request.topics.map(({ name }) => ({ name, ...refusal })),
    })),
};
