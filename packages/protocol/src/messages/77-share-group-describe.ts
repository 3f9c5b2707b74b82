// ShareGroupDescribe: state and members of share groups (KIP-932).

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, string, struct, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const topicPartitions = {
  topicId: uuid("0+"),
  topicName: string("0+"),
  partitions: array("0+", int32),
};

const assignment = {
  topicPartitions: array("0+", topicPartitions),
};

export const shareGroupDescribeApi = defineApi({
  key: 77,
  name: "ShareGroupDescribe",
  versions: "1",
  flexibleFrom: 0,
  request: {
    groupIds: array("0+", string),
    includeAuthorizedOperations: boolean("0+"),
  },
  response: {
    throttleTimeMs: int32("0+"),
    groups: array("0+", {
      errorCode: int16("0+"),
      errorMessage: string("0+", { nullable: "0+", default: null }),
      groupId: string("0+"),
      groupState: string("0+"),
      groupEpoch: int32("0+"),
      assignmentEpoch: int32("0+"),
      assignorName: string("0+"),
      members: array("0+", {
        memberId: string("0+"),
        rackId: string("0+", { nullable: "0+", default: null }),
        memberEpoch: int32("0+"),
        clientId: string("0+"),
        clientHost: string("0+"),
        subscribedTopicNames: array("0+", string),
        assignment: struct("0+", assignment),
      }),
      authorizedOperations: int32("0+", { default: -0x8000_0000 }),
    }),
  },
});

export type ShareGroupDescribeRequest = Decoded<typeof shareGroupDescribeApi.request>;
export type ShareGroupDescribeRequestInput = Input<typeof shareGroupDescribeApi.request>;
export type ShareGroupDescribeResponse = Decoded<typeof shareGroupDescribeApi.response>;
export type ShareGroupDescribeResponseInput = Input<typeof shareGroupDescribeApi.response>;
