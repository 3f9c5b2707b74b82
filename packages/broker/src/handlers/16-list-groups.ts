// ListGroups: all groups that this broker coordinates, by state since version 4 (KIP-518), by type since 5 (KIP-848). Versions 0 to 5.

import { answered } from "@ottla/coordinator";
import type { ListedGroup } from "@ottla/coordinator";
import { errorCodes } from "@ottla/protocol";
import { listGroupsApi } from "@ottla/protocol/messages/16-list-groups.ts";
import type { ListGroupsRequest, ListGroupsResponse } from "@ottla/protocol/messages/16-list-groups.ts";
import type { Handler } from "../handler.ts";

interface Listed {
  readonly errorCode: number;
  readonly groups: ListedGroup[];
}

export const listGroupsHandler: Handler<ListGroupsRequest, ListGroupsResponse> = {
  api: listGroupsApi,
  async handle(request, { broker }) {
    const partitions = await Promise.all(
      broker.groups
        .partitions()
        .map((partition) =>
          broker.groups.runOn<Listed>(partition, refused, (shard, pending) =>
            answered(pending, { errorCode: errorCodes.NONE, groups: shard.admin.list(request) }),
          ),
        ),
    );
    const failed = partitions.find(({ errorCode }) => errorCode !== errorCodes.NONE);
    // A part of the groups would look like all of them.
    if (failed !== undefined) return { throttleTimeMs: 0, errorCode: failed.errorCode, groups: [] };
    return { throttleTimeMs: 0, errorCode: errorCodes.NONE, groups: partitions.flatMap(({ groups }) => groups) };
  },
};

// A partition that has just moved away is another broker's to list.
function refused(errorCode: number): Listed {
  return { errorCode: errorCode === errorCodes.NOT_COORDINATOR ? errorCodes.NONE : errorCode, groups: [] };
}
