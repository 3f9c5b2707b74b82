// Envelope: a request that a broker forwards to the controller with its client's principal (KIP-590).

import { defineApi } from "../schema/define.ts";
import { bytes, int16 } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const envelopeApi = defineApi({
  key: 58,
  name: "Envelope",
  versions: "0",
  flexibleFrom: 0,
  request: {
    requestData: bytes("0+"),
    requestPrincipal: bytes("0+", { nullable: "0+" }),
    clientHostAddress: bytes("0+"),
  },
  response: {
    responseData: bytes("0+", { nullable: "0+", default: null }),
    errorCode: int16("0+"),
  },
});

export type EnvelopeRequest = Decoded<typeof envelopeApi.request>;
export type EnvelopeRequestInput = Input<typeof envelopeApi.request>;
export type EnvelopeResponse = Decoded<typeof envelopeApi.response>;
export type EnvelopeResponseInput = Input<typeof envelopeApi.response>;
