// ReadShareGroupStateSummary: the start offsets of share partitions without their batches. Between brokers (KIP-932).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int64, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const readShareGroupStateSummaryApi = defineApi({
  key: 87,
  name: "ReadShareGroupStateSummary",
  versions: "0-1",
  flexibleFrom: 0,
  request: {
    groupId: string("0+"),
    topics: array("0+", {
      topicId: uuid("0+"),
      partitions: array("0+", { partition: int32("0+"), leaderEpoch: int32("0+") }),
    }),
  },
  response: {
    results: array("0+", {
      topicId: uuid("0+"),
      partitions: array("0+", {
        partition: int32("0+"),
        errorCode: int16("0+"),
        errorMessage: string("0+", { nullable: "0+", default: null }),
        stateEpoch: int32("0+"),
        leaderEpoch: int32("0+"),
        startOffset: int64("0+"),
        deliveryCompleteCount: int32("1+", { default: -1, ignorable: true }),
      }),
    }),
  },
});

export type ReadShareGroupStateSummaryRequest = Decoded<typeof readShareGroupStateSummaryApi.request>;
export type ReadShareGroupStateSummaryRequestInput = Input<typeof readShareGroupStateSummaryApi.request>;
export type ReadShareGroupStateSummaryResponse = Decoded<typeof readShareGroupStateSummaryApi.response>;
export type ReadShareGroupStateSummaryResponseInput = Input<typeof readShareGroupStateSummaryApi.response>;
