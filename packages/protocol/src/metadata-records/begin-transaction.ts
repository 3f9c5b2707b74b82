// Metadata log: the records from here on count only together (KIP-868).

import { defineRecord } from "../schema/define.ts";
import { string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const beginTransactionRecord = defineRecord({
  apiKey: 23,
  name: "BeginTransactionRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    name: string("0+", { nullable: "0+", default: null, tag: 0 }),
  },
});

export type BeginTransactionRecord = Decoded<typeof beginTransactionRecord>;
export type BeginTransactionRecordInput = Input<typeof beginTransactionRecord>;
