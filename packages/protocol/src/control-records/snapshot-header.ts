// The value of the control record that opens a metadata snapshot (KIP-630).

import { defineRecord } from "../schema/define.ts";
import { int16, int64 } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const snapshotHeaderRecord = defineRecord({
  apiKey: null,
  name: "SnapshotHeaderRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    version: int16("0+"),
    lastContainedLogTimestamp: int64("0+"),
  },
});

export type SnapshotHeaderRecord = Decoded<typeof snapshotHeaderRecord>;
export type SnapshotHeaderRecordInput = Input<typeof snapshotHeaderRecord>;
