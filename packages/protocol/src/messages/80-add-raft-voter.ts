// AddRaftVoter: makes a controller a voter of the metadata quorum (KIP-853).

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, string, uint16, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const addRaftVoterApi = defineApi({
  key: 80,
  name: "AddRaftVoter",
  versions: "0-1",
  flexibleFrom: 0,
  request: {
    clusterId: string("0+", { nullable: "0+" }),
    timeoutMs: int32("0+"),
    voterId: int32("0+"),
    voterDirectoryId: uuid("0+"),
    listeners: array("0+", {
      name: string("0+"),
      host: string("0+"),
      port: uint16("0+"),
    }),
    ackWhenCommitted: boolean("1+", { default: true }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    errorMessage: string("0+", { nullable: "0+", ignorable: true }),
  },
});

export type AddRaftVoterRequest = Decoded<typeof addRaftVoterApi.request>;
export type AddRaftVoterRequestInput = Input<typeof addRaftVoterApi.request>;
export type AddRaftVoterResponse = Decoded<typeof addRaftVoterApi.response>;
export type AddRaftVoterResponseInput = Input<typeof addRaftVoterApi.response>;
