// Metadata log: a partition as a whole. Directories since version 1 (KIP-858), eligible leader replicas since 2
// (KIP-966).

import { defineRecord } from "../schema/define.ts";
import { array, int32, int8, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const partitionRecord = defineRecord({
  apiKey: 3,
  name: "PartitionRecord",
  versions: "0-2",
  flexibleFrom: 0,
  fields: {
    partitionId: int32("0+", { default: -1 }),
    topicId: uuid("0+"),
    replicas: array("0+", int32),
    isr: array("0+", int32),
    removingReplicas: array("0+", int32),
    addingReplicas: array("0+", int32),
    leader: int32("0+", { default: -1 }),
    leaderRecoveryState: int8("0+", { default: 0, tag: 0 }),
    leaderEpoch: int32("0+", { default: -1 }),
    partitionEpoch: int32("0+", { default: -1 }),
    directories: array("1+", uuid),
    eligibleLeaderReplicas: array("2+", int32, { nullable: "2+", default: null, tag: 1 }),
    lastKnownElr: array("2+", int32, { nullable: "2+", default: null, tag: 2 }),
  },
});

export type PartitionRecord = Decoded<typeof partitionRecord>;
export type PartitionRecordInput = Input<typeof partitionRecord>;
