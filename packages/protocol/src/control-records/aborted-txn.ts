// An entry of a segment's .txnindex: an aborted transaction, behind an int16 with the version.

import { defineRecord } from "../schema/define.ts";
import { int64 } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const abortedTxn = defineRecord({
  apiKey: null,
  name: "AbortedTxn",
  versions: "0",
  flexibleFrom: null,
  fields: {
    producerId: int64("0+"),
    firstOffset: int64("0+"),
    lastOffset: int64("0+"),
    lastStableOffset: int64("0+"),
  },
});

export type AbortedTxn = Decoded<typeof abortedTxn>;
export type AbortedTxnInput = Input<typeof abortedTxn>;
