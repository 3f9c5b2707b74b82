// CreateDelegationToken: issues a token that stands for a principal (KIP-48).

import { defineApi } from "../schema/define.ts";
import { array, bytes, int16, int32, int64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const createDelegationTokenApi = defineApi({
  key: 38,
  name: "CreateDelegationToken",
  versions: "1-3",
  flexibleFrom: 2,
  request: {
    ownerPrincipalType: string("3+", { nullable: "3+" }),
    ownerPrincipalName: string("3+", { nullable: "3+" }),
    renewers: array("0+", { principalType: string("0+"), principalName: string("0+") }),
    maxLifetimeMs: int64("0+"),
  },
  response: {
    errorCode: int16("0+"),
    principalType: string("0+"),
    principalName: string("0+"),
    tokenRequesterPrincipalType: string("3+"),
    tokenRequesterPrincipalName: string("3+"),
    issueTimestampMs: int64("0+"),
    expiryTimestampMs: int64("0+"),
    maxTimestampMs: int64("0+"),
    tokenId: string("0+"),
    hmac: bytes("0+"),
    throttleTimeMs: int32("0+"),
  },
});

export type CreateDelegationTokenRequest = Decoded<typeof createDelegationTokenApi.request>;
export type CreateDelegationTokenRequestInput = Input<typeof createDelegationTokenApi.request>;
export type CreateDelegationTokenResponse = Decoded<typeof createDelegationTokenApi.response>;
export type CreateDelegationTokenResponseInput = Input<typeof createDelegationTokenApi.response>;
