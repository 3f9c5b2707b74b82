// ListOffsets: the offset that belongs to a timestamp, or to one of the special timestamps below zero (-1 latest, -2
// earliest, -3 of the largest timestamp, -4 earliest local, -5 latest tiered, -6 earliest pending upload).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int64, int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const listOffsetsApi = defineApi({
  key: 2,
  name: "ListOffsets",
  versions: "1-11",
  flexibleFrom: 6,
  request: {
    replicaId: int32("0+"),
    isolationLevel: int8("2+"),
    topics: array("0+", {
      name: string("0+"),
      partitions: array("0+", {
        partitionIndex: int32("0+"),
        currentLeaderEpoch: int32("4+", { default: -1, ignorable: true }),
        timestamp: int64("0+"),
      }),
    }),
    timeoutMs: int32("10+", { ignorable: true }),
  },
  response: {
    throttleTimeMs: int32("2+", { ignorable: true }),
    topics: array("0+", {
      name: string("0+"),
      partitions: array("0+", {
        partitionIndex: int32("0+"),
        errorCode: int16("0+"),
        timestamp: int64("1+", { default: -1 }),
        offset: int64("1+", { default: -1 }),
        leaderEpoch: int32("4+", { default: -1 }),
      }),
    }),
  },
});

export type ListOffsetsRequest = Decoded<typeof listOffsetsApi.request>;
export type ListOffsetsRequestInput = Input<typeof listOffsetsApi.request>;
export type ListOffsetsResponse = Decoded<typeof listOffsetsApi.response>;
export type ListOffsetsResponseInput = Input<typeof listOffsetsApi.response>;
