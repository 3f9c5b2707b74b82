// Metadata log: a config of a resource was set, or deleted when the value is null.

import { defineRecord } from "../schema/define.ts";
import { int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const configRecord = defineRecord({
  apiKey: 4,
  name: "ConfigRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    resourceType: int8("0+"),
    resourceName: string("0+"),
    name: string("0+"),
    value: string("0+", { nullable: "0+" }),
  },
});

export type ConfigRecord = Decoded<typeof configRecord>;
export type ConfigRecordInput = Input<typeof configRecord>;
