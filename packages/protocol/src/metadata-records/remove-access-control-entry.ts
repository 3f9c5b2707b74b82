// Metadata log: an ACL was removed.

import { defineRecord } from "../schema/define.ts";
import { uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const removeAccessControlEntryRecord = defineRecord({
  apiKey: 19,
  name: "RemoveAccessControlEntryRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    id: uuid("0+"),
  },
});

export type RemoveAccessControlEntryRecord = Decoded<typeof removeAccessControlEntryRecord>;
export type RemoveAccessControlEntryRecordInput = Input<typeof removeAccessControlEntryRecord>;
