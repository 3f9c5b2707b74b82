// DeleteRecords: moves the log start offset of partitions forward. Offset -1 stands for the high watermark.

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const deleteRecordsApi = defineApi({
  key: 21,
  name: "DeleteRecords",
  versions: "0-2",
  flexibleFrom: 2,
  request: {
    topics: array("0+", {
      name: string("0+"),
      partitions: array("0+", { partitionIndex: int32("0+"), offset: int64("0+") }),
    }),
    timeoutMs: int32("0+"),
  },
  response: {
    throttleTimeMs: int32("0+"),
    topics: array("0+", {
      name: string("0+"),
      partitions: array("0+", {
        partitionIndex: int32("0+"),
        lowWatermark: int64("0+"),
        errorCode: int16("0+"),
      }),
    }),
  },
});

export type DeleteRecordsRequest = Decoded<typeof deleteRecordsApi.request>;
export type DeleteRecordsRequestInput = Input<typeof deleteRecordsApi.request>;
export type DeleteRecordsResponse = Decoded<typeof deleteRecordsApi.response>;
export type DeleteRecordsResponseInput = Input<typeof deleteRecordsApi.response>;
