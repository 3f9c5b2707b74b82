// __consumer_offsets: the partitions a member of a share group shall have (KIP-932).

import { defineRecord } from "../schema/define.ts";
import { array, int32, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const shareGroupTargetAssignmentMemberKey = defineRecord({
  apiKey: 13,
  name: "ShareGroupTargetAssignmentMemberKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
    memberId: string("0"),
  },
});

export const shareGroupTargetAssignmentMemberValue = defineRecord({
  apiKey: 13,
  name: "ShareGroupTargetAssignmentMemberValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    topicPartitions: array("0+", { topicId: uuid("0+"), partitions: array("0+", int32) }),
  },
});

export type ShareGroupTargetAssignmentMemberKey = Decoded<typeof shareGroupTargetAssignmentMemberKey>;
export type ShareGroupTargetAssignmentMemberKeyInput = Input<typeof shareGroupTargetAssignmentMemberKey>;
export type ShareGroupTargetAssignmentMemberValue = Decoded<typeof shareGroupTargetAssignmentMemberValue>;
export type ShareGroupTargetAssignmentMemberValueInput = Input<typeof shareGroupTargetAssignmentMemberValue>;
