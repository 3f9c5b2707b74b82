// What a consumer puts into JoinGroup for the assignor, behind an int16 with the version. Brokers read it for
// OffsetDelete and for upgrading classic groups (KIP-848).

import { defineRecord } from "../schema/define.ts";
import { array, bytes, int32, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const consumerProtocolSubscription = defineRecord({
  apiKey: null,
  name: "ConsumerProtocolSubscription",
  versions: "0-3",
  flexibleFrom: null,
  fields: {
    topics: array("0+", string),
    userData: bytes("0+", { nullable: "0+", default: null }),
    ownedPartitions: array("1+", { topic: string("1+"), partitions: array("1+", int32) }, { ignorable: true }),
    generationId: int32("2+", { default: -1, ignorable: true }),
    rackId: string("3+", { nullable: "3+", default: null, ignorable: true }),
  },
});

export type ConsumerProtocolSubscription = Decoded<typeof consumerProtocolSubscription>;
export type ConsumerProtocolSubscriptionInput = Input<typeof consumerProtocolSubscription>;
