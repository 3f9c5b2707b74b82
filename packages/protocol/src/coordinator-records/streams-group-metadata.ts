// __consumer_offsets: the epochs of a streams group (KIP-1071) and of its topology's description (KIP-1331).

import { defineRecord } from "../schema/define.ts";
import { array, bits64, int32, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const lastAssignmentConfig = {
  key: string("0+"),
  value: string("0+"),
};

export const streamsGroupMetadataKey = defineRecord({
  apiKey: 17,
  name: "StreamsGroupMetadataKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
  },
});

export const streamsGroupMetadataValue = defineRecord({
  apiKey: 17,
  name: "StreamsGroupMetadataValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    epoch: int32("0+"),
    metadataHash: bits64("0+"),
    validatedTopologyEpoch: int32("0+", { default: -1, tag: 0 }),
    lastAssignmentConfigs: array("0+", lastAssignmentConfig, { nullable: "0+", tag: 1 }),
    storedDescriptionTopologyEpoch: int32("0+", { default: -1, tag: 2 }),
    failedDescriptionTopologyEpoch: int32("0+", { default: -1, tag: 3 }),
  },
});

export type StreamsGroupMetadataKey = Decoded<typeof streamsGroupMetadataKey>;
export type StreamsGroupMetadataKeyInput = Input<typeof streamsGroupMetadataKey>;
export type StreamsGroupMetadataValue = Decoded<typeof streamsGroupMetadataValue>;
export type StreamsGroupMetadataValueInput = Input<typeof streamsGroupMetadataValue>;
