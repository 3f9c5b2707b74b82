// Metadata log: the producer ids below this one are handed out (KIP-730).

import { defineRecord } from "../schema/define.ts";
import { int32, int64 } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const producerIdsRecord = defineRecord({
  apiKey: 15,
  name: "ProducerIdsRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    brokerId: int32("0+"),
    brokerEpoch: int64("0+", { default: -1 }),
    nextProducerId: int64("0+"),
  },
});

export type ProducerIdsRecord = Decoded<typeof producerIdsRecord>;
export type ProducerIdsRecordInput = Input<typeof producerIdsRecord>;
