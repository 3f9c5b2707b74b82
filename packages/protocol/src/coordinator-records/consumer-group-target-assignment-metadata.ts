// __consumer_offsets: the epoch of a consumer group's target assignment (KIP-848) and when it was made (KIP-1263).

import { defineRecord } from "../schema/define.ts";
import { int32, int64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const consumerGroupTargetAssignmentMetadataKey = defineRecord({
  apiKey: 6,
  name: "ConsumerGroupTargetAssignmentMetadataKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
  },
});

export const consumerGroupTargetAssignmentMetadataValue = defineRecord({
  apiKey: 6,
  name: "ConsumerGroupTargetAssignmentMetadataValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    assignmentEpoch: int32("0+"),
    assignmentTimestamp: int64("0+", { default: 0, tag: 0, ignorable: true }),
  },
});

export type ConsumerGroupTargetAssignmentMetadataKey = Decoded<typeof consumerGroupTargetAssignmentMetadataKey>;
export type ConsumerGroupTargetAssignmentMetadataKeyInput = Input<typeof consumerGroupTargetAssignmentMetadataKey>;
export type ConsumerGroupTargetAssignmentMetadataValue = Decoded<typeof consumerGroupTargetAssignmentMetadataValue>;
export type ConsumerGroupTargetAssignmentMetadataValueInput = Input<typeof consumerGroupTargetAssignmentMetadataValue>;
