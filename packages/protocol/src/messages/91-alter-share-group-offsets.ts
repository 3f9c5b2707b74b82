// AlterShareGroupOffsets: moves the start offsets of share partitions (KIP-932).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int64, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const alterShareGroupOffsetsApi = defineApi({
  key: 91,
  name: "AlterShareGroupOffsets",
  versions: "0",
  flexibleFrom: 0,
  request: {
    groupId: string("0+"),
    topics: array("0+", {
      topicName: string("0+"),
      partitions: array("0+", { partitionIndex: int32("0+"), startOffset: int64("0+") }),
    }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    errorMessage: string("0+", { nullable: "0+", default: null }),
    responses: array("0+", {
      topicName: string("0+"),
      topicId: uuid("0+"),
      partitions: array("0+", {
        partitionIndex: int32("0+"),
        errorCode: int16("0+"),
        errorMessage: string("0+", { nullable: "0+", default: null }),
      }),
    }),
  },
});

export type AlterShareGroupOffsetsRequest = Decoded<typeof alterShareGroupOffsetsApi.request>;
export type AlterShareGroupOffsetsRequestInput = Input<typeof alterShareGroupOffsetsApi.request>;
export type AlterShareGroupOffsetsResponse = Decoded<typeof alterShareGroupOffsetsApi.response>;
export type AlterShareGroupOffsetsResponseInput = Input<typeof alterShareGroupOffsetsApi.response>;
