// Metadata log: nothing; it moves the high watermark (KIP-835).

import { defineRecord } from "../schema/define.ts";

export const noOpRecord = defineRecord({
  apiKey: 20,
  name: "NoOpRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {},
});
