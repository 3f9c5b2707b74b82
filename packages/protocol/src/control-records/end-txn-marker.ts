// The value of the control records abort and commit, behind an int16 with the version (KIP-98).

import { defineRecord } from "../schema/define.ts";
import { int32 } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const endTxnMarker = defineRecord({
  apiKey: null,
  name: "EndTxnMarker",
  versions: "0",
  flexibleFrom: null,
  fields: {
    coordinatorEpoch: int32("0+"),
  },
});

export type EndTxnMarker = Decoded<typeof endTxnMarker>;
export type EndTxnMarkerInput = Input<typeof endTxnMarker>;
