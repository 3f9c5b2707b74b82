// WriteTxnMarkers: the transaction coordinator tells partition leaders how a transaction ended (KIP-98).

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, int64, int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const writeTxnMarkersApi = defineApi({
  key: 27,
  name: "WriteTxnMarkers",
  versions: "1-2",
  flexibleFrom: 1,
  request: {
    markers: array("0+", {
      producerId: int64("0+"),
      producerEpoch: int16("0+"),
      transactionResult: boolean("0+"),
      topics: array("0+", { name: string("0+"), partitionIndexes: array("0+", int32) }),
      coordinatorEpoch: int32("0+"),
      transactionVersion: int8("2+", { default: 0, ignorable: true }),
    }),
  },
  response: {
    markers: array("0+", {
      producerId: int64("0+"),
      topics: array("0+", {
        name: string("0+"),
        partitions: array("0+", { partitionIndex: int32("0+"), errorCode: int16("0+") }),
      }),
    }),
  },
});

export type WriteTxnMarkersRequest = Decoded<typeof writeTxnMarkersApi.request>;
export type WriteTxnMarkersRequestInput = Input<typeof writeTxnMarkersApi.request>;
export type WriteTxnMarkersResponse = Decoded<typeof writeTxnMarkersApi.response>;
export type WriteTxnMarkersResponseInput = Input<typeof writeTxnMarkersApi.response>;
