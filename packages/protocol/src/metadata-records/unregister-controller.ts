// Metadata log: a controller was removed. Newer than Kafka 4.3.

import { defineRecord } from "../schema/define.ts";
import { int32 } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const unregisterControllerRecord = defineRecord({
  apiKey: 29,
  name: "UnregisterControllerRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    controllerId: int32("0+"),
  },
});

export type UnregisterControllerRecord = Decoded<typeof unregisterControllerRecord>;
export type UnregisterControllerRecordInput = Input<typeof unregisterControllerRecord>;
