// RenewDelegationToken: prolongs a token up to its maximum lifetime (KIP-48).

import { defineApi } from "../schema/define.ts";
import { bytes, int16, int32, int64 } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const renewDelegationTokenApi = defineApi({
  key: 39,
  name: "RenewDelegationToken",
  versions: "1-2",
  flexibleFrom: 2,
  request: {
    hmac: bytes("0+"),
    renewPeriodMs: int64("0+"),
  },
  response: {
    errorCode: int16("0+"),
    expiryTimestampMs: int64("0+"),
    throttleTimeMs: int32("0+"),
  },
});

export type RenewDelegationTokenRequest = Decoded<typeof renewDelegationTokenApi.request>;
export type RenewDelegationTokenRequestInput = Input<typeof renewDelegationTokenApi.request>;
export type RenewDelegationTokenResponse = Decoded<typeof renewDelegationTokenApi.response>;
export type RenewDelegationTokenResponseInput = Input<typeof renewDelegationTokenApi.response>;
