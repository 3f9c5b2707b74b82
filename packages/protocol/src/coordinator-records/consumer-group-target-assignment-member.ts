// __consumer_offsets: the partitions a member of a consumer group shall have (KIP-848).

import { defineRecord } from "../schema/define.ts";
import { array, int32, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const consumerGroupTargetAssignmentMemberKey = defineRecord({
  apiKey: 7,
  name: "ConsumerGroupTargetAssignmentMemberKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
    memberId: string("0"),
  },
});

export const consumerGroupTargetAssignmentMemberValue = defineRecord({
  apiKey: 7,
  name: "ConsumerGroupTargetAssignmentMemberValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    topicPartitions: array("0+", { topicId: uuid("0+"), partitions: array("0+", int32) }),
  },
});

export type ConsumerGroupTargetAssignmentMemberKey = Decoded<typeof consumerGroupTargetAssignmentMemberKey>;
export type ConsumerGroupTargetAssignmentMemberKeyInput = Input<typeof consumerGroupTargetAssignmentMemberKey>;
export type ConsumerGroupTargetAssignmentMemberValue = Decoded<typeof consumerGroupTargetAssignmentMemberValue>;
export type ConsumerGroupTargetAssignmentMemberValueInput = Input<typeof consumerGroupTargetAssignmentMemberValue>;
