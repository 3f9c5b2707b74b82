// DeleteGroups: removes groups that have no members, with their committed offsets (KIP-229). Versions 0 to 2.

import type { DeletedGroup } from "@ottla/coordinator";
import { deleteGroupsApi } from "@ottla/protocol/messages/42-delete-groups.ts";
import type { DeleteGroupsRequest, DeleteGroupsResponse } from "@ottla/protocol/messages/42-delete-groups.ts";
import type { Handler } from "../handler.ts";

export const deleteGroupsHandler: Handler<DeleteGroupsRequest, DeleteGroupsResponse> = {
  api: deleteGroupsApi,
  async handle(request, { broker }) {
    const results = await Promise.all(
      [...new Set(request.groupsNames)].map((groupId) =>
        broker.groups.run<DeletedGroup>(
          groupId,
          (errorCode) => ({ groupId, errorCode, errorMessage: null }),
          (shard, pending) => shard.admin.delete(groupId, pending),
        ),
      ),
    );
    return { throttleTimeMs: 0, results };
  },
};
