// Metadata log: a topic was deleted, its partitions and configs with it.

import { defineRecord } from "../schema/define.ts";
import { uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const removeTopicRecord = defineRecord({
  apiKey: 9,
  name: "RemoveTopicRecord",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    topicId: uuid("0+"),
  },
});

export type RemoveTopicRecord = Decoded<typeof removeTopicRecord>;
export type RemoveTopicRecordInput = Input<typeof removeTopicRecord>;
