// Metadata log: a delegation token was removed (KIP-900).

import { defineRecord } from "../schema/define.ts";
import { string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const removeDelegationTokenRecord = defineRecord({
  apiKey: 26,
  name: "RemoveDelegationTokenRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    tokenId: string("0+"),
  },
});

export type RemoveDelegationTokenRecord = Decoded<typeof removeDelegationTokenRecord>;
export type RemoveDelegationTokenRecordInput = Input<typeof removeDelegationTokenRecord>;
