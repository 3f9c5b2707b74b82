// __consumer_offsets: a classic group with its members and their assignments.

import { defineRecord } from "../schema/define.ts";
import { array, bytes, int32, int64, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const memberMetadata = {
  memberId: string("0+"),
  groupInstanceId: string("3+", { nullable: "3+", default: null, ignorable: true }),
  clientId: string("0+"),
  clientHost: string("0+"),
  rebalanceTimeout: int32("1+", { default: -1, ignorable: true }),
  sessionTimeout: int32("0+"),
  subscription: bytes("0+"),
  assignment: bytes("0+"),
};

export const groupMetadataKey = defineRecord({
  apiKey: 2,
  name: "GroupMetadataKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    group: string("0"),
  },
});

export const groupMetadataValue = defineRecord({
  apiKey: 2,
  name: "GroupMetadataValue",
  versions: "0-4",
  flexibleFrom: 4,
  fields: {
    protocolType: string("0+"),
    generation: int32("0+"),
    protocol: string("0+", { nullable: "0+" }),
    leader: string("0+", { nullable: "0+" }),
    currentStateTimestamp: int64("2+", { default: -1, ignorable: true }),
    members: array("0+", memberMetadata),
  },
});

export type GroupMetadataKey = Decoded<typeof groupMetadataKey>;
export type GroupMetadataKeyInput = Input<typeof groupMetadataKey>;
export type GroupMetadataValue = Decoded<typeof groupMetadataValue>;
export type GroupMetadataValueInput = Input<typeof groupMetadataValue>;
