// DescribeTransactions: state of transactions by transactional id (KIP-664).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const describeTransactionsApi = defineApi({
  key: 65,
  name: "DescribeTransactions",
  versions: "0",
  flexibleFrom: 0,
  request: {
    transactionalIds: array("0+", string),
  },
  response: {
    throttleTimeMs: int32("0+"),
    transactionStates: array("0+", {
      errorCode: int16("0+"),
      transactionalId: string("0+"),
      transactionState: string("0+"),
      transactionTimeoutMs: int32("0+"),
      transactionStartTimeMs: int64("0+"),
      producerId: int64("0+"),
      producerEpoch: int16("0+"),
      topics: array("0+", { topic: string("0+"), partitions: array("0+", int32) }),
    }),
  },
});

export type DescribeTransactionsRequest = Decoded<typeof describeTransactionsApi.request>;
export type DescribeTransactionsRequestInput = Input<typeof describeTransactionsApi.request>;
export type DescribeTransactionsResponse = Decoded<typeof describeTransactionsApi.response>;
export type DescribeTransactionsResponseInput = Input<typeof describeTransactionsApi.response>;
