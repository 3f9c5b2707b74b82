// AddOffsetsToTxn: enters a group's offsets partition into a transaction (KIP-98).

import { defineApi } from "../schema/define.ts";
import { int16, int32, int64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const addOffsetsToTxnApi = defineApi({
  key: 25,
  name: "AddOffsetsToTxn",
  versions: "0-4",
  flexibleFrom: 3,
  request: {
    transactionalId: string("0+"),
    producerId: int64("0+"),
    producerEpoch: int16("0+"),
    groupId: string("0+"),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
  },
});

export type AddOffsetsToTxnRequest = Decoded<typeof addOffsetsToTxnApi.request>;
export type AddOffsetsToTxnRequestInput = Input<typeof addOffsetsToTxnApi.request>;
export type AddOffsetsToTxnResponse = Decoded<typeof addOffsetsToTxnApi.response>;
export type AddOffsetsToTxnResponseInput = Input<typeof addOffsetsToTxnApi.response>;
