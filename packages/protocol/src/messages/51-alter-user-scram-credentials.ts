// AlterUserScramCredentials: sets and removes SCRAM credentials (KIP-554).

import { defineApi } from "../schema/define.ts";
import { array, bytes, int16, int32, int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const alterUserScramCredentialsApi = defineApi({
  key: 51,
  name: "AlterUserScramCredentials",
  versions: "0",
  flexibleFrom: 0,
  request: {
    deletions: array("0+", { name: string("0+"), mechanism: int8("0+") }),
    upsertions: array("0+", {
      name: string("0+"),
      mechanism: int8("0+"),
      iterations: int32("0+"),
      salt: bytes("0+"),
      saltedPassword: bytes("0+"),
    }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    results: array("0+", {
      user: string("0+"),
      errorCode: int16("0+"),
      errorMessage: string("0+", { nullable: "0+" }),
    }),
  },
});

export type AlterUserScramCredentialsRequest = Decoded<typeof alterUserScramCredentialsApi.request>;
export type AlterUserScramCredentialsRequestInput = Input<typeof alterUserScramCredentialsApi.request>;
export type AlterUserScramCredentialsResponse = Decoded<typeof alterUserScramCredentialsApi.response>;
export type AlterUserScramCredentialsResponseInput = Input<typeof alterUserScramCredentialsApi.response>;
