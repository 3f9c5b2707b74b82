// Metadata log: what changed in a partition. Tagged fields that are absent did not change.

import { defineRecord } from "../schema/define.ts";
import { array, int32, int8, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const partitionChangeRecord = defineRecord({
  apiKey: 5,
  name: "PartitionChangeRecord",
  versions: "0-2",
  flexibleFrom: 0,
  fields: {
    partitionId: int32("0+", { default: -1 }),
    topicId: uuid("0+"),
    isr: array("0+", int32, { nullable: "0+", default: null, tag: 0 }),
    leader: int32("0+", { default: -2, tag: 1 }),
    replicas: array("0+", int32, { nullable: "0+", default: null, tag: 2 }),
    removingReplicas: array("0+", int32, { nullable: "0+", default: null, tag: 3 }),
    addingReplicas: array("0+", int32, { nullable: "0+", default: null, tag: 4 }),
    leaderRecoveryState: int8("0+", { default: -1, tag: 5 }),
    directories: array("1+", uuid, { nullable: "1+", default: null, tag: 8 }),
    eligibleLeaderReplicas: array("2+", int32, { nullable: "2+", default: null, tag: 6 }),
    lastKnownElr: array("2+", int32, { nullable: "2+", default: null, tag: 7 }),
  },
});

export type PartitionChangeRecord = Decoded<typeof partitionChangeRecord>;
export type PartitionChangeRecordInput = Input<typeof partitionChangeRecord>;
