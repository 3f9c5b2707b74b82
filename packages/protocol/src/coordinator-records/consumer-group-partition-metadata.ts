// __consumer_offsets: the topics a consumer group subscribes to, as Kafka 4.0 kept them; replaced by a hash
// (KIP-1101).

import { defineRecord } from "../schema/define.ts";
import { array, int32, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const consumerGroupPartitionMetadataKey = defineRecord({
  apiKey: 4,
  name: "ConsumerGroupPartitionMetadataKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
  },
});

export const consumerGroupPartitionMetadataValue = defineRecord({
  apiKey: 4,
  name: "ConsumerGroupPartitionMetadataValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    topics: array("0+", {
      topicId: uuid("0+"),
      topicName: string("0+"),
      numPartitions: int32("0+"),
      partitionMetadata: array("0+", { partition: int32("0+"), racks: array("0+", string) }),
    }),
  },
});

export type ConsumerGroupPartitionMetadataKey = Decoded<typeof consumerGroupPartitionMetadataKey>;
export type ConsumerGroupPartitionMetadataKeyInput = Input<typeof consumerGroupPartitionMetadataKey>;
export type ConsumerGroupPartitionMetadataValue = Decoded<typeof consumerGroupPartitionMetadataValue>;
export type ConsumerGroupPartitionMetadataValueInput = Input<typeof consumerGroupPartitionMetadataValue>;
