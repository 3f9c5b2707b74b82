// DeleteShareGroupOffsets: removes the offsets of a share group (KIP-932).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const deleteShareGroupOffsetsApi = defineApi({
  key: 92,
  name: "DeleteShareGroupOffsets",
  versions: "0",
  flexibleFrom: 0,
  request: {
    groupId: string("0+"),
    topics: array("0+", { topicName: string("0+") }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    errorMessage: string("0+", { nullable: "0+", default: null }),
    responses: array("0+", {
      topicName: string("0+"),
      topicId: uuid("0+"),
      errorCode: int16("0+"),
      errorMessage: string("0+", { nullable: "0+", default: null }),
    }),
  },
});

export type DeleteShareGroupOffsetsRequest = Decoded<typeof deleteShareGroupOffsetsApi.request>;
export type DeleteShareGroupOffsetsRequestInput = Input<typeof deleteShareGroupOffsetsApi.request>;
export type DeleteShareGroupOffsetsResponse = Decoded<typeof deleteShareGroupOffsetsApi.response>;
export type DeleteShareGroupOffsetsResponseInput = Input<typeof deleteShareGroupOffsetsApi.response>;
