// __consumer_offsets: the epoch of a consumer group (KIP-848) and the hash of what it subscribes to (KIP-1101).

import { defineRecord } from "../schema/define.ts";
import { bits64, int32, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const consumerGroupMetadataKey = defineRecord({
  apiKey: 3,
  name: "ConsumerGroupMetadataKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
  },
});

export const consumerGroupMetadataValue = defineRecord({
  apiKey: 3,
  name: "ConsumerGroupMetadataValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    epoch: int32("0+"),
    metadataHash: bits64("0+", { default: "0000000000000000", tag: 0 }),
  },
});

export type ConsumerGroupMetadataKey = Decoded<typeof consumerGroupMetadataKey>;
export type ConsumerGroupMetadataKeyInput = Input<typeof consumerGroupMetadataKey>;
export type ConsumerGroupMetadataValue = Decoded<typeof consumerGroupMetadataValue>;
export type ConsumerGroupMetadataValueInput = Input<typeof consumerGroupMetadataValue>;
