// ConsumerGroupHeartbeat: the one request of the consumer protocol: join, report, receive an assignment, leave
// (KIP-848).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, string, struct, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const topicPartitions = {
  topicId: uuid("0+"),
  partitions: array("0+", int32),
};

const requestTopicPartitions = {
  topicId: uuid("0+"),
  partitions: array("0+", int32),
};

export const consumerGroupHeartbeatApi = defineApi({
  key: 68,
  name: "ConsumerGroupHeartbeat",
  versions: "0-1",
  flexibleFrom: 0,
  request: {
    groupId: string("0+"),
    memberId: string("0+"),
    memberEpoch: int32("0+"),
    instanceId: string("0+", { nullable: "0+", default: null }),
    rackId: string("0+", { nullable: "0+", default: null }),
    rebalanceTimeoutMs: int32("0+", { default: -1 }),
    subscribedTopicNames: array("0+", string, { nullable: "0+", default: null }),
    subscribedTopicRegex: string("1+", { nullable: "1+", default: null }),
    serverAssignor: string("0+", { nullable: "0+", default: null }),
    topicPartitions: array("0+", requestTopicPartitions, { nullable: "0+", default: null }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    errorMessage: string("0+", { nullable: "0+", default: null }),
    memberId: string("0+", { nullable: "0+", default: null }),
    memberEpoch: int32("0+"),
    heartbeatIntervalMs: int32("0+"),
    assignment: struct("0+", { topicPartitions: array("0+", topicPartitions) }, { nullable: "0+", default: null }),
  },
});

export type ConsumerGroupHeartbeatRequest = Decoded<typeof consumerGroupHeartbeatApi.request>;
export type ConsumerGroupHeartbeatRequestInput = Input<typeof consumerGroupHeartbeatApi.request>;
export type ConsumerGroupHeartbeatResponse = Decoded<typeof consumerGroupHeartbeatApi.response>;
export type ConsumerGroupHeartbeatResponseInput = Input<typeof consumerGroupHeartbeatApi.response>;
