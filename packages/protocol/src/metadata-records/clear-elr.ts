// Metadata log: the eligible leader replicas of a topic, or of all, are forgotten (KIP-966).

import { defineRecord } from "../schema/define.ts";
import { string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const clearElrRecord = defineRecord({
  apiKey: 28,
  name: "ClearElrRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    topicName: string("0+"),
  },
});

export type ClearElrRecord = Decoded<typeof clearElrRecord>;
export type ClearElrRecordInput = Input<typeof clearElrRecord>;
