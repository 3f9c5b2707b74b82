// DeleteTopics: by name, from version 6 also by id. Versions 1 to 6. The topic is gone for every client when this answers;
// its files go after file.delete.delay.ms.

import { ZERO_UUID } from "@ottla/base";
import { deleteTopicsApi } from "@ottla/protocol/messages/20-delete-topics.ts";
import type { DeleteTopicsRequest, DeleteTopicsResponse } from "@ottla/protocol/messages/20-delete-topics.ts";
import type { Handler } from "../handler.ts";
import { orRefusal } from "../unwritable-metadata.ts";

export const deleteTopicsHandler: Handler<DeleteTopicsRequest, DeleteTopicsResponse> = {
  api: deleteTopicsApi,
  handle(request, context) {
    const named = request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }));
    const topics = [...request.topics, ...named];
    return orRefusal(context.broker.controller.deleteTopics({ ...request, topics, topicNames: [] }), (refusal) => ({
      throttleTimeMs: 0,
      responses: topics.map(({ name, topicId }) => ({ name, topicId, ...refusal })),
    }));
  },
};
