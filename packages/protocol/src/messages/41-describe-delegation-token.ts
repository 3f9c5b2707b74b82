// DescribeDelegationToken: the tokens of given owners (KIP-48).

import { defineApi } from "../schema/define.ts";
import { array, bytes, int16, int32, int64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const describeDelegationTokenApi = defineApi({
  key: 41,
  name: "DescribeDelegationToken",
  versions: "1-3",
  flexibleFrom: 2,
  request: {
    owners: array("0+", { principalType: string("0+"), principalName: string("0+") }, { nullable: "0+" }),
  },
  response: {
    errorCode: int16("0+"),
    tokens: array("0+", {
      principalType: string("0+"),
      principalName: string("0+"),
      tokenRequesterPrincipalType: string("3+"),
      tokenRequesterPrincipalName: string("3+"),
      issueTimestamp: int64("0+"),
      expiryTimestamp: int64("0+"),
      maxTimestamp: int64("0+"),
      tokenId: string("0+"),
      hmac: bytes("0+"),
      renewers: array("0+", { principalType: string("0+"), principalName: string("0+") }),
    }),
    throttleTimeMs: int32("0+"),
  },
});

export type DescribeDelegationTokenRequest = Decoded<typeof describeDelegationTokenApi.request>;
export type DescribeDelegationTokenRequestInput = Input<typeof describeDelegationTokenApi.request>;
export type DescribeDelegationTokenResponse = Decoded<typeof describeDelegationTokenApi.response>;
export type DescribeDelegationTokenResponseInput = Input<typeof describeDelegationTokenApi.response>;
