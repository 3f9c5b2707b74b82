// LeaveGroup: members leave a group, several at once since version 3 (KIP-345). Versions 0 to 5.

import { leaveAnswerFor, normalizedLeave } from "@ottla/coordinator";
import { errorCodes } from "@ottla/protocol";
import { leaveGroupApi } from "@ottla/protocol/messages/13-leave-group.ts";
import type { LeaveGroupRequest, LeaveGroupResponse } from "@ottla/protocol/messages/13-leave-group.ts";
import { requestClientOf } from "../coordinators/request-client.ts";
import type { Handler } from "../handler.ts";

export const leaveGroupHandler: Handler<LeaveGroupRequest, LeaveGroupResponse> = {
  api: leaveGroupApi,
  async handle(request, context) {
    const { apiVersion, broker } = context;
    if (request.groupId === "") return refused(errorCodes.INVALID_GROUP_ID);
    const normalized = normalizedLeave(request, apiVersion);
    const client = requestClientOf(context);
    const answer = await broker.groups.run(request.groupId, refused, (shard, pending, now) =>
      shard.leave(normalized, client, pending, now),
    );
    return leaveAnswerFor(answer, apiVersion);
  },
};

function refused(errorCode: number): LeaveGroupResponse {
  return { throttleTimeMs: 0, errorCode, members: [] };
}
