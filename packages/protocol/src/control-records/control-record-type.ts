// The key of a control record: 0 abort, 1 commit, 2 leader change, 3 and 4 snapshot header and footer, 5 kraft
// version, 6 voters; behind an int16 with the version.

import { defineRecord } from "../schema/define.ts";
import { int16 } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const controlRecordTypeSchema = defineRecord({
  apiKey: null,
  name: "ControlRecordTypeSchema",
  versions: "0",
  flexibleFrom: null,
  fields: {
    type: int16("0+"),
  },
});

export type ControlRecordTypeSchema = Decoded<typeof controlRecordTypeSchema>;
export type ControlRecordTypeSchemaInput = Input<typeof controlRecordTypeSchema>;
