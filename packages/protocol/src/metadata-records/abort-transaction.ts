// Metadata log: the records since the last BeginTransactionRecord do not count (KIP-868).

import { defineRecord } from "../schema/define.ts";
import { string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const abortTransactionRecord = defineRecord({
  apiKey: 25,
  name: "AbortTransactionRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    reason: string("0+", { nullable: "0+", default: null, tag: 0 }),
  },
});

export type AbortTransactionRecord = Decoded<typeof abortTransactionRecord>;
export type AbortTransactionRecordInput = Input<typeof abortTransactionRecord>;
