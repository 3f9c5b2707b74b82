// Metadata log: a finalized feature level. The first record of every log; it says what is needed to read on (KIP-778).

import { defineRecord } from "../schema/define.ts";
import { int16, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const featureLevelRecord = defineRecord({
  apiKey: 12,
  name: "FeatureLevelRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    name: string("0+"),
    featureLevel: int16("0+"),
  },
});

export type FeatureLevelRecord = Decoded<typeof featureLevelRecord>;
export type FeatureLevelRecordInput = Input<typeof featureLevelRecord>;
