// OffsetForLeaderEpoch: where a leader epoch ends, for finding where two logs part (KIP-101, KIP-320).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const offsetForLeaderEpochApi = defineApi({
  key: 23,
  name: "OffsetForLeaderEpoch",
  versions: "2-4",
  flexibleFrom: 4,
  request: {
    replicaId: int32("3+", { default: -2, ignorable: true }),
    topics: array("0+", {
      topic: string("0+"),
      partitions: array("0+", {
        partition: int32("0+"),
        currentLeaderEpoch: int32("2+", { default: -1, ignorable: true }),
        leaderEpoch: int32("0+"),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32("2+", { ignorable: true }),
    topics: array("0+", {
      topic: string("0+"),
      partitions: array("0+", {
        errorCode: int16("0+"),
        partition: int32("0+"),
        leaderEpoch: int32("1+", { default: -1, ignorable: true }),
        endOffset: int64("0+", { default: -1 }),
      }),
    }),
  },
});

export type OffsetForLeaderEpochRequest = Decoded<typeof offsetForLeaderEpochApi.request>;
export type OffsetForLeaderEpochRequestInput = Input<typeof offsetForLeaderEpochApi.request>;
export type OffsetForLeaderEpochResponse = Decoded<typeof offsetForLeaderEpochApi.response>;
export type OffsetForLeaderEpochResponseInput = Input<typeof offsetForLeaderEpochApi.response>;
