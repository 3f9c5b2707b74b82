// Metadata log: nothing; it moves the high watermark (KIP-835).

import { defineRecord } from "../schema/define.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const noOpRecord = defineRecord({
  apiKey: 20,
  name: "NoOpRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {},
});

export type NoOpRecord = Decoded<typeof noOpRecord>;
export type NoOpRecordInput = Input<typeof noOpRecord>;
