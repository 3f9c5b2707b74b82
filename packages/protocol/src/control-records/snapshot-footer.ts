// The value of the control record that closes a metadata snapshot (KIP-630).

import { defineRecord } from "../schema/define.ts";
import { int16 } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const snapshotFooterRecord = defineRecord({
  apiKey: null,
  name: "SnapshotFooterRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    version: int16("0+"),
  },
});

export type SnapshotFooterRecord = Decoded<typeof snapshotFooterRecord>;
export type SnapshotFooterRecordInput = Input<typeof snapshotFooterRecord>;
