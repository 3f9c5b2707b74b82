// ListTransactions: the transactions that this broker coordinates, filtered (KIP-664).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const listTransactionsApi = defineApi({
  key: 66,
  name: "ListTransactions",
  versions: "0-2",
  flexibleFrom: 0,
  request: {
    stateFilters: array("0+", string),
    producerIdFilters: array("0+", int64),
    durationFilter: int64("1+", { default: -1 }),
    transactionalIdPattern: string("2+", { nullable: "2+", default: null }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    unknownStateFilters: array("0+", string),
    transactionStates: array("0+", {
      transactionalId: string("0+"),
      producerId: int64("0+"),
      transactionState: string("0+"),
    }),
  },
});

export type ListTransactionsRequest = Decoded<typeof listTransactionsApi.request>;
export type ListTransactionsRequestInput = Input<typeof listTransactionsApi.request>;
export type ListTransactionsResponse = Decoded<typeof listTransactionsApi.response>;
export type ListTransactionsResponseInput = Input<typeof listTransactionsApi.response>;
