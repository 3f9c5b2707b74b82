// DeleteShareGroupState: removes the persisted state of share partitions. Between brokers (KIP-932).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const deleteShareGroupStateApi = defineApi({
  key: 86,
  name: "DeleteShareGroupState",
  versions: "0",
  flexibleFrom: 0,
  request: {
    groupId: string("0+"),
    topics: array("0+", {
      topicId: uuid("0+"),
      partitions: array("0+", { partition: int32("0+") }),
    }),
  },
  response: {
    results: array("0+", {
      topicId: uuid("0+"),
      partitions: array("0+", {
        partition: int32("0+"),
        errorCode: int16("0+"),
        errorMessage: string("0+", { nullable: "0+", default: null }),
      }),
    }),
  },
});

export type DeleteShareGroupStateRequest = Decoded<typeof deleteShareGroupStateApi.request>;
export type DeleteShareGroupStateRequestInput = Input<typeof deleteShareGroupStateApi.request>;
export type DeleteShareGroupStateResponse = Decoded<typeof deleteShareGroupStateApi.response>;
export type DeleteShareGroupStateResponseInput = Input<typeof deleteShareGroupStateApi.response>;
