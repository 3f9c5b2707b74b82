// ExpireDelegationToken: ends a token now or at a given time (KIP-48).

import { defineApi } from "../schema/define.ts";
import { bytes, int16, int32, int64 } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const expireDelegationTokenApi = defineApi({
  key: 40,
  name: "ExpireDelegationToken",
  versions: "1-2",
  flexibleFrom: 2,
  request: {
    hmac: bytes("0+"),
    expiryTimePeriodMs: int64("0+"),
  },
  response: {
    errorCode: int16("0+"),
    expiryTimestampMs: int64("0+"),
    throttleTimeMs: int32("0+"),
  },
});

export type ExpireDelegationTokenRequest = Decoded<typeof expireDelegationTokenApi.request>;
export type ExpireDelegationTokenRequestInput = Input<typeof expireDelegationTokenApi.request>;
export type ExpireDelegationTokenResponse = Decoded<typeof expireDelegationTokenApi.response>;
export type ExpireDelegationTokenResponseInput = Input<typeof expireDelegationTokenApi.response>;
