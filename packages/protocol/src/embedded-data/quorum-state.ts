// The file quorum-state beside the metadata log: epoch, leader and vote. Kafka writes it as JSON, not in this form
// (KIP-595).

import { defineRecord } from "../schema/define.ts";
import { array, int32, int64, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const quorumStateData = defineRecord({
  apiKey: null,
  name: "QuorumStateData",
  versions: "0-1",
  flexibleFrom: 0,
  fields: {
    clusterId: string("0"),
    leaderId: int32("0+", { default: -1 }),
    leaderEpoch: int32("0+", { default: -1 }),
    votedId: int32("0+", { default: -1 }),
    votedDirectoryId: uuid("1+"),
    appliedOffset: int64("0"),
    currentVoters: array("0", { voterId: int32("0") }, { nullable: "0" }),
  },
});

export type QuorumStateData = Decoded<typeof quorumStateData>;
export type QuorumStateDataInput = Input<typeof quorumStateData>;
