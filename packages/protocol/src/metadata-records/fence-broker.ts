// Metadata log: a broker was fenced. Superseded by BrokerRegistrationChangeRecord.

import { defineRecord } from "../schema/define.ts";
import { int32, int64 } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const fenceBrokerRecord = defineRecord({
  apiKey: 7,
  name: "FenceBrokerRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    id: int32("0+"),
    epoch: int64("0+"),
  },
});

export type FenceBrokerRecord = Decoded<typeof fenceBrokerRecord>;
export type FenceBrokerRecordInput = Input<typeof fenceBrokerRecord>;
