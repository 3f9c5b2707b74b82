// Metadata log: the records since the last BeginTransactionRecord take effect (KIP-868).

import { defineRecord } from "../schema/define.ts";

export const endTransactionRecord = defineRecord({
  apiKey: 24,
  name: "EndTransactionRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {},
});
