// __consumer_offsets: which share partitions of a group are being initialized, are ready, or are being deleted
// (KIP-932).

import { defineRecord } from "../schema/define.ts";
import { array, int32, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const topicPartitionsInfo = {
  topicId: uuid("0+"),
  topicName: string("0+"),
  partitions: array("0+", int32),
};

const topicInfo = {
  topicId: uuid("0+"),
  topicName: string("0+"),
};

export const shareGroupStatePartitionMetadataKey = defineRecord({
  apiKey: 15,
  name: "ShareGroupStatePartitionMetadataKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
  },
});

export const shareGroupStatePartitionMetadataValue = defineRecord({
  apiKey: 15,
  name: "ShareGroupStatePartitionMetadataValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    initializingTopics: array("0+", topicPartitionsInfo),
    initializedTopics: array("0+", topicPartitionsInfo),
    deletingTopics: array("0+", topicInfo),
  },
});

export type ShareGroupStatePartitionMetadataKey = Decoded<typeof shareGroupStatePartitionMetadataKey>;
export type ShareGroupStatePartitionMetadataKeyInput = Input<typeof shareGroupStatePartitionMetadataKey>;
export type ShareGroupStatePartitionMetadataValue = Decoded<typeof shareGroupStatePartitionMetadataValue>;
export type ShareGroupStatePartitionMetadataValueInput = Input<typeof shareGroupStatePartitionMetadataValue>;
