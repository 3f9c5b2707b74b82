// UnregisterBroker: removes a broker that is gone for good (KIP-631).

import { defineApi } from "../schema/define.ts";
import { int16, int32, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const unregisterBrokerApi = defineApi({
  key: 64,
  name: "UnregisterBroker",
  versions: "0",
  flexibleFrom: 0,
  request: {
    brokerId: int32("0+"),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    errorMessage: string("0+", { nullable: "0+" }),
  },
});

export type UnregisterBrokerRequest = Decoded<typeof unregisterBrokerApi.request>;
export type UnregisterBrokerRequestInput = Input<typeof unregisterBrokerApi.request>;
export type UnregisterBrokerResponse = Decoded<typeof unregisterBrokerApi.response>;
export type UnregisterBrokerResponseInput = Input<typeof unregisterBrokerApi.response>;
