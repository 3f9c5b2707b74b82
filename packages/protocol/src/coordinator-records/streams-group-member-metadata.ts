// __consumer_offsets: a member of a streams group: process, endpoint, tags (KIP-1071).

import { defineRecord } from "../schema/define.ts";
import { array, int32, string, struct, uint16 } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const endpoint = {
  host: string("0+"),
  port: uint16("0+"),
};

const keyValue = {
  key: string("0+"),
  value: string("0+"),
};

export const streamsGroupMemberMetadataKey = defineRecord({
  apiKey: 19,
  name: "StreamsGroupMemberMetadataKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
    memberId: string("0"),
  },
});

export const streamsGroupMemberMetadataValue = defineRecord({
  apiKey: 19,
  name: "StreamsGroupMemberMetadataValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    instanceId: string("0+", { nullable: "0+" }),
    rackId: string("0+", { nullable: "0+" }),
    clientId: string("0+"),
    clientHost: string("0+"),
    rebalanceTimeoutMs: int32("0+", { default: -1 }),
    topologyEpoch: int32("0+"),
    processId: string("0+"),
    userEndpoint: struct("0+", endpoint, { nullable: "0+", default: null }),
    clientTags: array("0+", keyValue),
  },
});

export type StreamsGroupMemberMetadataKey = Decoded<typeof streamsGroupMemberMetadataKey>;
export type StreamsGroupMemberMetadataKeyInput = Input<typeof streamsGroupMemberMetadataKey>;
export type StreamsGroupMemberMetadataValue = Decoded<typeof streamsGroupMemberMetadataValue>;
export type StreamsGroupMemberMetadataValueInput = Input<typeof streamsGroupMemberMetadataValue>;
