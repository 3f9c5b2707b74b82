// SaslAuthenticate: carries the bytes of a SASL exchange in Kafka's framing (KIP-152).

import { defineApi } from "../schema/define.ts";
import { bytes, int16, int64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const saslAuthenticateApi = defineApi({
  key: 36,
  name: "SaslAuthenticate",
  versions: "0-2",
  flexibleFrom: 2,
  request: {
    authBytes: bytes("0+"),
  },
  response: {
    errorCode: int16("0+"),
    errorMessage: string("0+", { nullable: "0+" }),
    authBytes: bytes("0+"),
    sessionLifetimeMs: int64("1+", { default: 0, ignorable: true }),
  },
});

export type SaslAuthenticateRequest = Decoded<typeof saslAuthenticateApi.request>;
export type SaslAuthenticateRequestInput = Input<typeof saslAuthenticateApi.request>;
export type SaslAuthenticateResponse = Decoded<typeof saslAuthenticateApi.response>;
export type SaslAuthenticateResponseInput = Input<typeof saslAuthenticateApi.response>;
