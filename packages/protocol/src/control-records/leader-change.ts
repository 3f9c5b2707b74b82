// The value of a control record: who leads the metadata quorum from here on (KIP-595).

import { defineRecord } from "../schema/define.ts";
import { array, int16, int32, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const voter = {
  voterId: int32("0+"),
  voterDirectoryId: uuid("1+"),
};

export const leaderChangeMessage = defineRecord({
  apiKey: null,
  name: "LeaderChangeMessage",
  versions: "0-1",
  flexibleFrom: 0,
  fields: {
    version: int16("0+"),
    leaderId: int32("0+"),
    voters: array("0+", voter),
    grantingVoters: array("0+", voter),
  },
});

export type LeaderChangeMessage = Decoded<typeof leaderChangeMessage>;
export type LeaderChangeMessageInput = Input<typeof leaderChangeMessage>;
