// DescribeUserScramCredentials: which SCRAM mechanisms users have, never their secrets (KIP-554).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const describeUserScramCredentialsApi = defineApi({
  key: 50,
  name: "DescribeUserScramCredentials",
  versions: "0",
  flexibleFrom: 0,
  request: {
    users: array("0+", { name: string("0+") }, { nullable: "0+" }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    errorMessage: string("0+", { nullable: "0+" }),
    results: array("0+", {
      user: string("0+"),
      errorCode: int16("0+"),
      errorMessage: string("0+", { nullable: "0+" }),
      credentialInfos: array("0+", { mechanism: int8("0+"), iterations: int32("0+") }),
    }),
  },
});

export type DescribeUserScramCredentialsRequest = Decoded<typeof describeUserScramCredentialsApi.request>;
export type DescribeUserScramCredentialsRequestInput = Input<typeof describeUserScramCredentialsApi.request>;
export type DescribeUserScramCredentialsResponse = Decoded<typeof describeUserScramCredentialsApi.response>;
export type DescribeUserScramCredentialsResponseInput = Input<typeof describeUserScramCredentialsApi.response>;
