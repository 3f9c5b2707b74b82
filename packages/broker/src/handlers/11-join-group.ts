// JoinGroup: a member enters a group of the classic protocol, and waits for its generation to form. Versions 0 to 9:
// member ids come first since 4 (KIP-394), static members since 5 (KIP-345), a leader may skip assigning since 9 (KIP-814).

import { joinAnswerFor, joinRefused, normalizedJoin } from "@ottla/coordinator";
import { errorCodes } from "@ottla/protocol";
import { joinGroupApi } from "@ottla/protocol/messages/11-join-group.ts";
import type { JoinGroupRequest, JoinGroupResponse } from "@ottla/protocol/messages/11-join-group.ts";
import { requestClientOf } from "../coordinators/request-client.ts";
import type { Handler } from "../handler.ts";

export const joinGroupHandler: Handler<JoinGroupRequest, JoinGroupResponse> = {
  api: joinGroupApi,
  async handle(request, context) {
    const { apiVersion, broker } = context;
    if (request.groupId === "") {
      return joinAnswerFor(joinRefused(errorCodes.INVALID_GROUP_ID, request.memberId), apiVersion);
    }
    const normalized = normalizedJoin(request, apiVersion);
    const client = requestClientOf(context);
    const answer = await broker.groups.run(
      request.groupId,
      (errorCode) => joinRefused(errorCode, ""),
      (shard, pending, now) => shard.join(normalized, client, pending, now),
    );
    return joinAnswerFor(answer, apiVersion);
  },
};
