// AllocateProducerIds: a broker takes a block of producer ids from the controller (KIP-730).

import { defineApi } from "../schema/define.ts";
import { int16, int32, int64 } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const allocateProducerIdsApi = defineApi({
  key: 67,
  name: "AllocateProducerIds",
  versions: "0",
  flexibleFrom: 0,
  request: {
    brokerId: int32("0+"),
    brokerEpoch: int64("0+", { default: -1 }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    producerIdStart: int64("0+"),
    producerIdLen: int32("0+"),
  },
});

export type AllocateProducerIdsRequest = Decoded<typeof allocateProducerIdsApi.request>;
export type AllocateProducerIdsRequestInput = Input<typeof allocateProducerIdsApi.request>;
export type AllocateProducerIdsResponse = Decoded<typeof allocateProducerIdsApi.response>;
export type AllocateProducerIdsResponseInput = Input<typeof allocateProducerIdsApi.response>;
