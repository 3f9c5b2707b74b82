// Metadata log: a broker was removed.

import { defineRecord } from "../schema/define.ts";
import { int32, int64 } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const unregisterBrokerRecord = defineRecord({
  apiKey: 1,
  name: "UnregisterBrokerRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    brokerId: int32("0+"),
    brokerEpoch: int64("0+"),
  },
});

export type UnregisterBrokerRecord = Decoded<typeof unregisterBrokerRecord>;
export type UnregisterBrokerRecordInput = Input<typeof unregisterBrokerRecord>;
