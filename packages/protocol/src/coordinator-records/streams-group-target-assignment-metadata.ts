// __consumer_offsets: the epoch of a streams group's target assignment (KIP-1071) and when it was made (KIP-1263).

import { defineRecord } from "../schema/define.ts";
import { int32, int64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const streamsGroupTargetAssignmentMetadataKey = defineRecord({
  apiKey: 20,
  name: "StreamsGroupTargetAssignmentMetadataKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
  },
});

export const streamsGroupTargetAssignmentMetadataValue = defineRecord({
  apiKey: 20,
  name: "StreamsGroupTargetAssignmentMetadataValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    assignmentEpoch: int32("0+"),
    assignmentTimestamp: int64("0+", { default: 0, tag: 0, ignorable: true }),
  },
});

export type StreamsGroupTargetAssignmentMetadataKey = Decoded<typeof streamsGroupTargetAssignmentMetadataKey>;
export type StreamsGroupTargetAssignmentMetadataKeyInput = Input<typeof streamsGroupTargetAssignmentMetadataKey>;
export type StreamsGroupTargetAssignmentMetadataValue = Decoded<typeof streamsGroupTargetAssignmentMetadataValue>;
export type StreamsGroupTargetAssignmentMetadataValueInput = Input<typeof streamsGroupTargetAssignmentMetadataValue>;
