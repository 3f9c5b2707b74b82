// DescribeGroups: state and members of classic groups. Versions 0 to 6; until 5 a group that does not exist is only called Dead.
// Groups of the consumer protocol are described by ConsumerGroupDescribe.

import { answered } from "@ottla/coordinator";
import type { DescribedGroup } from "@ottla/coordinator";
import { errorCodes } from "@ottla/protocol";
import { describeGroupsApi } from "@ottla/protocol/messages/15-describe-groups.ts";
import type { DescribeGroupsRequest, DescribeGroupsResponse } from "@ottla/protocol/messages/15-describe-groups.ts";
import { groupOperations, NOT_ASKED } from "../authorized-operations.ts";
import type { Handler } from "../handler.ts";

export const describeGroupsHandler: Handler<DescribeGroupsRequest, DescribeGroupsResponse> = {
  api: describeGroupsApi,
  async handle(request, { apiVersion, broker }) {
    const described = await Promise.all(
      request.groups.map((groupId) =>
        broker.groups.run<DescribedGroup>(
          groupId,
          (errorCode) => undescribed(groupId, errorCode),
          (shard, pending) => answered(pending, shard.admin.describe(groupId, apiVersion)),
        ),
      ),
    );
    const groups = request.includeAuthorizedOperations ? described.map(withOperations) : described;
    return { throttleTimeMs: 0, groups };
  },
};

function withOperations(group: DescribedGroup): DescribedGroup {
  return group.errorCode === errorCodes.NONE ? { ...group, authorizedOperations: groupOperations } : group;
}

function undescribed(groupId: string, errorCode: number): DescribedGroup {
  return {
    errorCode,
    errorMessage: null,
    groupId,
    groupState: "",
    protocolType: "",
    protocolData: "",
    members: [],
    authorizedOperations: NOT_ASKED,
  };
}
