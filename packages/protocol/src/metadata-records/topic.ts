// Metadata log: a topic's name and id. Its partitions follow as records of their own.

import { defineRecord } from "../schema/define.ts";
import { string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const topicRecord = defineRecord({
  apiKey: 2,
  name: "TopicRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    name: string("0+"),
    topicId: uuid("0+"),
  },
});

export type TopicRecord = Decoded<typeof topicRecord>;
export type TopicRecordInput = Input<typeof topicRecord>;
