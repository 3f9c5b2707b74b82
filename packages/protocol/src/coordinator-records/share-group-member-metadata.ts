// __consumer_offsets: what a member of a share group subscribes to (KIP-932).

import { defineRecord } from "../schema/define.ts";
import { array, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const shareGroupMemberMetadataKey = defineRecord({
  apiKey: 10,
  name: "ShareGroupMemberMetadataKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
    memberId: string("0"),
  },
});

export const shareGroupMemberMetadataValue = defineRecord({
  apiKey: 10,
  name: "ShareGroupMemberMetadataValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    rackId: string("0+", { nullable: "0+" }),
    clientId: string("0+"),
    clientHost: string("0+"),
    subscribedTopicNames: array("0+", string),
  },
});

export type ShareGroupMemberMetadataKey = Decoded<typeof shareGroupMemberMetadataKey>;
export type ShareGroupMemberMetadataKeyInput = Input<typeof shareGroupMemberMetadataKey>;
export type ShareGroupMemberMetadataValue = Decoded<typeof shareGroupMemberMetadataValue>;
export type ShareGroupMemberMetadataValueInput = Input<typeof shareGroupMemberMetadataValue>;
