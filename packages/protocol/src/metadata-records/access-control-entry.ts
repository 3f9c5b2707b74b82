// Metadata log: an ACL.

import { defineRecord } from "../schema/define.ts";
import { int8, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const accessControlEntryRecord = defineRecord({
  apiKey: 18,
  name: "AccessControlEntryRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    id: uuid("0+"),
    resourceType: int8("0+"),
    resourceName: string("0+"),
    patternType: int8("0+"),
    principal: string("0+"),
    host: string("0+"),
    operation: int8("0+"),
    permissionType: int8("0+"),
  },
});

export type AccessControlEntryRecord = Decoded<typeof accessControlEntryRecord>;
export type AccessControlEntryRecordInput = Input<typeof accessControlEntryRecord>;
