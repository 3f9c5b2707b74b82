// Metadata log: a broker was unfenced. Superseded by BrokerRegistrationChangeRecord.

import { defineRecord } from "../schema/define.ts";
import { int32, int64 } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const unfenceBrokerRecord = defineRecord({
  apiKey: 8,
  name: "UnfenceBrokerRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    id: int32("0+"),
    epoch: int64("0+"),
  },
});

export type UnfenceBrokerRecord = Decoded<typeof unfenceBrokerRecord>;
export type UnfenceBrokerRecordInput = Input<typeof unfenceBrokerRecord>;
