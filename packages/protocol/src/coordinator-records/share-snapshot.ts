// __share_group_state: the whole state of one share partition (KIP-932).

import { defineRecord } from "../schema/define.ts";
import { array, int16, int32, int64, int8, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const shareSnapshotKey = defineRecord({
  apiKey: 0,
  name: "ShareSnapshotKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
    topicId: uuid("0"),
    partition: int32("0"),
  },
});

export const shareSnapshotValue = defineRecord({
  apiKey: 0,
  name: "ShareSnapshotValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    snapshotEpoch: int32("0+"),
    stateEpoch: int32("0+"),
    leaderEpoch: int32("0+"),
    startOffset: int64("0+"),
    deliveryCompleteCount: int32("0+", { default: -1, tag: 0 }),
    createTimestamp: int64("0+"),
    writeTimestamp: int64("0+"),
    stateBatches: array("0+", {
      firstOffset: int64("0+"),
      lastOffset: int64("0+"),
      deliveryState: int8("0+"),
      deliveryCount: int16("0+"),
    }),
  },
});

export type ShareSnapshotKey = Decoded<typeof shareSnapshotKey>;
export type ShareSnapshotKeyInput = Input<typeof shareSnapshotKey>;
export type ShareSnapshotValue = Decoded<typeof shareSnapshotValue>;
export type ShareSnapshotValueInput = Input<typeof shareSnapshotValue>;
