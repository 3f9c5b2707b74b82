// __consumer_offsets: the topics that a subscribed regular expression resolves to (KIP-848).

import { defineRecord } from "../schema/define.ts";
import { array, int64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const consumerGroupRegularExpressionKey = defineRecord({
  apiKey: 16,
  name: "ConsumerGroupRegularExpressionKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
    regularExpression: string("0"),
  },
});

export const consumerGroupRegularExpressionValue = defineRecord({
  apiKey: 16,
  name: "ConsumerGroupRegularExpressionValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    topics: array("0+", string),
    version: int64("0+"),
    timestamp: int64("0+"),
  },
});

export type ConsumerGroupRegularExpressionKey = Decoded<typeof consumerGroupRegularExpressionKey>;
export type ConsumerGroupRegularExpressionKeyInput = Input<typeof consumerGroupRegularExpressionKey>;
export type ConsumerGroupRegularExpressionValue = Decoded<typeof consumerGroupRegularExpressionValue>;
export type ConsumerGroupRegularExpressionValueInput = Input<typeof consumerGroupRegularExpressionValue>;
