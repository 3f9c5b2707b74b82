// Metadata log: a SCRAM credential (KIP-900).

import { defineRecord } from "../schema/define.ts";
import { bytes, int32, int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const userScramCredentialRecord = defineRecord({
  apiKey: 11,
  name: "UserScramCredentialRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    name: string("0+"),
    mechanism: int8("0+"),
    salt: bytes("0+"),
    storedKey: bytes("0+"),
    serverKey: bytes("0+"),
    iterations: int32("0+"),
  },
});

export type UserScramCredentialRecord = Decoded<typeof userScramCredentialRecord>;
export type UserScramCredentialRecordInput = Input<typeof userScramCredentialRecord>;
