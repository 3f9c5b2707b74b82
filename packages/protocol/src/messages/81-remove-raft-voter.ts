// RemoveRaftVoter: takes a voter out of the metadata quorum (KIP-853).

import { defineApi } from "../schema/define.ts";
import { int16, int32, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const removeRaftVoterApi = defineApi({
  key: 81,
  name: "RemoveRaftVoter",
  versions: "0",
  flexibleFrom: 0,
  request: {
    clusterId: string("0+", { nullable: "0+" }),
    voterId: int32("0+"),
    voterDirectoryId: uuid("0+"),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    errorMessage: string("0+", { nullable: "0+", ignorable: true }),
  },
});

export type RemoveRaftVoterRequest = Decoded<typeof removeRaftVoterApi.request>;
export type RemoveRaftVoterRequestInput = Input<typeof removeRaftVoterApi.request>;
export type RemoveRaftVoterResponse = Decoded<typeof removeRaftVoterApi.response>;
export type RemoveRaftVoterResponseInput = Input<typeof removeRaftVoterApi.response>;
