// SaslHandshake: picks the SASL mechanism. Never flexible: old clients negotiate its version wrongly (KAFKA-9577).

import { defineApi } from "../schema/define.ts";
import { array, int16, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const saslHandshakeApi = defineApi({
  key: 17,
  name: "SaslHandshake",
  versions: "0-1",
  flexibleFrom: null,
  request: {
    mechanism: string("0+"),
  },
  response: {
    errorCode: int16("0+"),
    mechanisms: array("0+", string),
  },
});

export type SaslHandshakeRequest = Decoded<typeof saslHandshakeApi.request>;
export type SaslHandshakeRequestInput = Input<typeof saslHandshakeApi.request>;
export type SaslHandshakeResponse = Decoded<typeof saslHandshakeApi.response>;
export type SaslHandshakeResponseInput = Input<typeof saslHandshakeApi.response>;
