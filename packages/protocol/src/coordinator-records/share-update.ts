// __share_group_state: what changed in a share partition since its snapshot (KIP-932).

import { defineRecord } from "../schema/define.ts";
import { array, int16, int32, int64, int8, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const shareUpdateKey = defineRecord({
  apiKey: 1,
  name: "ShareUpdateKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
    topicId: uuid("0"),
    partition: int32("0"),
  },
});

export const shareUpdateValue = defineRecord({
  apiKey: 1,
  name: "ShareUpdateValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    snapshotEpoch: int32("0+"),
    leaderEpoch: int32("0+"),
    startOffset: int64("0+"),
    deliveryCompleteCount: int32("0+", { default: -1, tag: 0 }),
    stateBatches: array("0+", {
      firstOffset: int64("0+"),
      lastOffset: int64("0+"),
      deliveryState: int8("0+"),
      deliveryCount: int16("0+"),
    }),
  },
});

export type ShareUpdateKey = Decoded<typeof shareUpdateKey>;
export type ShareUpdateKeyInput = Input<typeof shareUpdateKey>;
export type ShareUpdateValue = Decoded<typeof shareUpdateValue>;
export type ShareUpdateValueInput = Input<typeof shareUpdateValue>;
