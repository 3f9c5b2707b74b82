// SyncGroup: the leader of a classic group hands in the assignment, and every member waits for its part. Versions 0 to 5.

import { refuseSyncGroup, syncRefused } from "@ottla/coordinator";
import { errorCodes } from "@ottla/protocol";
import { syncGroupApi } from "@ottla/protocol/messages/14-sync-group.ts";
import type { SyncGroupRequest, SyncGroupResponse } from "@ottla/protocol/messages/14-sync-group.ts";
import { requestClientOf } from "../coordinators/request-client.ts";
import type { Handler } from "../handler.ts";

export const syncGroupHandler: Handler<SyncGroupRequest, SyncGroupResponse> = {
  api: syncGroupApi,
  handle(request, context) {
    const errorCode = refuseSyncGroup(request, context.apiVersion);
    if (errorCode !== errorCodes.NONE) return syncRefused(errorCode);
    if (request.groupId === "") return syncRefused(errorCodes.INVALID_GROUP_ID);
    const client = requestClientOf(context);
    return context.broker.groups.run(request.groupId, syncRefused, (shard, pending, now) =>
      shard.sync(request, client, pending, now),
    );
  },
};
