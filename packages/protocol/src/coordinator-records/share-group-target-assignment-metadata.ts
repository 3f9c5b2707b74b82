// __consumer_offsets: the epoch of a share group's target assignment (KIP-932) and when it was made (KIP-1263).

import { defineRecord } from "../schema/define.ts";
import { int32, int64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const shareGroupTargetAssignmentMetadataKey = defineRecord({
  apiKey: 12,
  name: "ShareGroupTargetAssignmentMetadataKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
  },
});

export const shareGroupTargetAssignmentMetadataValue = defineRecord({
  apiKey: 12,
  name: "ShareGroupTargetAssignmentMetadataValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    assignmentEpoch: int32("0+"),
    assignmentTimestamp: int64("0+", { default: 0, tag: 0, ignorable: true }),
  },
});

export type ShareGroupTargetAssignmentMetadataKey = Decoded<typeof shareGroupTargetAssignmentMetadataKey>;
export type ShareGroupTargetAssignmentMetadataKeyInput = Input<typeof shareGroupTargetAssignmentMetadataKey>;
export type ShareGroupTargetAssignmentMetadataValue = Decoded<typeof shareGroupTargetAssignmentMetadataValue>;
export type ShareGroupTargetAssignmentMetadataValueInput = Input<typeof shareGroupTargetAssignmentMetadataValue>;
