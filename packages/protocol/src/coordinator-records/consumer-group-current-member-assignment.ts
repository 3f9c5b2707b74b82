// __consumer_offsets: the partitions a member of a consumer group has and gives up (KIP-848).

import { defineRecord } from "../schema/define.ts";
import { array, int32, int8, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const topicPartitions = {
  topicId: uuid("0+"),
  partitions: array("0+", int32),
  assignmentEpochs: array("0+", int32, { nullable: "0+", tag: 0 }),
};

export const consumerGroupCurrentMemberAssignmentKey = defineRecord({
  apiKey: 8,
  name: "ConsumerGroupCurrentMemberAssignmentKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
    memberId: string("0"),
  },
});

export const consumerGroupCurrentMemberAssignmentValue = defineRecord({
  apiKey: 8,
  name: "ConsumerGroupCurrentMemberAssignmentValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    memberEpoch: int32("0+"),
    previousMemberEpoch: int32("0+"),
    state: int8("0+"),
    assignedPartitions: array("0+", topicPartitions),
    partitionsPendingRevocation: array("0+", topicPartitions),
  },
});

export type ConsumerGroupCurrentMemberAssignmentKey = Decoded<typeof consumerGroupCurrentMemberAssignmentKey>;
export type ConsumerGroupCurrentMemberAssignmentKeyInput = Input<typeof consumerGroupCurrentMemberAssignmentKey>;
export type ConsumerGroupCurrentMemberAssignmentValue = Decoded<typeof consumerGroupCurrentMemberAssignmentValue>;
export type ConsumerGroupCurrentMemberAssignmentValueInput = Input<typeof consumerGroupCurrentMemberAssignmentValue>;
