// OffsetDelete: makes a group forget committed offsets of topics that it is not subscribed to (KIP-496). Version 0.

import { errorCodes } from "@ottla/protocol";
import { offsetDeleteApi } from "@ottla/protocol/messages/47-offset-delete.ts";
import type { OffsetDeleteRequest, OffsetDeleteResponse } from "@ottla/protocol/messages/47-offset-delete.ts";
import { PartitionAnswers } from "../coordinators/partition-answers.ts";
import type { Handler } from "../handler.ts";

export const offsetDeleteHandler: Handler<OffsetDeleteRequest, OffsetDeleteResponse> = {
  api: offsetDeleteApi,
  async handle(request, { broker }) {
    const { groupId } = request;
    if (groupId === "") return refused(errorCodes.INVALID_GROUP_ID);
    const answers = new PartitionAnswers(request.topics, { broker, byId: false });
    // Also without any partition that exists, because an error of the group stands above all.
    const answer = await broker.groups.run(groupId, refused, (shard, pending) =>
      shard.offsets.deleteOffsets({ groupId, topics: answers.known }, pending),
    );
    return answer.errorCode === errorCodes.NONE ? { ...answer, topics: answers.with(answer.topics) } : answer;
  },
};

function refused(errorCode: number): OffsetDeleteResponse {
  return { errorCode, throttleTimeMs: 0, topics: [] };
}
