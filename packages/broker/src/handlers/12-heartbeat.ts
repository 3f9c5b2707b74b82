// Heartbeat: a member of a classic group is alive, and learns of rebalances. Versions 0 to 4.

import { heartbeatAnswer } from "@ottla/coordinator";
import { errorCodes } from "@ottla/protocol";
import { heartbeatApi } from "@ottla/protocol/messages/12-heartbeat.ts";
import type { HeartbeatRequest, HeartbeatResponse } from "@ottla/protocol/messages/12-heartbeat.ts";
import { requestClientOf } from "../coordinators/request-client.ts";
import type { Handler } from "../handler.ts";

export const heartbeatHandler: Handler<HeartbeatRequest, HeartbeatResponse> = {
  api: heartbeatApi,
  handle(request, context) {
    if (request.groupId === "") return heartbeatAnswer(errorCodes.INVALID_GROUP_ID);
    const client = requestClientOf(context);
    return context.broker.groups.run(request.groupId, refused, (shard, pending, now) =>
      shard.heartbeat(request, client, pending, now),
    );
  },
};

// While the group is loaded nobody is told so: members that are alive need do nothing.
function refused(errorCode: number): HeartbeatResponse {
  return heartbeatAnswer(errorCode === errorCodes.COORDINATOR_LOAD_IN_PROGRESS ? errorCodes.NONE : errorCode);
}
