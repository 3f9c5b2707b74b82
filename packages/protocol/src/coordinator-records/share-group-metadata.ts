// __consumer_offsets: the epoch of a share group (KIP-932).

import { defineRecord } from "../schema/define.ts";
import { bits64, int32, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const shareGroupMetadataKey = defineRecord({
  apiKey: 11,
  name: "ShareGroupMetadataKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
  },
});

export const shareGroupMetadataValue = defineRecord({
  apiKey: 11,
  name: "ShareGroupMetadataValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    epoch: int32("0+"),
    metadataHash: bits64("0+"),
  },
});

export type ShareGroupMetadataKey = Decoded<typeof shareGroupMetadataKey>;
export type ShareGroupMetadataKeyInput = Input<typeof shareGroupMetadataKey>;
export type ShareGroupMetadataValue = Decoded<typeof shareGroupMetadataValue>;
export type ShareGroupMetadataValueInput = Input<typeof shareGroupMetadataValue>;
