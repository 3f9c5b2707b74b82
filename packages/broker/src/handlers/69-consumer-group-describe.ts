// ConsumerGroupDescribe: state and members of groups of the consumer protocol (KIP-848). Versions 0 and 1, which tells each member's protocol.

import { answered } from "@ottla/coordinator";
import type { DescribedConsumerGroup } from "@ottla/coordinator";
import { errorCodes } from "@ottla/protocol";
import { consumerGroupDescribeApi } from "@ottla/protocol/messages/69-consumer-group-describe.ts";
import type {
  ConsumerGroupDescribeRequest,
  ConsumerGroupDescribeResponseInput,
} from "@ottla/protocol/messages/69-consumer-group-describe.ts";
import { groupOperations } from "../authorized-operations.ts";
import { isConsumerProtocolEnabled } from "../coordinators/consumer-protocol.ts";
import type { Handler } from "../handler.ts";

export const consumerGroupDescribeHandler: Handler<ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponseInput> = {
  api: consumerGroupDescribeApi,
  async handle({ groupIds, includeAuthorizedOperations }, { broker }) {
    const describe = async (groupId: string): Promise<DescribedConsumerGroup> => {
      if (!isConsumerProtocolEnabled(broker)) return undescribed(groupId, errorCodes.UNSUPPORTED_VERSION);
      if (groupId === "") return undescribed(groupId, errorCodes.INVALID_GROUP_ID);
      return broker.groups.run<DescribedConsumerGroup>(
        groupId,
        (errorCode) => undescribed(groupId, errorCode),
        (shard, pending) => answered(pending, shard.consumer.describe(groupId)),
      );
    };
    const groups = await Promise.all(groupIds.map(describe));
    return { throttleTimeMs: 0, groups: includeAuthorizedOperations ? groups.map(withOperations) : groups };
  },
};

function withOperations(group: DescribedConsumerGroup): DescribedConsumerGroup {
  return group.errorCode === errorCodes.NONE ? { ...group, authorizedOperations: groupOperations } : group;
}

function undescribed(groupId: string, errorCode: number): DescribedConsumerGroup {
  return {
    errorCode,
    errorMessage: null,
    groupId,
    groupState: "",
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: "",
    members: [],
  };
}
