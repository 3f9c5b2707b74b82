// __consumer_offsets: the partitions a member of a share group has (KIP-932).

import { defineRecord } from "../schema/define.ts";
import { array, int32, int8, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const topicPartitions = {
  topicId: uuid("0+"),
  partitions: array("0+", int32),
};

export const shareGroupCurrentMemberAssignmentKey = defineRecord({
  apiKey: 14,
  name: "ShareGroupCurrentMemberAssignmentKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
    memberId: string("0"),
  },
});

export const shareGroupCurrentMemberAssignmentValue = defineRecord({
  apiKey: 14,
  name: "ShareGroupCurrentMemberAssignmentValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    memberEpoch: int32("0+"),
    previousMemberEpoch: int32("0+"),
    state: int8("0+"),
    assignedPartitions: array("0+", topicPartitions),
  },
});

export type ShareGroupCurrentMemberAssignmentKey = Decoded<typeof shareGroupCurrentMemberAssignmentKey>;
export type ShareGroupCurrentMemberAssignmentKeyInput = Input<typeof shareGroupCurrentMemberAssignmentKey>;
export type ShareGroupCurrentMemberAssignmentValue = Decoded<typeof shareGroupCurrentMemberAssignmentValue>;
export type ShareGroupCurrentMemberAssignmentValueInput = Input<typeof shareGroupCurrentMemberAssignmentValue>;
