// Metadata log: a delegation token (KIP-900).

import { defineRecord } from "../schema/define.ts";
import { array, int64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const delegationTokenRecord = defineRecord({
  apiKey: 10,
  name: "DelegationTokenRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    owner: string("0+"),
    requester: string("0+"),
    renewers: array("0+", string),
    issueTimestamp: int64("0+"),
    maxTimestamp: int64("0+"),
    expirationTimestamp: int64("0+"),
    tokenId: string("0+"),
  },
});

export type DelegationTokenRecord = Decoded<typeof delegationTokenRecord>;
export type DelegationTokenRecordInput = Input<typeof delegationTokenRecord>;
