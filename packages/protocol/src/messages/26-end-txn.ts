// EndTxn: commits or aborts a transaction. Since version 5 the answer carries a new epoch (KIP-890).

import { defineApi } from "../schema/define.ts";
import { boolean, int16, int32, int64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const endTxnApi = defineApi({
  key: 26,
  name: "EndTxn",
  versions: "0-5",
  flexibleFrom: 3,
  request: {
    transactionalId: string("0+"),
    producerId: int64("0+"),
    producerEpoch: int16("0+"),
    committed: boolean("0+"),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    producerId: int64("5+", { default: -1, ignorable: true }),
    producerEpoch: int16("5+", { default: -1, ignorable: true }),
  },
});

export type EndTxnRequest = Decoded<typeof endTxnApi.request>;
export type EndTxnRequestInput = Input<typeof endTxnApi.request>;
export type EndTxnResponse = Decoded<typeof endTxnApi.response>;
export type EndTxnResponseInput = Input<typeof endTxnApi.response>;
