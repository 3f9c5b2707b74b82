// Metadata log: a broker was fenced, unfenced, began to shut down, or its log directories changed. 0 means no change.

import { defineRecord } from "../schema/define.ts";
import { array, int32, int64, int8, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const brokerRegistrationChangeRecord = defineRecord({
  apiKey: 17,
  name: "BrokerRegistrationChangeRecord",
  versions: "0-3",
  flexibleFrom: 0,
  fields: {
    brokerId: int32("0+"),
    brokerEpoch: int64("0+"),
    fenced: int8("0+", { tag: 0 }),
    inControlledShutdown: int8("1+", { tag: 1 }),
    logDirs: array("2+", uuid, { tag: 2 }),
    cordonedLogDirs: array("3+", uuid, { nullable: "3+", default: null, tag: 3 }),
  },
});

export type BrokerRegistrationChangeRecord = Decoded<typeof brokerRegistrationChangeRecord>;
export type BrokerRegistrationChangeRecordInput = Input<typeof brokerRegistrationChangeRecord>;
