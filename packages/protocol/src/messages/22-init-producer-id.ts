// InitProducerId: a producer id and epoch for idempotent and transactional producers. Resumes an epoch since version 3
// (KIP-360); version 6 prepares two-phase commit (KIP-939).

import { defineApi } from "../schema/define.ts";
import { boolean, int16, int32, int64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const initProducerIdApi = defineApi({
  key: 22,
  name: "InitProducerId",
  versions: "0-6",
  flexibleFrom: 2,
  request: {
    transactionalId: string("0+", { nullable: "0+" }),
    transactionTimeoutMs: int32("0+"),
    producerId: int64("3+", { default: -1 }),
    producerEpoch: int16("3+", { default: -1 }),
    enable2Pc: boolean("6+", { default: false }),
    keepPreparedTxn: boolean("6+", { default: false }),
  },
  response: {
    throttleTimeMs: int32("0+", { ignorable: true }),
    errorCode: int16("0+"),
    producerId: int64("0+", { default: -1 }),
    producerEpoch: int16("0+"),
    ongoingTxnProducerId: int64("6+", { default: -1 }),
    ongoingTxnProducerEpoch: int16("6+", { default: -1 }),
  },
});

export type InitProducerIdRequest = Decoded<typeof initProducerIdApi.request>;
export type InitProducerIdRequestInput = Input<typeof initProducerIdApi.request>;
export type InitProducerIdResponse = Decoded<typeof initProducerIdApi.response>;
export type InitProducerIdResponseInput = Input<typeof initProducerIdApi.response>;
