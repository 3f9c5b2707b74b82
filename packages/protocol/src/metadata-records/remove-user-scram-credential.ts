// Metadata log: a SCRAM credential was removed (KIP-900).

import { defineRecord } from "../schema/define.ts";
import { int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const removeUserScramCredentialRecord = defineRecord({
  apiKey: 22,
  name: "RemoveUserScramCredentialRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    name: string("0+"),
    mechanism: int8("0+"),
  },
});

export type RemoveUserScramCredentialRecord = Decoded<typeof removeUserScramCredentialRecord>;
export type RemoveUserScramCredentialRecordInput = Input<typeof removeUserScramCredentialRecord>;
