// DescribeShareGroupOffsets: the start offsets of share partitions, with lag since version 1 (KIP-932, KIP-1226).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int64, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const describeShareGroupOffsetsApi = defineApi({
  key: 90,
  name: "DescribeShareGroupOffsets",
  versions: "0-1",
  flexibleFrom: 0,
  request: {
    groups: array("0+", {
      groupId: string("0+"),
      topics: array("0+", { topicName: string("0+"), partitions: array("0+", int32) }, { nullable: "0+" }),
    }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    groups: array("0+", {
      groupId: string("0+"),
      topics: array("0+", {
        topicName: string("0+"),
        topicId: uuid("0+"),
        partitions: array("0+", {
          partitionIndex: int32("0+"),
          startOffset: int64("0+"),
          leaderEpoch: int32("0+"),
          lag: int64("1+", { default: -1, ignorable: true }),
          errorCode: int16("0+"),
          errorMessage: string("0+", { nullable: "0+", default: null }),
        }),
      }),
      errorCode: int16("0+"),
      errorMessage: string("0+", { nullable: "0+", default: null }),
    }),
  },
});

export type DescribeShareGroupOffsetsRequest = Decoded<typeof describeShareGroupOffsetsApi.request>;
export type DescribeShareGroupOffsetsRequestInput = Input<typeof describeShareGroupOffsetsApi.request>;
export type DescribeShareGroupOffsetsResponse = Decoded<typeof describeShareGroupOffsetsApi.response>;
export type DescribeShareGroupOffsetsResponseInput = Input<typeof describeShareGroupOffsetsApi.response>;
