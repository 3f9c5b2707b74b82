// __consumer_offsets: what a member of a consumer group subscribes to and supports (KIP-848).

import { defineRecord } from "../schema/define.ts";
import { array, bytes, int32, string, struct } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const classicMemberMetadata = {
  sessionTimeoutMs: int32("0+"),
  supportedProtocols: array("0+", { name: string("0+"), metadata: bytes("0+") }),
};

export const consumerGroupMemberMetadataKey = defineRecord({
  apiKey: 5,
  name: "ConsumerGroupMemberMetadataKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
    memberId: string("0"),
  },
});

export const consumerGroupMemberMetadataValue = defineRecord({
  apiKey: 5,
  name: "ConsumerGroupMemberMetadataValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    instanceId: string("0+", { nullable: "0+" }),
    rackId: string("0+", { nullable: "0+" }),
    clientId: string("0+"),
    clientHost: string("0+"),
    subscribedTopicNames: array("0+", string),
    subscribedTopicRegex: string("0+", { nullable: "0+" }),
    rebalanceTimeoutMs: int32("0+", { default: -1 }),
    serverAssignor: string("0+", { nullable: "0+" }),
    classicMemberMetadata: struct("0+", classicMemberMetadata, { nullable: "0+", tag: 0 }),
  },
});

export type ConsumerGroupMemberMetadataKey = Decoded<typeof consumerGroupMemberMetadataKey>;
export type ConsumerGroupMemberMetadataKeyInput = Input<typeof consumerGroupMemberMetadataKey>;
export type ConsumerGroupMemberMetadataValue = Decoded<typeof consumerGroupMemberMetadataValue>;
export type ConsumerGroupMemberMetadataValueInput = Input<typeof consumerGroupMemberMetadataValue>;
